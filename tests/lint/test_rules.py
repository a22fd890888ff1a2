"""Every rule: its codes and texts, its examples, its fixes."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from lint.examples import whole
from translator.api import decode_any, load_source
from translator.codes import BY_CODE
from translator.lint import registry
from translator.lint.checking import check_document
from translator.lint.fixing import applied
from translator.lint.rule import HEADINGS, Rule
from translator.lint.settings import Settings

MODULES = registry.modules()
NAMES = {"axolotl": "run.yaml", "torchtune": "run.yaml", "unsloth": "run.py"}


def rule(module: str) -> Rule:
    loaded: Any = import_module(f"{registry.PACKAGE}.{module}")
    found: Rule = loaded.RULE
    return found


def examples(kind: str) -> list[Any]:
    return [
        pytest.param(module, format, text, id=f"{module}-{format}")
        for module in MODULES
        for format, text in getattr(rule(module), kind).items()
    ]


def findings(module: str, format: str, text: str, folder: Path) -> list[Any]:
    """What the one rule finds in a text, which stands in a folder of its own."""
    declared = rule(module)
    for name, content in declared.beside.items():
        (folder / name).write_text(content, encoding="utf-8")
    settings = Settings(
        root=Path.cwd(),
        select=(declared.code,),
        extend_select=(declared.code,),
        **dict(declared.settings),  # type: ignore[arg-type]
    )
    document = load_source(
        decode_any(text.encode(), str(folder / NAMES[format])), format=format, as_written=True
    )
    return [d for d in check_document(document, settings).findings if d.code == declared.code]


@pytest.mark.parametrize("module", MODULES)
def test_a_rule_is_complete(module: str) -> None:
    declared = rule(module)
    assert module.split("_")[0] == declared.code.lower()
    assert module.split("_", 1)[1] == declared.name.replace("-", "_")
    text = import_module(f"{registry.PACKAGE}.{module}").__doc__ or ""
    summary = text.splitlines()[0]
    assert summary.endswith(".")
    assert len(summary) <= 97
    sections = registry.sections_of(text)
    assert tuple(sections) == HEADINGS
    assert all(len(body) > 5 for body in sections.values())
    assert declared.bad
    assert set(declared.bad) <= set(declared.formats)
    assert set(declared.good) >= set(declared.bad)


def test_codes_and_names_are_used_once() -> None:
    codes = [rule(module).code for module in MODULES] + [*BY_CODE]
    names = [rule(module).name for module in MODULES] + [c.title for c in BY_CODE.values()]
    assert len(set(codes)) == len(codes)
    assert len(set(names)) == len(names)


def test_the_index_knows_every_rule() -> None:
    assert sorted(entry.module for entry in registry.entries()) == MODULES


@pytest.mark.parametrize(("module", "format", "text"), examples("bad"))
def test_a_bad_example_is_found_where_it_says(
    module: str, format: str, text: str, tmp_path: Path
) -> None:
    complete, marked = whole(format, text)
    found = findings(module, format, complete, tmp_path)
    lines = sorted({d.span.line for d in found if d.span})
    assert lines == (marked or lines[:1])
    assert found


@pytest.mark.parametrize(("module", "format", "text"), examples("good"))
def test_a_good_example_is_not_found(module: str, format: str, text: str, tmp_path: Path) -> None:
    complete, _ = whole(format, text)
    assert findings(module, format, complete, tmp_path) == []


@pytest.mark.parametrize(("module", "format", "text"), examples("bad"))
def test_a_fix_removes_its_finding_and_no_other_byte(
    module: str, format: str, text: str, tmp_path: Path
) -> None:
    complete, _ = whole(format, text)
    fixes = [d.fix for d in findings(module, format, complete, tmp_path) if d.fix]
    for fix in fixes:
        changed = applied(complete, fix.edits)
        assert changed != complete
        left = findings(module, format, changed, tmp_path)
        assert len(left) < len(findings(module, format, complete, tmp_path))
        kept = complete
        for edit in sorted(fix.edits, key=lambda e: e.start, reverse=True):
            kept = kept[: edit.start] + kept[edit.end :]
            changed = changed[: edit.start] + changed[edit.start + len(edit.text) :]
        if len(fix.edits) == 1:
            assert changed == kept
