"""GPUs as rules ask about them: what the card that ``--gpu`` names can compute."""

from __future__ import annotations

from typing import NamedTuple

from translator.errors import FtxError


class Card(NamedTuple):
    """One kind of GPU. ``capability`` is NVIDIA's compute capability times ten; a card that is
    known by its memory alone can do everything."""

    name: str
    capability: int
    gib: float


AMPERE, ADA, HOPPER = 80, 89, 90
_ANY = 1000


def card(name: str) -> Card:
    """A card by its name or memory (``24gb``), spelled any way.

    Raises:
        ValueError: no such card; the message has the nearest.
    """
    from translator.estimate.catalog import gpu

    try:
        found = gpu(name)
    except FtxError as error:
        raise ValueError(str(error)) from None
    capability = round(float(found.capability) * 10) if found.capability else _ANY
    return Card(found.name, capability, found.mib / 1024)
