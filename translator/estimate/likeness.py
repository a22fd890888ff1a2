"""Which catalogued model has the dimensions of one that is not catalogued, judged by its name.

A fine-tune mostly says what it was made from: line and size (``dolphin-2.9-llama3-8b``), or the
whole name of its base. Nothing is concluded where the name also says something that the base does
not: another family (``zephyr-7b-gemma``), another kind of network (``Falcon3-Mamba-7B``), another
number of experts (``mixtral-2x7b``). A wrong size is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from translator.catalog.models import facts_by_name

Entry = Mapping[str, Any]

_SIZE = re.compile(
    r"(?<![a-z0-9.])(e|\d+x)?(\d+(?:[._]\d+)?)(b|m)(?![a-z])|(?<![a-z0-9])(\d+x\d+[._]\d+)(?![a-z0-9])",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"[-_.](?:v\d[\w.]*|base|instruct|chat|it|pt|hf|sft|dpo|thinking|think|preview|\d{4}|\d+k)$",
    re.IGNORECASE,
)
_DIFFERENT = (
    "llama", "qwen", "gemma", "mistral", "mixtral", "phi", "falcon", "deepseek", "granite", "olmo",
    "bloom", "pythia", "starcoder", "smollm", "lfm", "jamba", "glm", "internlm",
    "mamba", "moe", "audio", "omni", "asr", "tts", "ocr", "whisper", "vl", "vlm", "vision",
    "llava", "internvl", "molmo", "idefics", "smolvlm", "recurrent", "codeqwen", "deep",
)  # fmt: skip
"""Words that tell of other layers, unless the name of the base has them too."""
_PARTS_OF_WORDS = ("vl", "moe", "phi", "lfm", "glm", "omni", "ocr", "asr", "tts", "deep")
_SEVERAL = ("qwen1",)
"""Lines whose plain name (``qwen-7b``) later generations are called by as well."""


def said_size(name: str) -> str | None:
    """The size in the last part of a name as it stands there, with its number of experts.

    >>> said_size("mistralai/Mixtral-8x7B-v0.1"), said_size("stablelm-2-1_6b")
    ('8x7b', '1.6b')
    """
    leaf = re.sub(r"(?<!\d)_|_(?!\d)|-", " ", name.rsplit("/", 1)[-1])
    found = _SIZE.search(leaf)
    return found[0].lower().replace("_", ".") if found else None


def billions(size: str) -> float | None:
    """Parameters in 10^9 that a size stands for; None for experts and effective sizes.

    >>> billions("360m"), billions("8x7b"), billions("e2b")
    (0.36, None, None)
    """
    plain = re.fullmatch(r"(\d+(?:\.\d+)?)(b|m)", size)
    if plain is None:
        return None
    return float(plain[1]) * (1.0 if plain[2] == "b" else 1e-3)


def _has(word: str, leaf: str) -> bool:
    pattern = rf"(?<![a-z]){word}(?![a-z])" if word in _PARTS_OF_WORDS else word
    return re.search(pattern, leaf) is not None


def _differs(leaf: str, entry: Entry) -> bool:
    ids = " ".join(entry["ids"]).lower()
    return any(_has(word, leaf) and word not in ids for word in _DIFFERENT)


def _fits(size: str, entry: Entry) -> bool:
    """Whether the count of a catalogued model is what a size says, as far as sizes are exact."""
    wanted = billions(size)
    if wanted is None or _mixture(entry):
        return True
    counted = entry["config"]["text_parameters"] / 1e9
    return bool(0.7 * wanted <= counted <= 1.6 * wanted)


def _mixture(entry: Entry) -> bool:
    return any("experts" in key for key in entry["config"])


def _bare(leaf: str) -> str:
    """A name without what says how the model was tuned."""
    before = ""
    while leaf != before:
        leaf, before = _TAIL.sub("", leaf), leaf
    return leaf


def _by_line(line: str, sized: Sequence[tuple[str, Entry]]) -> Entry | None:
    """The first catalogued model of a line, among those of one size."""
    for name, entry in sized:
        facts = facts_by_name(name)
        if facts is not None and facts.line == line:
            return entry
    return None


def _inside(leaf: str, sized: Sequence[tuple[str, Entry]]) -> Entry | None:
    """The catalogued model whose bare name stands in ``leaf``: the longest such name."""
    found: dict[str, Entry] = {}
    # the plainest name of several, and of versions the first
    for name, entry in sorted(sized, key=lambda pair: (len(pair[0]), pair[0])):
        words = [word for word in re.split(r"[-_ ]", _bare(name)) if word]
        facts = facts_by_name(name)
        if not all(word in leaf for word in words) or said_size(_bare(name)) is None:
            continue
        if facts is None or facts.line not in _SEVERAL:
            found.setdefault("[-_ ]?".join(map(re.escape, words)), entry)
    inside = [s for s in found if re.search(rf"(?<![a-z0-9.]){s}(?![a-z0-9]|\.\d)", leaf)]
    return found[max(inside, key=len)] if inside else None


def alike(name: str, entries: Sequence[Entry]) -> Entry | None:
    """The catalogued model that ``name`` was made from, or None when it does not say."""
    leaf = name.rstrip("/").rsplit("/", 1)[-1].lower()
    size, facts = said_size(leaf), facts_by_name(name)
    if size is None:
        return None
    leaves = ((i.rsplit("/", 1)[-1].lower(), entry) for entry in entries for i in entry["ids"])
    sized = [(known, entry) for known, entry in leaves if said_size(known) == size]
    entry = None
    if facts is not None and facts.line and facts.line not in _SEVERAL:
        entry = _by_line(facts.line, sized)
    entry = entry or _inside(leaf, sized)
    if entry is None or _differs(leaf, entry) or not _fits(size, entry):
        return None
    return entry
