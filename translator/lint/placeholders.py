"""Values that another program fills in before a framework reads the file: ``${ADAPTER}``, or
``"{{ adapter }}"`` in quotes. What is found about them would be about the wrong text."""

from __future__ import annotations

import re

from translator.diagnostics import Diagnostic
from translator.document import Document

_PLACEHOLDER = r"\$\{[A-Za-z_]\w*\}|\{\{[^{}]*\}\}"
_ABOUT_KEYS = frozenset(("CFG001", "CFG118", "CFG132", "CFG133"))
"""Findings that a key earns whatever its value: unknown, removed, renamed."""


def is_placeholder(text: object) -> bool:
    """Whether a value as a whole stands for another.

    >>> is_placeholder("${LORA_R}"), is_placeholder("{{ lora_r }}"), is_placeholder("out-${RUN}")
    (True, True, False)
    """
    return isinstance(text, str) and re.fullmatch(_PLACEHOLDER, text.strip("'\" ")) is not None


def without_placeholders(found: list[Diagnostic], document: Document) -> list[Diagnostic]:
    """The findings about an Axolotl file that are not about a placeholder's text. torchtune fills in
    ``${...}`` by itself."""
    text = document.text
    if document.format != "axolotl" or not ("${" in text or "{{" in text):
        return found
    return [d for d in found if d.code in _ABOUT_KEYS or not _about_one(d, text)]


def _about_one(finding: Diagnostic, text: str) -> bool:
    span = finding.span
    return span is not None and is_placeholder(text[span.start : span.end])
