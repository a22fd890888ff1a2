"""A component that torchtune cannot import.

What it does
Compares every `_component_` of torchtune, torch.optim, bitsandbytes and torchao with those that
0.6.1 and later versions have, former names included.

Why it matters
The recipe ends with an InstantiationError, for some components only after the weights have been
loaded.

When it is fine
With a fork that has more components.

References
torchtune/config/_instantiate.py; the recorded components
(`translator/frameworks/torchtune/components.json`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from translator.diagnostics import Diagnostic, Severity
from translator.frameworks.torchtune.components import component, component_names
from translator.lint.context import File
from translator.lint.rule import Rule
from translator.lint.torchtune import QUANTIZERS, components

RULE = Rule(
    code="CFG201",
    name="unknown-component",
    severity=Severity.ERROR,
    words=("_component_",),
    formats=("torchtune",),
    bad={"torchtune": "optimizer:\n  _component_: torch.optim.AdamWW  # <-\n  lr: 2e-4\n"},
    good={"torchtune": "optimizer:\n  _component_: torch.optim.AdamW\n  lr: 2e-4\n"},
)


def check(file: File) -> Iterator[Diagnostic]:
    """A finding for each, with the nearest name as an unsafe fix."""
    for address, path in components(file):
        if component(path) is not None or path in QUANTIZERS or not _ours(path):
            continue
        slip = bool(get_close_matches(path, _names(), n=1, cutoff=0.85))
        meant = _meant(path)
        place = (*address, "_component_")
        yield RULE.at(
            file,
            file.at(place),
            f"there is no {path}",
            help=f"did you mean {' or '.join(meant)}?" if meant else None,
            severity=None if slip else Severity.WARNING,  # a fork's own, more likely than a slip
            fix=file.replace(place, meant[0], safe=False) if len(meant) == 1 else None,
        )


def _names() -> list[str]:
    return [*component_names(), *QUANTIZERS]


def _meant(path: str) -> list[str]:
    """Names that a name was cut from, else the nearest one; of no other size or version."""
    longer = [name for name in component_names() if name.startswith(f"{path}_")]
    if longer:
        return longer[:3]
    numbers = re.findall(r"\d+", path)
    close = get_close_matches(path, _names(), n=3, cutoff=0.85)
    return [name for name in close if re.findall(r"\d+", name) == numbers][:1]


_BITSANDBYTES = {
    f"bitsandbytes.optim.{start}{name}{end}"
    for start in ("", "Paged")
    for name in ("Adagrad", "Adam", "AdamW", "AdEMAMix", "LAMB", "LARS", "Lion", "RMSprop", "SGD")
    for end in ("", "8bit", "32bit")
}


def _ours(path: str) -> bool:
    """Whether all components of the package are recorded."""
    parts = path.split(".")
    if parts[0] == "torchtune":
        return len(parts) > 2
    if path.startswith("bitsandbytes.optim."):
        return path not in _BITSANDBYTES
    return path.startswith(("torch.optim.", "torchao.optim.")) and len(parts) == 3
