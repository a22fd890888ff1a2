"""Rows become a prompt and an answer of plain text, or one text, without turns around them."""

from axolotl.prompt_tokenizers import PromptTokenizingStrategy

ROWS: dict = {}


class Texts(PromptTokenizingStrategy):
    """Prompt and answer as tokens; the prompt counts in the loss with ``train_on_inputs``."""

    def tokenize_prompt(self, row):
        if "names" in ROWS:
            row = dict(zip(ROWS["names"], row.values(), strict=True))
        prompt, answer = self.worded(row)
        if ROWS["joined"] == "whole":
            asked, tokens = self.tokens(prompt), self.tokens(prompt + answer)
        else:
            asked = self.tokens(prompt)
            tokens = asked + self.tokenizer(answer, add_special_tokens=False)["input_ids"]
        if ROWS["end"] == "eos":
            tokens = [*tokens, self.tokenizer.eos_token_id]
        masked = 0 if self.train_on_inputs or "text" in ROWS else min(len(asked), len(tokens))
        return {
            "input_ids": tokens,
            "attention_mask": [1] * len(tokens),
            "labels": [-100] * masked + tokens[masked:],
        }

    def worded(self, row):
        if "text" in ROWS:
            return "", row.get(ROWS["text"]) or ""
        fields = {name: row.get(column) or "" for name, column in ROWS["columns"].items()}
        answer = fields.pop("output")
        words = ROWS["with_input"] if fields.get("input") else ROWS["without_input"]
        return words.format(**fields), answer

    def tokens(self, text):
        """Opened by what the tokenizer opens rows with, once, and not ended."""
        start = self.tokenizer.bos_token
        opened = bool(start) and text.startswith(start)
        ids = self.tokenizer(text, add_special_tokens=not opened)["input_ids"]
        ended = ids[-1:] == [self.tokenizer.eos_token_id]
        return ids[:-1] if ended and not text.endswith(self.tokenizer.eos_token) else ids


def load(tokenizer, cfg, ds_cfg=None):
    return Texts(None, tokenizer, cfg.train_on_inputs, cfg.sequence_len)
