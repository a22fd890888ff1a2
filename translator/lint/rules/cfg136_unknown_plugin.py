"""A plugin that Axolotl does not have.

What it does
Compares the names in `plugins` that lie in Axolotl's own package with the plugins that 0.19 has.

Why it matters
A plugin that cannot be imported is only written to the log: the run goes on without it, and every key of
its own is dropped without a word. A class that its module does not have, or a name without a module, ends
the run.

When it is fine
With a fork or another version of Axolotl that has it.

References
axolotl/integrations/base.py, `load_plugin` and `PluginManager.register` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.frameworks.axolotl.schema import plugin_keys
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG136",
    name="unknown-plugin",
    severity=Severity.WARNING,
    formats=("axolotl",),
    words=("plugins",),
    bad={"axolotl": "plugins:\n  - axolotl.integrations.swift_experts.SwiftExpertsPlugin  # <-\n"},
    good={"axolotl": "plugins:\n  - axolotl.integrations.liger.LigerPlugin\n"},
)
OURS = "axolotl.integrations."


def check(file: File) -> Iterator[Diagnostic]:
    """A finding for each such plugin."""
    if file.node("plugins") is None:
        return
    known = {name.split(".")[2]: name for name in plugin_keys()}
    for address, node in file.elements("plugins"):
        name = node.value
        if not isinstance(name, str) or "{" in name or "$" in name:
            continue
        if "." not in name:
            close = next((full for full in known.values() if full.endswith(f".{name}")), None)
            yield RULE.at(
                file,
                file.at(address),
                f"plugins: {name} names no module, and Axolotl stops at it",
                help=f"{close}" if close else "the whole name, with its module",
                severity=Severity.ERROR,
            )
        elif name.startswith(OURS) and name.split(".")[2] not in known:
            yield RULE.at(
                file,
                file.at(address),
                f"Axolotl 0.19 has no plugin {name}: it logs that, goes on without it, and drops the "
                "plugin's keys",
            )
