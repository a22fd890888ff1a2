"""Nothing is said about a placeholder's text: another one stands there when a framework reads it."""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.document import Document
from translator.frameworks.axolotl.placeholders import is_placeholder
from translator.record import replace

_ABOUT_KEYS = frozenset(("CFG001", "CFG118", "CFG132", "CFG133"))
"""Findings that a key earns whatever its value: unknown, removed, renamed."""


def without_placeholders(found: list[Diagnostic], document: Document) -> list[Diagnostic]:
    """The findings about an Axolotl file that are not about a placeholder's text. torchtune fills in
    ``${...}`` by itself."""
    text = document.text
    if document.format != "axolotl" or not ("${" in text or "{{" in text):
        return found
    return [d for d in found if d.code in _ABOUT_KEYS or not _about_one(d, text)]


def of_template(error: Diagnostic) -> Diagnostic:
    """What is told of a file that is no YAML yet: a note where it is a template to be rendered."""
    if error.code == Code.SYNTAX.code and "it looks like a Jinja template" in error.message:
        return replace(error, severity=Severity.NOTE)
    return error


def _about_one(finding: Diagnostic, text: str) -> bool:
    span = finding.span
    return span is not None and is_placeholder(text[span.start : span.end])
