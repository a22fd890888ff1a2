"""What kind of model a name stands for: family, module names, tokens, lengths.

Three sources, best first: the ``config.json`` of a local folder or of the Hub cache, the
catalogue's model lines matched by name, and nothing. Facts from a name alone are ``assumed``
unless the id is one the catalogue lists.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, cast

from translator.catalog.data import table
from translator.catalog.identity import Identity, is_known_id, is_local, resolve
from translator.record import Record, replace
from translator.source import PathLike, answers, ask_for, folder_of, is_regular_file

Modality = Literal["text", "vision", "audio"]


class ModelFacts(Record):
    """What is known about one model."""

    id: str
    """Canonical Hub id, or the path that was asked for."""
    line: str | None
    """Name of the model line (``llama-3.1``); None when only the family is known."""
    family: str
    """Architecture as transformers names it (``model_type``): ``llama``, ``qwen2``, ``phi3``."""
    size: str | None
    """Number of parameters as the name has it, in lower case: ``8b``, ``0.5b``, ``135m``."""
    base: bool | None
    """Pretrained only (True), tuned to follow instructions (False), or not known."""
    modality: Modality
    """What the model can read or write besides text; whether a run uses it is another matter."""
    linear_modules: tuple[str, ...]
    """Leaf names of the linear layers of the decoder, without the output head."""
    fused_modules: tuple[tuple[str, tuple[str, ...]], ...]
    """Linear layers that stand for several in other families: ``qkv_proj`` for q, k and v.
    Unsloth's copies of such models keep the parts apart."""
    experts: bool
    """Whether it is a mixture of experts."""
    expert_modules: tuple[str, ...]
    """Names of the stacked expert weights, which are parameters and no linear layers."""
    decoder_layer: str
    """Class of one decoder layer, as sharding configs name it."""
    tied_embeddings: bool | None
    """Whether the output head is the input embedding."""
    max_positions: int | None
    """Longest sequence the positions are made for, in tokens."""
    bos_token: str | None
    eos_token: str | None
    """The tokenizer's end-of-sequence token."""
    chat_format: str | None
    """Catalogue id of the format that the tokenizer of the chat model ships."""
    assumed: bool
    """Whether this was concluded from a similar name only."""
    source: str
    """Where the facts come from."""


_IN_FRONT = ("<|begin_of_text|>", "<s>", "<bos>", "<BOS_TOKEN>", "<｜begin▁of▁sentence｜>")
_NOT_IN_FRONT = ("phi3", "ernie4_5", "ernie4_5_moe")
"""Families whose tokenizers have such a token and put it nowhere (``add_bos_token`` off), or of
which that is not known."""


def start_of_text(known: ModelFacts | None) -> str | None:
    """The beginning-of-sequence token that a model's tokenizer is known to put in front of any text;
    None where it puts none, or that is not known."""
    if known is None or known.family in _NOT_IN_FRONT:
        return None
    return known.bos_token if known.bos_token in _IN_FRONT else None


def _needles(pattern: str) -> tuple[str, ...]:
    """Letters of which any name that the pattern fits must hold some: they spare compiling most
    patterns.

    >>> _needles("(^|/)phi-?(3|4)|magistral")
    ('phi', 'magistral')
    """
    needles = []
    for branch in re.sub(r"\([^()]*\)[?*]?", " ", pattern).split("|"):
        start = re.match(r"[ ^]*([a-z]*)([?*{]?)", branch)
        assert start is not None
        needles.append(start[1][:-1] if start[2] else start[1])
    return tuple(needles)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


# Patterns of this module are compiled by their first use: most runs look at one model, or at none.
_REST_OF_SIZE = r"\d*(?:[._]\d+)?[bm](?![a-z])"


def _lines_for(name: str) -> Iterator[Mapping[str, Any]]:
    """The model lines that a name in lower case may belong to, in their order."""
    for needles, line in _lines():
        for needle in needles:
            if needle in name:
                yield line
                break


@cache
def _lines() -> list[tuple[tuple[str, ...], Mapping[str, Any]]]:
    return [(_needles(line["pattern"]), line) for line in table("models")["lines"]]


def _line_of(leaf: str) -> Mapping[str, Any] | None:
    """The first model line whose pattern fits the last part of a name."""
    lower = leaf.lower()
    for line in _lines_for(lower):
        found = _compiled(line["pattern"]).search(leaf)
        # In medgemma-4b the 4 is the size and no generation.
        if found is None:
            continue
        if not (found[0][-1].isdigit() and re.match(_REST_OF_SIZE, lower[found.end() :])):
            return line
    return None


# For names in lower case.
_SIZE = r"(?<![\w.])(?:e|\d+x)?(\d+(?:[._]\d+)?)(b|m)(?![a-z])"
_BASE = r"(?:^|[-_.])(?:base|pt|pretrained)(?:$|[-_.])"
_TUNED = (
    "instruct|chat|think|reasoning|(?:^|[-_])(?:it|sft|dpo|rl|rlhf|assistant|tulu|hermes)(?:$|[-_])"
)


def size_of(name: str) -> str | None:
    """The size in a model's name.

    >>> size_of("Qwen/Qwen2.5-0.5B-Instruct")
    '0.5b'
    """
    # An underscore is a decimal point between digits (1_6b), else a separator.
    leaf = re.sub(r"(?<!\d)_|_(?!\d)|-", " ", name.rsplit("/", 1)[-1].lower())
    found = re.search(_SIZE, leaf)
    return found[1].replace("_", ".") + found[2] if found else None


# Words in the names of pretrained models that say nothing about tuning.
_NEUTRAL = (
    r"v?\d+\w?|\d+x\d+b|[ae]\d+b|lite|scout|maverick|moe|hf|meta|deduped|coder|math|vision|text"
    r"|intermediate|step|prequantized|exp"
)


def _is_base(name: str, line: Mapping[str, Any]) -> bool | None:
    leaf = name.rsplit("/", 1)[-1].lower()
    if re.search(_BASE, leaf):
        return True
    if re.search(_TUNED, leaf):
        return False
    if line.get("base_by_default") is not True:
        return cast("bool | None", line.get("base_by_default"))
    # A further word in the name is somebody's name for a tuned model, most likely.
    rest = re.sub(line["pattern"], "", leaf, flags=re.IGNORECASE)
    words = [word for word in re.split(r"[-_. ]", rest) if word]
    return True if all(re.fullmatch(_NEUTRAL, word) for word in words) else None


def _family(name: str) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", table("models")["families"][name])


def family_of_type(model_type: str) -> str | None:
    """Family of a ``model_type`` as ``config.json`` has it."""
    for name, row in table("models")["families"].items():
        if model_type in row["model_types"]:
            return str(name)
    return None


def model_types(family: str) -> tuple[str, ...]:
    """What ``config.json`` calls the models of a family."""
    return tuple(_family(family)["model_types"])


def _from_line(name: str, line: Mapping[str, Any], assumed: bool) -> ModelFacts:
    family = _family(line["family"])
    size = size_of(name)
    base = _is_base(name, line)
    tied = line.get("tied")
    eos = line.get("eos", {})
    return ModelFacts(
        id=name,
        line=line["id"],
        family=line["family"],
        size=size,
        base=base,
        modality=line.get("modality", family["modality"]),
        linear_modules=tuple(family["linear_modules"]),
        fused_modules=_fused(family),
        experts=family["moe"],
        expert_modules=tuple(family["experts"]),
        decoder_layer=family["decoder_layer"],
        tied_embeddings=size in tied if isinstance(tied, list) else tied,
        max_positions=line.get("max_positions"),
        bos_token=line.get("bos"),
        eos_token=eos.get("instruct" if base is False else "base"),
        chat_format=line.get("chat_format"),
        assumed=assumed,
        source=line["source"],
    )


def _fused(family: Mapping[str, Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    fused = table("models")["fused"]["modules"]
    return tuple(
        (name, tuple(parts)) for name, parts in fused.items() if name in family["linear_modules"]
    )


def facts(name: str) -> ModelFacts | None:
    """Facts about a model by Hub id, alias or local path; None when nothing is known.

    A ``config.json`` of the folder or of the Hub cache refines what the name tells.
    """
    known = answers()
    if name not in known:
        identity = resolve(name)
        config = config_of(identity)
        of_file = from_config(config, name=identity.canonical) if config else None
        known[name] = of_file or facts_by_name(identity.canonical)
    found: ModelFacts | None = known[name]
    return found


@cache
def facts_by_name(canonical: str) -> ModelFacts | None:
    """Facts that the name alone tells."""
    # Only the last part: an organisation may be called after a family (mistralai, meta-llama).
    line = _line_of(canonical.rstrip("/").rsplit("/", 1)[-1])
    if line is None:
        return None
    return _from_line(canonical, line, assumed=not is_known_id(canonical))


def config_of(identity: Identity) -> str | None:
    """The ``config.json`` of a model, or of the copy of it that is meant."""
    names = dict.fromkeys((identity.canonical, identity.weights))
    return next((file for name in names if (file := config_file(name))), None)


def config_file(name: str) -> str | None:
    """The ``config.json`` of a local folder or, for a Hub id, of the newest cached snapshot.

    Only looks at files that are there: nothing is downloaded.
    """
    if is_local(name) or "/" not in name:
        path = os.path.join(os.path.expanduser(name), "config.json")
        return path if is_regular_file(path) else None
    home = os.environ.get("HF_HOME") or os.path.expanduser("~/.cache/huggingface")
    hub = os.environ.get("HF_HUB_CACHE") or os.path.join(home, "hub")
    snapshots = os.path.join(hub, f"models--{name.replace('/', '--')}", "snapshots")
    ask_for(snapshots)
    try:
        paths = [os.path.join(snapshots, folder, "config.json") for folder in os.listdir(snapshots)]
        return max(filter(os.path.isfile, paths), key=os.path.getmtime, default=None)
    except (OSError, ValueError):  # a name no file can have, or a cache that is not ours to read
        return None


def from_config(path: PathLike, *, name: str | None = None) -> ModelFacts | None:
    """Facts from a transformers ``config.json`` (or the folder it lies in).

    None when the file is unreadable or its ``model_type`` is of no known family.
    """
    file = os.path.join(path, "config.json") if os.path.isdir(path) else os.fspath(path)
    config = read_config(file)
    family_name = family_of_type(str(config.get("model_type", "")))
    if family_name is None:
        return None
    family = _family(family_name)
    text = config.get("text_config")
    text = text if isinstance(text, dict) else config
    label = name or folder_of(file)
    by_name = facts_by_name(label)
    # A name that leads to another architecture says nothing about this one.
    known = by_name if by_name is not None and by_name.family == family_name else None
    tied = config.get("tie_word_embeddings", text.get("tie_word_embeddings"))
    positions = text.get("max_position_embeddings")
    if known is not None:
        return replace(
            known,
            tied_embeddings=tied if isinstance(tied, bool) else known.tied_embeddings,
            max_positions=positions if isinstance(positions, int) else known.max_positions,
            assumed=False,
            source="config.json",
        )
    return ModelFacts(
        id=label,
        line=None,
        family=family_name,
        size=size_of(label),
        base=_is_base(label, {}),
        modality=family["modality"],
        linear_modules=tuple(family["linear_modules"]),
        fused_modules=_fused(family),
        experts=family["moe"],
        expert_modules=tuple(family["experts"]),
        decoder_layer=family["decoder_layer"],
        tied_embeddings=tied if isinstance(tied, bool) else None,
        max_positions=positions if isinstance(positions, int) else None,
        bos_token=None,
        eos_token=None,
        chat_format=None,
        assumed=False,
        source="config.json",
    )


def read_config(path: PathLike) -> dict[str, Any]:
    """A ``config.json`` as a dict; empty when it cannot be read as one."""
    try:
        with open(path, encoding="utf-8") as stream:
            content = json.load(stream)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
