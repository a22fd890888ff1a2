"""A key or token stands in the file.

What it does
Looks for tokens of Hugging Face, Weights & Biases, OpenAI, GitHub, AWS and others by their form,
and for values of keys that hold such tokens. The token itself is never shown in full.

Why it matters
Whoever reads the repository has the token; scanners find such tokens within minutes of a push.

When it is fine
Never. Revoke it, and read it from the environment.

References
Forms of tokens as their issuers publish them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File, Place
from translator.lint.rule import Rule
from translator.spans import LineIndex, Span

RULE = Rule(
    code="SEC101",
    name="secret-in-file",
    severity=Severity.ERROR,
    bad={
        "axolotl": "hub_model_id: me/model\nwandb_project: hf_aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH  # <-\n"
    },
    good={"axolotl": "hub_model_id: me/model\nwandb_project: mine\n"},
)

FORMS = (
    ("Hugging Face", ("hf_",), r"\bhf_[A-Za-z0-9]{30,}\b"),
    ("OpenAI", ("sk-",), r"\bsk-(?:proj-)?[A-Za-z0-9_-]{32,}"),
    ("GitHub", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"\bgh[pousr]_[A-Za-z0-9]{30,}\b"),
    ("AWS", ("AKIA",), r"\bAKIA[0-9A-Z]{16}\b"),
    ("Slack", ("xox",), r"\bxox[abpr]-[A-Za-z0-9-]{20,}"),
    ("Google", ("AIza",), r"\bAIza[0-9A-Za-z_-]{35}\b"),
    ("Weights & Biases", ("andb", "ANDB"), r"[Ww](?i:andb[._ ]*(?:api_)?(?:key|login)\W{1,12}(?:key\W{1,4})?([0-9a-f]{40})\b)"),
)  # fmt: skip
"""Issuer, what one of must stand in a file that holds a token of theirs, the form of a token."""
SAME = 4
"""Fewer different letters make no token: placeholders are ``hf_xxxxxxxx``."""


def check(file: File) -> Iterator[Diagnostic]:
    """A finding for each token, by its first letters."""
    text = file.document.text
    told: set[str] = set()
    for issuer, starts, form in FORMS:
        if not any(start in text for start in starts):
            continue
        for match in re.finditer(form, text):
            group = 1 if match.re.groups else 0
            token = match[group]
            if len(set(token[4:].lower())) <= SAME:
                continue
            what = f"a token of {issuer} ({token[:4]}…, {len(token)} characters)"
            if file.document.code is None:
                spans: list[Span | None] = [LineIndex(text).span(*match.span(group))]
            else:
                spans = _in_cells(text, token, told)
            for span in spans:
                yield RULE.at(
                    file,
                    Place(span),
                    what if span else f"{what}, in the text or the output of a cell",
                    help="revoke it, and read the next one from the environment",
                )


def _in_cells(text: str, token: str, told: set[str]) -> list[Span | None]:
    """Where a token stands in a notebook's code, by the lines of its cells as in other findings;
    None where it stands beside the code alone. Once for each token."""
    from translator.source import Source
    from translator.syntax.notebook import read_notebook

    if token in told:
        return []
    told.add(token)
    code = read_notebook(Source(path="", text=text)).raw
    lines = LineIndex(code)
    places = [match.span() for match in re.finditer(re.escape(token), code)]
    return [lines.span(*place) for place in places] or [None]
