"""What is known about rules: pages, lists and data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from translator.lint.registry import Description
from translator.render.text import table

_LANGUAGE = {"axolotl": "yaml", "torchtune": "yaml", "unsloth": "python"}


def rule_markdown(known: Description) -> str:
    """The page of one code."""
    lines = [f"# {known.code} {known.name}", "", known.summary, ""]
    rule = known.rule
    if rule is not None:
        about = [f"Severity: {rule.severity.value}.", f"Looks at: {', '.join(rule.formats)}."]
        if rule.options:
            about.append(
                "Needs " + " or ".join(f"`--{o.replace('_', '-')}`" for o in rule.options) + "."
            )
        if rule.quiet:
            about.append("Shown with `-v` only.")
        if rule.opt_in:
            about.append("Off unless `extend-select` names it.")
        lines += [" ".join(about), ""]
    for heading, text in known.sections:
        lines += [f"## {heading}", "", text, ""]
        if heading == "What it does" and rule is not None:
            lines += _examples(known)
    return "\n".join(lines).rstrip() + "\n"


def _examples(known: Description) -> list[str]:
    rule = known.rule
    lines: list[str] = []
    if rule is None:
        return lines
    for name, text in rule.beside.items():
        lines += [f"Beside it lies `{name}`:", "", "```", text.strip(), "```", ""]
    for title, examples in (("Found", rule.bad), ("Not found", rule.good)):
        for name, text in examples.items():
            shown = text.replace("  # <-", f"  # {known.code}").strip("\n")
            lines += [f"{title} in {name}:", "", f"```{_LANGUAGE[name]}", shown, "```", ""]
    return lines


def rules_text(rules: Iterable[Description]) -> str:
    """A table for a terminal."""
    rows = [(r.code, r.name, _severity(r), r.summary) for r in rules]
    return "".join(f"{line}\n" for line in table(rows, ("code", "name", "severity", "finds")))


def rules_markdown(rules: Iterable[Description]) -> str:
    """A table whose codes link to their pages."""
    rows = [
        f"| [{r.code}]({r.code}.md) | {r.name} | {_severity(r)} | {_cell(r.summary)} |"
        for r in rules
    ]
    return "\n".join(["| code | name | severity | finds |", "|---|---|---|---|", *rows]) + "\n"


def rule_data(known: Description) -> dict[str, Any]:
    """One rule for a program."""
    rule = known.rule
    return {
        "code": known.code,
        "name": known.name,
        "summary": known.summary,
        "severity": rule.severity.value if rule else None,
        "formats": list(rule.formats) if rule else None,
        "needs": list(rule.options) if rule else [],
        "opt_in": rule.opt_in if rule else False,
        "sections": dict(known.sections),
        "bad": dict(rule.bad) if rule else {},
        "good": dict(rule.good) if rule else {},
    }


def _severity(known: Description) -> str:
    return known.rule.severity.value if known.rule else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
