"""A linear layer of a decoder, in elements."""

from __future__ import annotations

from translator.record import Record


class Matrix(Record):
    """A linear layer: ``outputs`` x ``inputs`` elements, ``count`` times in one decoder layer."""

    name: str
    inputs: int
    outputs: int
    count: int = 1
    bias: bool = False
    expert: bool = False
    """Whether only the tokens routed to it pass through."""

    @property
    def elements(self) -> int:
        """Weights of all copies, without biases."""
        return self.inputs * self.outputs * self.count
