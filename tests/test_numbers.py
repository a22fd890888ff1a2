"""Numbers that no run can have."""

from __future__ import annotations

import pytest

from translator import UnreadableError, loads
from translator.numbers import finite

CONFIG = "base_model: a/b\nadapter: lora\nlora_r: {rank}\ndatasets: [{{path: a/b, type: alpaca}}]\n"


@pytest.mark.parametrize("rank", ["9" * 400, "0x" + "f" * 4000, "-9223372036854775809"])
def test_whole_numbers_beyond_64_bits_are_refused_where_they_stand(rank: str) -> None:
    with pytest.raises(UnreadableError, match=r"lora_r is a number of \d+ bits") as error:
        loads(CONFIG.format(rank=rank))
    span = error.value.diagnostics[0].span
    assert span is not None
    assert (span.line, span.column) == (3, 9)


@pytest.mark.parametrize("text", ["inf", "nan", "1e999", "x", ""])
def test_only_finite_numbers_are_numbers(text: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        finite(text)


def test_numbers_in_words() -> None:
    assert finite("2e-5") == 2e-5
    assert finite(3) == 3.0
