"""Texts that code of the user's own makes, brought along from a script."""

from types import SimpleNamespace

from datasets import load_dataset
from torch.utils.data import Dataset
from torchtune.data import CROSS_ENTROPY_IGNORE_IDX
from torchtune.datasets import PackedDataset


def own_texts(
    tokenizer,
    *,
    source,
    text_of,
    bos_token=None,
    eos_token=None,
    packed=False,
    split="train",
    **load_dataset_kwargs,
):
    """The text that the function called ``text_of`` below makes of each row, and all its tokens
    count. A row for which it gives None is left out. ``bos_token`` and ``eos_token``: the
    model's, for the function to ask its tokenizer for.
    """
    named = SimpleNamespace(bos_token=bos_token, eos_token=eos_token)
    rows = load_dataset(source, split=split, **load_dataset_kwargs)
    made = (globals()[text_of](dict(row), named) for row in rows)
    texts = OwnTexts(tokenizer, [text for text in made if text is not None])
    return PackedDataset(texts, max_seq_len=tokenizer.max_seq_len) if packed else texts


class OwnTexts(Dataset):
    """Texts as tokens, opened once and cut where they are too long."""

    def __init__(self, tokenizer, texts):
        self.tokenizer = tokenizer
        self.texts = texts

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, number):
        start = list(self.tokenizer.bos)
        tokens = self.tokenizer.encode(self.texts[number], add_bos=False, add_eos=False)
        if tokens[: len(start)] != start:
            tokens = [*start, *tokens]
        tokens = tokens[: self.tokenizer.max_seq_len]
        # nothing predicts the first token, and torchtune counts what is left
        return {"tokens": tokens, "labels": [CROSS_ENTROPY_IGNORE_IDX, *tokens[1:]]}
