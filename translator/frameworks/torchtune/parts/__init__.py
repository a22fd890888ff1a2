"""Components that torchtune 0.6.1 lacks, as files that ftx copies beside a written configuration.

Each module here stands alone: it imports torchtune and torch, nothing of ftx, and takes all its
settings from the YAML. ``tune`` puts the working directory on the import path
(torchtune/config/_instantiate.py:95), so a copy beside the configuration is found by its name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

_DEFINED = {
    "turn_tokenizer": ("turn_tokenizer",),
    "datasets": ("prompts", "turns", "answer_pairs"),
    "own_texts": ("own_texts",),
    "segments": ("segments",),
    "schedules": ("schedule",),
    "trained_modules": ("lora_and_more",),
}
"""Module -> the components that it defines."""
_SUFFIX = "_components"


def module_of(stem: str) -> str:
    """The module's name for a config called ``stem``: a name that can be imported."""
    name = re.sub(r"\W", "_", stem) or "run"
    return f"{'_' if name[0].isdigit() else ''}{name}{_SUFFIX}"


def part_named(path: str | None) -> str | None:
    """Which component of these a dotted path names: ``schedule`` for ``run_components.schedule``."""
    module, _, name = (path or "").rpartition(".")
    known = any(name in names for names in _DEFINED.values())
    return name if known and module.endswith(_SUFFIX) else None


def side_file(components: Iterable[str], config: str, functions: Iterable[str] = ()) -> str:
    """The text of the module that goes beside ``config`` and defines ``components``, and
    ``functions`` of the user's own below them."""
    wanted = set(components)
    texts = [_text(part) for part, names in _DEFINED.items() if wanted & set(names)]
    head = f"# Used by {config}; keep it in the folder that `tune run` is started from."
    own = "".join(f"\n\n\n{function.rstrip()}" for function in functions)
    return "\n\n".join([head, _joined(texts)]) + f"{own}\n"


def _joined(texts: list[str]) -> str:
    """Modules as one: their imports first, each once, then what they define."""
    if len(texts) == 1:
        return texts[0]
    summaries, imports, bodies = [], [], []
    for text in texts:
        summary, rest = text.split("\n\n", 1)
        lines, _, body = rest.partition("\n\n\n")
        summaries.append(summary.strip('"'))
        imports += [line for line in lines.split("\n") if line and line not in imports]
        bodies.append(body)
    plain = sorted(line for line in imports if not re.search(r"\b(torch|torchtune)\b", line))
    others = sorted(line for line in imports if line not in plain)
    heading = '"""' + "\n".join(summaries) + '\n"""'
    blocks = [heading, *("\n".join(block) for block in (plain, others) if block)]
    return "\n\n".join(blocks) + "\n\n\n" + "\n\n\n".join(bodies)


def _text(part: str) -> str:
    with open(os.path.join(os.path.dirname(__file__), f"{part}.py"), encoding="utf-8") as stream:
        return stream.read().rstrip()
