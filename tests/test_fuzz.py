"""A few mutations of the shipped files; ``scripts/fuzz.py`` makes as many as one likes."""

from __future__ import annotations

from pathlib import Path

import fuzz

SAMPLES = Path(__file__).parent.parent / "fixtures"
COUNT = 120


def test_a_mutated_file_is_read_or_refused() -> None:
    files = fuzz.sources([SAMPLES])
    outcomes = {
        number: fuzz.tried(text, name, forced)
        for number, name, text, forced in fuzz.runs(files, COUNT, seed=7)
    }
    assert len(outcomes) == COUNT
    assert {"read", "refused"} <= set(outcomes.values())


def test_the_same_seed_makes_the_same_mutations() -> None:
    files = fuzz.sources([SAMPLES])
    assert list(fuzz.runs(files, 20, seed=3)) == list(fuzz.runs(files, 20, seed=3))
    assert list(fuzz.runs(files, 20, seed=3)) != list(fuzz.runs(files, 20, seed=4))
