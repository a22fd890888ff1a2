"""Rows become texts by code of the user's own, brought along from a script as ``text_of``."""

from axolotl.prompt_tokenizers import PromptTokenizingStrategy

ROWS: dict = {}


def text_of(row, tokenizer):
    raise NotImplementedError


class OwnTexts(PromptTokenizingStrategy):
    """Texts as tokens. All of them count in the loss, or with ``marks`` the answers alone: what
    stands between the second mark and the first, up to the end-of-sequence token."""

    def tokenize_prompt(self, row):
        text = text_of(row, self.tokenizer)
        start = self.tokenizer.bos_token
        opened = bool(start) and text.startswith(start)
        made = self.tokenizer(
            text, add_special_tokens=not opened, return_offsets_mapping="marks" in ROWS
        )
        tokens = made["input_ids"]
        labels = list(tokens)
        if "marks" in ROWS:
            labels = self.answers_alone(text, tokens, made["offset_mapping"])
        return {"input_ids": tokens, "attention_mask": [1] * len(tokens), "labels": labels}

    def answers_alone(self, text, tokens, offsets):
        asked, replied = ROWS["marks"]
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


def load(tokenizer, cfg, ds_cfg=None):
    return OwnTexts(None, tokenizer, cfg.train_on_inputs, cfg.sequence_len)
