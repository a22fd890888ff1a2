"""Rows of pieces of text, each with a mark whether it is trained."""

from datasets import load_dataset
from torch.utils.data import Dataset
from torchtune.data import CROSS_ENTROPY_IGNORE_IDX
from torchtune.datasets import PackedDataset


def segments(
    tokenizer,
    *,
    source,
    train_on_input=False,
    packed=False,
    split="train",
    **load_dataset_kwargs,
):
    """The column ``segments``: pieces with ``text`` and ``label``, tokenized one by one without
    anything between or around them. Those that are labelled count, or all with
    ``train_on_input``."""
    rows = load_dataset(source, split=split, **load_dataset_kwargs)
    pieces = Segments(tokenizer, rows, train_on_input)
    return PackedDataset(pieces, max_seq_len=tokenizer.max_seq_len) if packed else pieces


class Segments(Dataset):
    """Pieces of text as tokens, cut where they are too long."""

    def __init__(self, tokenizer, rows, train_on_input):
        self.tokenizer = tokenizer
        self.rows = rows
        self.train_on_input = train_on_input

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, number):
        tokens, labels = [], []
        for piece in self.rows[number]["segments"]:
            ids = self.tokenizer.ids(piece["text"])
            trained = piece["label"] or self.train_on_input
            tokens += ids
            labels += ids if trained else [CROSS_ENTROPY_IGNORE_IDX] * len(ids)
        # nothing predicts the first token, and torchtune counts what is left
        labels[:1] = [CROSS_ENTROPY_IGNORE_IDX] * len(labels[:1])
        end = self.tokenizer.max_seq_len
        return {"tokens": tokens[:end], "labels": labels[:end]}
