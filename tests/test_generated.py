"""What is made from the code is current, and what is shipped is complete."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import generate
import jsonschema
import pytest

from translator import convert, load

ROOT = Path(__file__).parent.parent
SCHEMAS = sorted(path.name for path in (ROOT / "schemas").glob("*.schema.json"))


@pytest.mark.parametrize("path", generate.files(), ids=lambda path: path.name)
def test_is_current(path: Path) -> None:
    made = generate.files()[path]
    assert path.read_text("utf-8") == made, "run make generate"


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_one(name: str) -> None:
    schema = json.loads((ROOT / "schemas" / name).read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("case", sorted((ROOT / "fixtures" / "recipes").iterdir()))
def test_recipes_fit_the_schema(case: Path) -> None:
    schema = json.loads((ROOT / "schemas" / "ir.schema.json").read_text("utf-8"))
    for file in ("axolotl.yaml", "torchtune.yaml", "unsloth.py"):
        if (case / file).exists():
            text = convert(load(case / file), to="ir").text
            jsonschema.validate(json.loads(text), schema)


def test_wheel_is_complete(tmp_path: Path) -> None:
    """The wheel holds the schemas, the catalogue and the mark that says it is typed."""
    pytest.importorskip("hatchling")
    build = "from hatchling.build import build_wheel; import sys; print(build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", build, str(tmp_path)], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "installed")
    assert {f"translator/schemas/{name}" for name in SCHEMAS} <= names
    sources = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "translator").rglob("*")
        if path.suffix in (".py", ".json", ".typed")
    }
    assert sources <= names
    assert not [name for name in names if name.startswith(("tests/", "fixtures/", "scripts/"))]
    read = (
        "from importlib.resources import files; import translator, sys; "
        "assert sys.argv[1] in translator.__file__, translator.__file__; "
        "print((files('translator') / 'schemas' / 'ir.schema.json').read_text())"
    )
    shown = subprocess.run(
        [sys.executable, "-c", read, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "installed"), "PATH": ""},
    )
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["$schema"].startswith("https://json-schema.org/")
