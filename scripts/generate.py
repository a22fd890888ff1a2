"""Writes what is made from the code: schemas/, docs/matrix.md and blocks of README.md.

    python scripts/generate.py [--check]

With ``--check`` nothing is written; the exit code is 1 when a file is not as it would be made.
"""

from __future__ import annotations

import json
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from equivalence_page import page

from translator.codes import BY_CODE, Code
from translator.matrix import matrix
from translator.render.matrix import counts_text, matrix_markdown
from translator.schema_outputs import schemas
from translator.versions import SPOKEN

ROOT = Path(__file__).parent.parent
PROTO = ROOT / "fixtures" / "readme" / "proto.py"
TRAP = ROOT / "fixtures" / "recipes" / "trap"


def files() -> dict[Path, str]:
    """Every generated file and its text."""
    made = {
        ROOT / "schemas" / f"{name}.schema.json": json.dumps(schema, indent=2) + "\n"
        for name, schema in {**schemas(), **config_schemas()}.items()
    }
    made[ROOT / "docs" / "matrix.md"] = matrix_markdown(matrix())
    made[ROOT / "docs" / "codes.md"] = codes()
    made[ROOT / "docs" / "equivalence.md"] = page()
    made |= rule_files()
    made[ROOT / "docs" / "lint.svg"] = picture_of_lint()
    made[ROOT / "README.md"] = readme((ROOT / "README.md").read_text(encoding="utf-8"))
    return made


def config_schemas() -> dict[str, Any]:
    """Schemas of the files that users write."""
    from translator.lint.settings_schema import settings_schema
    from translator.schema_configs import axolotl_schema, torchtune_schema

    return {
        "axolotl": axolotl_schema(),
        "torchtune": torchtune_schema(),
        "settings": settings_schema(),
    }


def picture_of_lint() -> str:
    """What a terminal shows of a faulty file."""
    from translator.lint.checking import check_source
    from translator.lint.report import Report
    from translator.lint.settings import Settings
    from translator.render.full import full
    from translator.render.terminal_svg import terminal_svg
    from translator.source import Source

    text = (ROOT / "fixtures" / "lint" / "run.yaml").read_text(encoding="utf-8")
    settings = Settings(root=ROOT, gpu="t4")
    checked = check_source(Source(path="run.yaml", text=text), settings)
    findings = [d for d in checked.findings if not d.verbose]
    report = Report(findings=findings, texts={"run.yaml": text}, root=ROOT, files=1)
    return terminal_svg("$ ftx lint run.yaml --gpu t4\n" + full(report, colour=True))


def rule_files() -> dict[Path, str]:
    """The index of the rules, and a page for each code of lint."""
    from translator.lint import registry
    from translator.render.rules import rule_markdown, rules_markdown

    rules = []
    for module in registry.modules():
        loaded = import_module(f"{registry.PACKAGE}.{module}")
        rules.append((module, loaded.__doc__.splitlines()[0], loaded.RULE))
    made = {Path(registry.INDEX): registry.index_text(rules)}
    known = [registry.describe(module) for module in registry.modules()]
    known += [registry.of_reader(code) for code in BY_CODE]
    known.sort(key=lambda description: description.code)
    pages = ROOT / "docs" / "rules"
    for description in known:
        made[pages / f"{description.code}.md"] = rule_markdown(description)
    head = "# Rules\n\nWhat `ftx lint` finds; `ftx explain CODE` prints these pages.\n\n"
    made[pages / "README.md"] = head + rules_markdown(known)
    return made


def codes() -> str:
    """Every code with its name and sentence."""
    rows = [f"| {entry.code} | {entry.title} | {entry.summary} |" for entry in Code]
    head = ["# Codes", "", "| code | name | what it says |", "|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n"


def readme(text: str) -> str:
    """The README with its generated blocks (between ``<!-- name -->`` comments) made anew."""
    for name, block in blocks().items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.S)
        if not pattern.search(text):
            raise SystemExit(f"README.md has no block {name}")
        text = pattern.sub(lambda match, block=block: f"{match[1]}{block}\n{match[2]}", text)
    return text


def blocks() -> dict[str, str]:
    """The generated blocks by name."""
    return {
        "example": example(),
        "trap": trap(),
        "matrix": "\n".join(f"- {line}" for line in counts_text(matrix())),
        "versions": versions(),
    }


def example() -> str:
    """A script, what it becomes, and what is said about it, by the converter itself."""
    from translator import convert, loads
    from translator.render.excerpts import Excerpts
    from translator.render.text import TextRenderer, summary

    script = PROTO.read_text(encoding="utf-8")
    conversion = convert(loads(script, name="proto.py"), to="axolotl", stem="run")
    said = [d for d in conversion.diagnostics if not d.verbose]
    renderer = TextRenderer(Excerpts({"proto.py": script}), lines_of_notes=False)
    ending = summary(said, len(conversion.diagnostics) - len(said))
    return "\n".join(
        [
            "`proto.py`:",
            *_fence("python", script),
            "",
            "becomes `run.yaml`:",
            *_fence("yaml", conversion.text),
            "",
            "and this is said about it:",
            *_fence(
                "text",
                "\n".join(
                    [
                        "$ ftx convert proto.py --to axolotl -o run.yaml",
                        *renderer.diagnostics(said),
                        f"{ending}; run.yaml written",
                    ]
                ),
            ),
        ]
    )


def trap() -> str:
    """The first differences between two files that hold the same numbers."""
    from translator import diff, loads
    from translator.render.differences import differences_text
    from translator.render.excerpts import Excerpts

    files = {"alike.yaml": TRAP / "axolotl.yaml", "alike.py": TRAP / "unsloth.py"}
    texts = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    left, right = (loads(text, name=name) for name, text in texts.items())
    found = [d for d in diff(left, right) if d.effect == "training"]
    shown = differences_text(found[:5], left, right, Excerpts(texts)).rpartition("\n\n")[0]
    return "\n".join(
        _fence("text", f"$ ftx diff alike.yaml alike.py\n{shown}\n  … and {len(found) - 5} more")
    )


def versions() -> str:
    """A table of the versions that are read and written."""
    rows = [f"| {name} | {s.reads} | {', '.join(s.versions)} |" for name, s in SPOKEN.items()]
    return "\n".join(["| format | read | written |", "|---|---|---|", *rows])


def _fence(language: str, text: str) -> list[str]:
    return [f"```{language}", text.rstrip(), "```"]


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = []
    for path, text in files().items():
        old = path.read_text(encoding="utf-8") if path.exists() else None
        if old != text:
            stale.append(path.relative_to(ROOT))
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    for path in stale:
        print(f"{'stale' if check else 'written'}: {path}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
