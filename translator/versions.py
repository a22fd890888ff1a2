"""The versions of each format that ftx speaks."""

from __future__ import annotations

from translator.errors import bad_option
from translator.record import Record


class Spoken(Record, kw_only=False):
    """``current`` is what is written unless another of ``versions`` is asked for; ``reads`` says
    what is understood."""

    current: str
    versions: tuple[str, ...]
    reads: str


SPOKEN = {
    "axolotl": Spoken("0.19", ("0.19",), "0.19 and the spellings of earlier releases"),
    "torchtune": Spoken("0.6", ("0.6", "main"), "0.6.1, main, and the spellings back to 0.1"),
    "unsloth": Spoken("2026.10", ("2026.10",), "2024 to 2026.10, with TRL 0.7 to 1.9"),
    "ir": Spoken("1", ("1",), "1"),
}


def check_version(format: str, version: str) -> str:
    """The version in the spelling of :data:`SPOKEN`; a patch number (``0.6.1``) may follow.

    Raises:
        FtxError: a version that ftx does not write.
    """
    versions = SPOKEN[format].versions
    for known in versions:
        if version == known or version.startswith(f"{known}."):
            return known
    there_is = ", ".join(f"{format}@{known}" for known in versions)
    raise bad_option(f"{format}@{version} is not written; there is {there_is}")
