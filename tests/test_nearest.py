"""The quick search for a near name answers what difflib answers."""

from __future__ import annotations

import random
from difflib import get_close_matches

import pytest

from translator.frameworks.axolotl.schema import all_keys
from translator.nearest import nearest

NAMES = frozenset(all_keys())


@pytest.mark.parametrize("cutoff", [0.6, 0.8])
def test_the_same_name_as_difflib(cutoff: float) -> None:
    dice = random.Random(1)
    names = sorted(NAMES)
    found = 0
    for _ in range(150):
        word = "".join(letter for letter in dice.choice(names) if dice.random() > 0.15)
        word += dice.choice(["", "s", "_size", "aaaa", "é", "ſ"])
        close = get_close_matches(word, names, n=1, cutoff=cutoff)
        assert nearest(word, NAMES, cutoff) == (close[0] if close else None), word
        found += bool(close)
    assert 20 < found < 150


@pytest.mark.parametrize("word", ["", "x" * 100_000, "learning_rat\u0301e"])
def test_odd_words_are_answered(word: str) -> None:
    close = get_close_matches(word, sorted(NAMES), n=1, cutoff=0.8)
    assert nearest(word, NAMES, 0.8) == (close[0] if close else None)
