"""A component that torchtune cannot import.

What it does
Compares every `_component_` of torchtune, torch.optim, bitsandbytes and torchao with those that
0.6.1 and later versions have, and with the former names that 0.6.1 no longer has.

Why it matters
The recipe ends with an InstantiationError, for some components only after the weights have been
loaded.

When it is fine
With a fork that has more components. One that lies in the same repository is looked into.

References
torchtune/config/_instantiate.py; the recorded components
(`translator/frameworks/torchtune/components.json`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.frameworks.torchtune.components import (
    component,
    component_names,
    is_gone,
    present_name,
)
from translator.lint.context import File
from translator.lint.own_torchtune import OwnTorchtune
from translator.lint.rule import Rule
from translator.lint.torchtune import QUANTIZERS, components
from translator.nearest import letters_off
from translator.tree import Address

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
    """A finding for each slip, with the nearest name as an unsafe fix, and one for all that is
    likelier a fork's own."""
    strange: list[tuple[Address, str]] = []
    named = list(components(file))
    gone = [found for found in named if is_gone(found[1])]
    unfound = [found for found in named if _unknown(found[1])]
    brought = file.own_torchtune if unfound or gone else None
    if brought is not None:
        yield from _in_brought(file, brought, [*gone, *unfound])
        return
    for address, path in gone:
        now, since = present_name(path)
        place = (*address, "_component_")
        yield RULE.at(
            file,
            file.at(place),
            f"torchtune 0.6.1 has no {path} any more",
            help=f"it is {now} since {since}",
            fix=file.replace(place, now, safe=False),
        )
    for address, path in unfound:
        place = (*address, "_component_")
        meant = _meant(path)
        if not meant:
            strange.append((place, path))
            continue
        yield RULE.at(
            file,
            file.at(place),
            f"there is no {path}",
            help=f"did you mean {' or '.join(meant)}?",
            fix=file.replace(place, meant[0], safe=False) if len(meant) == 1 else None,
        )
    if strange:
        place, path = strange[0]
        more = f", nor {len(strange) - 1} more components of this file" if strange[1:] else ""
        yield RULE.at(
            file,
            file.at(place),
            f"torchtune has no {path}{more}",
            help=_elsewhere(path) or "parts of a fork have to be installed where it runs",
            severity=Severity.WARNING,
        )


def _elsewhere(path: str) -> str | None:
    """Where torchtune has a component of that name, if there is one place alone."""
    start, _, name = path.rpartition(".")
    if not start.startswith("torchtune."):
        return None
    alike = (known for known in component_names() if known.rpartition(".")[2] == name)
    found = {present_name(known)[0] for known in alike}
    return f"torchtune 0.6.1 has {found.pop()}" if len(found) == 1 else None


def _unknown(path: str) -> bool:
    return component(path) is None and path not in QUANTIZERS and _ours(path)


def _in_brought(
    file: File, brought: OwnTorchtune, unfound: list[tuple[Address, str]]
) -> Iterator[Diagnostic]:
    """One finding for what the torchtune of the file's own repository has not either."""
    missing = [
        (address, path)
        for address, path in unfound
        if not (path.startswith("torchtune.") and brought.has(path))
    ]
    if not missing:
        return
    address, path = missing[0]
    more = f", nor {len(missing) - 1} more components of this file" if missing[1:] else ""
    yield RULE.at(
        file,
        file.at((*address, "_component_")),
        f"neither torchtune nor the one of this repository has {path}{more}",
        severity=Severity.NOTE,
    )


def _names() -> list[str]:
    return [*component_names(), *QUANTIZERS]


def _meant(path: str) -> list[str]:
    """Names that a name was cut from, else the one that it is a slip of: a letter or two off, and
    of no other size or version."""
    longer = [name for name in _names() if name.startswith(f"{path}_")]
    if longer:
        return longer[:3]
    from difflib import get_close_matches

    close = get_close_matches(path, _names(), n=3, cutoff=0.85)
    return [name for name in close if _slip(path, name)][:1]


def _slip(path: str, name: str) -> bool:
    """Whether a path is a name with a letter or two wrong: no other word, size or version."""
    if re.findall(r"\d+", path) != re.findall(r"\d+", name):
        return False
    pairs = list(zip(path.split("."), name.split("."), strict=False))
    wrong = [(one, other) for one, other in pairs if one != other]
    if path.count(".") != name.count(".") or len(wrong) != 1:
        return False
    (one, other) = wrong[0]
    return one.count("_") == other.count("_") and letters_off(one, other) <= 2


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
