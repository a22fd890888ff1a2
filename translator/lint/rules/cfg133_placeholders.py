"""Values are placeholders that nobody has filled in.

What it does
Looks for values that are as a whole `${NAME}` or `"{{ name }}"`, under keys that take no text, and tells of
them once. Nothing else is said about such values.

Why it matters
Axolotl does not replace them: it refuses `${LOAD_IN_8BIT}` where it wants true or false.

When it is fine
In a template that a script fills in (with `envsubst`, for one) before Axolotl reads it.

References
axolotl/cli/config.py, `load_cfg` (0.19): the file is read as it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.frameworks.axolotl.placeholders import is_placeholder
from translator.frameworks.axolotl.schema import recorded_keys
from translator.lint.context import File, Place
from translator.lint.rule import Rule
from translator.tree import spell

RULE = Rule(
    code="CFG133",
    name="placeholders",
    severity=Severity.WARNING,
    formats=("axolotl",),
    words=("${", "{{"),
    bad={"axolotl": "lora_r: ${LORA_R}  # <-\n"},
    good={"axolotl": "wandb_project: ${PROJECT}\n"},
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for all of them, at the first."""
    tree = file.document.tree
    found = [
        (address, node)
        for address, node in (() if tree is None else tree.leaves())
        if is_placeholder(node.value) and not _takes_text(spell(address))
    ]
    if not found:
        return
    address, node = found[0]
    these = f"{node.value} is a placeholder"
    if len(found) > 1:
        these = f"{len(found)} values such as {node.value} are placeholders"
    place = Place(span=node.place, key=spell(address))
    yield RULE.at(file, place, f"{these}: Axolotl does not fill them in")


def _takes_text(name: str) -> bool:
    record = recorded_keys().get(name)
    return record is None or not {"str", "any"}.isdisjoint(record["type"])
