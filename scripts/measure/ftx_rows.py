"""torchtune components for runs that need neither text nor tokenizer."""

from __future__ import annotations

from typing import Any


class NoTokenizer:
    """What recipes ask of a tokenizer."""

    pad_id = 0
    eos_id = 1
    max_seq_len = None


def no_tokenizer() -> NoTokenizer:
    """A tokenizer that is never used."""
    return NoTokenizer()


class Rows:
    """``rows`` samples of ``length`` tokens, all of them trained."""

    def __init__(self, tokenizer: Any, *, length: int, vocab: int, rows: int = 64) -> None:
        import torch
        from torch.utils.data import Dataset

        self.length, self.vocab, self.rows = length, vocab, rows
        self._torch, self._base = torch, Dataset

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, index: int) -> dict[str, list[int]]:
        generator = self._torch.Generator().manual_seed(index)
        drawn = self._torch.randint(2, self.vocab, (self.length,), generator=generator).tolist()
        return {"tokens": drawn, "labels": list(drawn)}


def rows(tokenizer: Any, *, length: int, vocab: int, rows: int = 64) -> Rows:
    """A data set of random tokens."""
    return Rows(tokenizer, length=length, vocab=vocab, rows=rows)
