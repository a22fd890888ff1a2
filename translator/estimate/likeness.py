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
    "llava", "internvl", "molmo", "idefics", "smolvlm", "recurrent", "codeqwen",
)  # fmt: skip
"""Words that tell of other layers, unless the name of the base has them too."""
_PARTS_OF_WORDS = ("vl", "moe", "phi", "lfm", "glm", "omni", "ocr", "asr", "tts")
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


def by_line(entries: Sequence[Entry]) -> Mapping[tuple[str, str], Entry]:
    """Catalogued models by the line and size in their names."""
    found: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        for name in entry["ids"]:
            facts, size = facts_by_name(name), said_size(name)
            if facts is not None and facts.line and size and facts.line not in _SEVERAL:
                found.setdefault((facts.line, size), entry)
    return found


def _bare(leaf: str) -> str:
    """A name without what says how the model was tuned."""
    before = ""
    while leaf != before:
        leaf, before = _TAIL.sub("", leaf), leaf
    return leaf


def by_stem(entries: Sequence[Entry]) -> Mapping[str, Entry]:
    """Catalogued models by a pattern that finds their bare names, where these tell a size."""
    found: dict[str, Entry] = {}
    leaves = [
        (name.rsplit("/", 1)[-1].lower(), entry) for entry in entries for name in entry["ids"]
    ]
    # the plainest name of several, and of versions the first
    for leaf, entry in sorted(leaves, key=lambda pair: (len(pair[0]), pair[0])):
        facts = facts_by_name(leaf)
        stem = _bare(leaf)
        if said_size(stem) is None or (facts is not None and facts.line in _SEVERAL):
            continue
        words = [re.escape(word) for word in re.split(r"[-_ ]", stem) if word]
        found.setdefault("[-_ ]?".join(words), entry)
    return found


def alike(
    name: str, lines: Mapping[tuple[str, str], Entry], stems: Mapping[str, Entry]
) -> Entry | None:
    """The catalogued model that ``name`` was made from, or None when it does not say."""
    leaf = name.rstrip("/").rsplit("/", 1)[-1].lower()
    size, facts = said_size(leaf), facts_by_name(name)
    if size is None:
        return None
    entry = lines.get((facts.line, size)) if facts is not None and facts.line else None
    if entry is None:
        inside = [
            stem for stem in stems if re.search(rf"(?<![a-z0-9.]){stem}(?![a-z0-9]|\.\d)", leaf)
        ]
        entry = stems[max(inside, key=len)] if inside else None
    if entry is None or _differs(leaf, entry) or not _fits(size, entry):
        return None
    return entry
