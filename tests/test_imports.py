"""Which module may import which, and what a command may load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "translator"
RECIPES = ROOT / "fixtures" / "recipes"

LEVELS = (
    ("spans", "nearest", "tree", "record"),
    ("ir",),
    ("fields",),
    ("diagnostics", "codes"),
    ("errors",),
    ("document",),
    ("numbers", "soundness"),
    ("source", "repository"),
    ("syntax",),
    ("lens", "reading", "writing"),
    ("catalog",),
    ("versions", "schema"),
    ("frameworks",),
    (
        "equivalence",
        "equivalence_data",
        "matrix",
        "detect",
        "schema_recipe",
        "schema_estimate",
        "schema_outputs",
        "schema_configs",
    ),
    ("editing", "editing_python", "allowing", "files"),
    ("api", "comparison"),
    ("estimate",),
    ("lint",),
    ("render",),
    ("console",),
    (
        "commands",
        "commands_lint",
        "commands_fix",
        "commands_rules",
        "commands_estimate",
        "commands_check",
        "server",
        "commands_server",
    ),
    ("cli", "cli_lint", "cli_options", "ending"),
    ("__main__",),
)
"""From the ground up, as CONTRIBUTING.md says: a module imports its own level and those before."""
LEVEL = {name: number for number, names in enumerate(LEVELS) for name in names}

FRAMEWORKS = ("axolotl", "torchtune", "unsloth", "ir")


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def unit(module: str) -> str:
    """The part of the package that a dotted name belongs to: ``translator.syntax.yaml``, syntax."""
    return module.split(".")[1] if "." in module else ""


def imports(path: Path) -> set[str]:
    """Everything of ours that a file imports, at its top or inside its functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            found.add(node.module or "")
            if node.module in ("translator", "translator.frameworks"):
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name == "translator" or name.startswith("translator.")}


def name_of(path: Path) -> str:
    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return dotted.removesuffix(".__init__")


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_go_one_way(path: Path) -> None:
    own = unit(name_of(path))
    if not own:
        return  # the package itself only names its parts
    for imported in imports(path):
        other = unit(imported)
        if other and (other in LEVEL):
            assert LEVEL[other] <= LEVEL[own], f"{own} imports {other}"


def test_every_module_has_a_level() -> None:
    assert {unit(name_of(path)) for path in modules()} - {""} == set(LEVEL)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_frameworks_do_not_know_one_another(name: str) -> None:
    for path in (PACKAGE / "frameworks" / name).rglob("*.py"):
        for imported in imports(path):
            parts = imported.split(".")
            if parts[:2] == ["translator", "frameworks"] and len(parts) > 2:
                assert parts[2] in (name, "base"), f"{path} imports {imported}"


def test_the_intermediate_representation_names_no_framework() -> None:
    text = (PACKAGE / "ir.py").read_text("utf-8").lower()
    assert not [name for name in ("axolotl", "torchtune", "unsloth") if name in text]


def loaded(*arguments: str) -> set[str]:
    """The modules in a process after a command."""
    code = (
        "import sys\n"
        "from translator.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: code = end.code\n"
        "print('\\n'.join(['', '==', *sys.modules]), file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.partition("\n==\n")[2].split())


def test_help_loads_nothing_heavy() -> None:
    for arguments in (["--help"], ["convert", "--help"], ["--version"]):
        modules = loaded(*arguments)
        assert "click" in modules
        heavy = [n for n in ("torch", "libcst", "ruamel", "jsonschema", "yaml") if n in modules]
        assert not heavy
        ours = {name for name in modules if name.startswith("translator")}
        parts = {"cli", "cli_lint", "cli_options", "ending"}
        assert ours == {"translator", *(f"translator.{part}" for part in parts)}


@pytest.mark.parametrize("target", ["torchtune", "unsloth", "axolotl", "ir"])
def test_a_yaml_file_needs_no_python_parser(target: str) -> None:
    source = RECIPES / "completion_full" / "axolotl.yaml"
    modules = loaded("convert", str(source), "--to", target)
    assert not modules & {"torch", "transformers", "libcst", "jsonschema"}


@pytest.mark.parametrize("target", ["axolotl", "torchtune"])
def test_a_script_needs_no_framework(target: str) -> None:
    source = RECIPES / "completion_full" / "unsloth.py"
    modules = loaded("convert", str(source), "--to", target)
    assert not modules & {"torch", "transformers", "trl", "datasets", "jsonschema"}


@pytest.mark.parametrize("name", ["axolotl.yaml", "torchtune.yaml", "unsloth.py"])
def test_lint_loads_what_a_file_needs(name: str) -> None:
    source = RECIPES / "completion_full" / name
    modules = loaded("lint", "--no-cache", "--isolated", "--exit-zero", str(source))
    heavy = {"torch", "libcst", "ruamel", "jsonschema", "asyncio", "ssl", "subprocess", "_hashlib"}
    light = {"pathlib", "difflib", "glob"}  # 6 ms in all
    assert not modules & (heavy | light)
    others = {"axolotl", "torchtune", "unsloth"} - {name.partition(".")[0]}
    assert not [m for m in modules if m in {f"translator.frameworks.{o}.reading" for o in others}]


def test_importing_the_package_loads_nothing() -> None:
    code = "import sys, translator; print('\\n'.join(n for n in sys.modules if 'translator' in n))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.split() == ["translator"]
