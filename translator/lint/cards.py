"""GPUs by name, as ``--gpu`` takes them: what they can compute, and how much they hold."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import NamedTuple


class Card(NamedTuple):
    """One kind of GPU; ``capability`` is NVIDIA's compute capability times ten."""

    name: str
    capability: int
    gib: float


CARDS = (
    Card("p100", 60, 16), Card("v100-16gb", 70, 16), Card("v100-32gb", 70, 32), Card("t4", 75, 15),
    Card("rtx2080ti", 75, 11), Card("rtx6000", 75, 24), Card("rtx3060", 86, 12),
    Card("rtx3070", 86, 8), Card("rtx3080", 86, 10), Card("rtx3090", 86, 24), Card("a10", 86, 22.5),
    Card("a10g", 86, 22.5), Card("a40", 86, 45), Card("rtx-a4000", 86, 16), Card("rtx-a5000", 86, 24),
    Card("rtx-a6000", 86, 48), Card("a100-40gb", 80, 40), Card("a100-80gb", 80, 80),
    Card("rtx4060ti-16gb", 89, 16), Card("rtx4070", 89, 12), Card("rtx4080", 89, 16),
    Card("rtx4090", 89, 24), Card("l4", 89, 22.5), Card("l40", 89, 45), Card("l40s", 89, 45),
    Card("rtx6000-ada", 89, 48), Card("h100-80gb", 90, 80), Card("h200", 90, 141),
    Card("gh200-96gb", 90, 96), Card("b200", 100, 180), Card("rtx5080", 120, 16),
    Card("rtx5090", 120, 32), Card("rtx-pro-6000", 120, 96),
)  # fmt: skip
_ALIASES = {"a100": "a100-80gb", "h100": "h100-80gb", "v100": "v100-16gb", "a6000": "rtx-a6000"}
PASCAL, VOLTA, TURING, AMPERE, ADA, HOPPER = 60, 70, 75, 80, 89, 90


def card(name: str) -> Card:
    """A card by its name, spelled any way.

    Raises:
        ValueError: no such card; the message has the nearest.
    """
    known = {_plain(each.name): each for each in CARDS}
    known |= {_plain(alias): known[_plain(target)] for alias, target in _ALIASES.items()}
    wanted = _plain(name)
    if wanted in known:
        return known[wanted]
    if f"rtx{wanted}" in known:
        return known[f"rtx{wanted}"]
    close = get_close_matches(wanted, known, n=1, cutoff=0.5)
    hint = (
        f"did you mean {known[close[0]].name}?"
        if close
        else "known are " + ", ".join(each.name for each in CARDS)
    )
    raise ValueError(f"no GPU {name!r}; {hint}")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", re.sub(r"nvidia|geforce|tesla|quadro", "", name.lower()))
