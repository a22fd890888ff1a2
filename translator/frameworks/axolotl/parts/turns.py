"""Rows become turns, which the chat template of the YAML renders and masks."""

from axolotl.prompt_strategies import chat_template
from axolotl.prompt_tokenizers import PromptTokenizingStrategy

ROWS: dict = {}


class Turns(PromptTokenizingStrategy):
    """Makes the turns of a row and leaves the rest to Axolotl's own ``type: chat_template``."""

    def __init__(self, inner, ds_cfg):
        super().__init__(inner.prompter, inner.tokenizer, inner.train_on_inputs, inner.sequence_len)
        self.inner = inner
        names = ds_cfg.get("message_property_mappings") or {}
        self.keys = {name: names.get(name) or name for name in ("role", "content")}
        self.column = inner.prompter.field_messages
        self.drops_system = bool(ds_cfg.get("drop_system_message"))

    def tokenize_prompt(self, row):
        if "names" in ROWS:
            row = dict(zip(ROWS["names"], row.values(), strict=True))
        turns = self.asked_and_answered(row) if "columns" in ROWS else list(row[self.column])
        if self.drops_system:
            turns = [turn for turn in turns if self.role(turn) != "system"]
        if "system" in ROWS and (not turns or self.role(turns[0]) != "system"):
            turns.insert(0, self.turn("system", ROWS["system"]))
        if ROWS.get("last_answer_only"):
            last = max((n for n, t in enumerate(turns) if self.role(t) == "assistant"), default=-1)
            turns = [{**turn, "train": number == last} for number, turn in enumerate(turns)]
        further = {"tools": row["tools"]} if row.get("tools") and "columns" not in ROWS else {}
        tokens = self.inner.tokenize_prompt({self.column: turns, **further})
        return {**tokens, "labels": list(tokens["input_ids"])} if ROWS.get("everything") else tokens

    def asked_and_answered(self, row):
        fields = {name: row.get(column) or "" for name, column in ROWS["columns"].items()}
        answer = fields.pop("output")
        words = ROWS["with_input"] if fields.get("input") else ROWS["without_input"]
        turns = [self.turn("user", words.format(**fields)), self.turn("assistant", answer)]
        if "{system}" not in ROWS["with_input"] + ROWS["without_input"] and fields.get("system"):
            turns.insert(0, self.turn("system", fields["system"]))
        return turns

    def role(self, turn):
        return self.inner.prompter.roles.get(turn[self.keys["role"]], turn[self.keys["role"]])

    def turn(self, role, content):
        return {self.keys["role"]: role, self.keys["content"]: content}


def load(tokenizer, cfg, ds_cfg=None):
    ds_cfg = dict(ds_cfg or {})
    settings = {**ds_cfg, "drop_system_message": False}
    if ROWS.get("last_answer_only"):
        settings["message_field_training"] = "train"
    return Turns(chat_template.load(tokenizer, cfg, settings), ds_cfg)
