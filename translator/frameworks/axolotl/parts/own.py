"""Rows become texts by code of the user's own, brought along from a script as ``text_of``."""

from axolotl.prompt_tokenizers import PromptTokenizingStrategy

ROWS: dict = {}


def text_of(row, tokenizer):
    raise NotImplementedError


class OwnTexts(PromptTokenizingStrategy):
    """Texts as tokens. All of them count in the loss, or with ``marks`` the answers alone: what
    stands between the second mark and the first, up to the end-of-sequence token."""

    def __init__(self, tokenizer, cfg):
        super().__init__(None, tokenizer, cfg.train_on_inputs, cfg.sequence_len)
        self.marks = ROWS.get("marks")
        if self.marks == ["", ""]:
            self.marks = marks_of(tokenizer)
        if ROWS.get("filters"):
            self.filter_rows = self.is_kept

    def is_kept(self, row):
        return text_of(row, self.tokenizer) is not None

    def tokenize_prompt(self, row):
        text = text_of(row, self.tokenizer)
        start = self.tokenizer.bos_token
        opened = bool(start) and text.startswith(start)
        made = self.tokenizer(
            text, add_special_tokens=not opened, return_offsets_mapping=bool(self.marks)
        )
        tokens = made["input_ids"]
        labels = list(tokens)
        if self.marks:
            labels = self.answers_alone(text, tokens, made["offset_mapping"])
        return {"input_ids": tokens, "attention_mask": [1] * len(tokens), "labels": labels}

    def answers_alone(self, text, tokens, offsets):
        asked, replied = self.marks
        spans, place = [], text.find(replied)
        while place >= 0:
            begin = place + len(replied)
            end = text.find(asked, begin)
            spans.append((begin, len(text) if end < 0 else end))
            place = -1 if end < 0 else text.find(replied, end)
        labels = [-100] * len(tokens)
        for begin, end in spans:
            for number, (first, last) in enumerate(offsets):
                if first >= begin and last <= end and last > first:
                    labels[number] = tokens[number]
                    if tokens[number] == self.tokenizer.eos_token_id:
                        break
        return labels


def marks_of(tokenizer):
    """What the tokenizer's template puts in front of questions and of answers."""

    def rendered(turns, opened=False):
        return tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=opened)

    asked, replied = "what#is#asked", "what#is#replied"
    turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": replied}]
    before, after = rendered(turns[:1]), rendered(turns[:1], opened=True)
    header = after[len(before) :] if after.startswith(before) else ""
    whole = rendered(turns * 2)
    between = whole[whole.index(asked) + len(asked) : whole.index(replied)]
    again = whole[whole.index(replied) + len(replied) : whole.rindex(asked)]
    if not header or not between.endswith(header):
        raise ValueError("the template does not say where answers begin: set marks in ROWS")
    again = again.removeprefix(between.removesuffix(header))
    return again.removeprefix(tokenizer.eos_token or ""), header  # the end of an answer counts


def load(tokenizer, cfg, ds_cfg=None):
    return OwnTexts(tokenizer, cfg)
