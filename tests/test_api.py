"""The public interface: loading, converting, what is raised."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import translator
from translator import (
    Document,
    FtxError,
    LossError,
    NotAConfigError,
    UnreadableError,
    UnresolvedError,
    convert,
    load,
    loads,
)
from translator.codes import Code

SAMPLE = Path(__file__).parent.parent / "fixtures" / "corpus_sample"
AXOLOTL = SAMPLE / "axolotl" / "lora_chat_llama3.yaml"


@pytest.fixture
def document() -> Document:
    return load(AXOLOTL)


def _ir_with_error(document: Document, code: Code) -> str:
    data = json.loads(convert(document, "ir").text)
    data["source"]["format"] = "unsloth"
    data["diagnostics"].append(
        {"code": code.code, "severity": "error", "message": "said by the test", "line": 3}
    )
    return json.dumps(data)


@pytest.mark.parametrize("name", translator.__all__)
def test_everything_public_is_there_and_documented(name: str) -> None:
    thing = getattr(translator, name)
    assert name == "__version__" or thing.__doc__


def test_the_package_alone_loads_nothing_of_its_own() -> None:
    code = "import sys, translator; print([m for m in sys.modules if m.startswith('translator.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_no_module_has_the_name_of_something_public() -> None:
    """Importing it would put the module in the place of the function."""
    modules = {p.stem for p in Path(translator.__file__).parent.glob("*.py")}
    assert modules & set(translator.__all__) == set()


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'lint_everything'"):
        _ = translator.lint_everything


def test_load_knows_where_values_stand(document: Document) -> None:
    assert document.format == "axolotl"
    assert document.recipe.adapter is not None
    assert document.recipe.adapter.rank == 16
    origin = document.origin("adapter.rank")
    assert origin.written
    assert origin.span is not None
    assert (origin.span.line, origin.span.column) == (3, 9)
    assert document.text[origin.span.start : origin.span.end] == "16"


def test_defaults_cite_where_they_were_seen(document: Document) -> None:
    origin = document.origin("optimizer.weight_decay")
    assert not origin.written
    assert origin.why


def test_loads_takes_text_and_bytes() -> None:
    text = AXOLOTL.read_text(encoding="utf-8")
    assert loads(text).recipe == loads(text.encode()).recipe == load(AXOLOTL).recipe


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"format": "axolotle"}, "no format"),
        ({"format": "Torch Tune"}, "no format"),
    ],
)
def test_a_wrong_format_is_named_with_the_nearest(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(FtxError, match=message) as caught:
        load(AXOLOTL, **arguments)  # type: ignore[arg-type]
    assert "did you mean" in str(caught.value.diagnostics[0].help)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("target", ["axolotl@0.3", "torchtune@2", "ir@7"])
def test_a_version_that_is_not_written_is_refused(document: Document, target: str) -> None:
    with pytest.raises(FtxError, match="is not written; there is"):
        convert(document, target)


def test_what_is_no_configuration_says_what_was_looked_for(tmp_path: Path) -> None:
    other = tmp_path / "compose.yaml"
    other.write_text("services:\n  web:\n    image: nginx\n", encoding="utf-8")
    with pytest.raises(NotAConfigError, match=r"base_model .* _component_ .* from_pretrained"):
        load(other)


def test_missing_and_empty_files(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="no such file"):
        load(tmp_path / "none.yaml")
    (tmp_path / "empty.yaml").touch()
    with pytest.raises(NotAConfigError, match="is empty"):
        load(tmp_path / "empty.yaml")


# --- the same format -----------------------------------------------------------------------------


def test_the_same_format_comes_back_byte_for_byte() -> None:
    files = [f for folder in ("axolotl",) for f in sorted((SAMPLE / folder).iterdir())]
    assert len(files) > 10
    for file in files:
        data = file.read_bytes()
        assert convert(file, "axolotl").text.encode() == data, file.name


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_ends_and_byte_order_mark_survive(bom: str, newline: str) -> None:
    text = bom + AXOLOTL.read_text(encoding="utf-8").replace("\n", newline)
    unchanged = convert(loads(text), "axolotl").text
    assert unchanged == text
    changed = convert(loads(text, set={"lora_r": "64"}), "axolotl").text
    assert changed == text.replace("lora_r: 16", "lora_r: 64")


@pytest.mark.parametrize(
    ("name", "value", "old", "new"),
    [
        ("learning_rate", "2e-5", "learning_rate: 0.0001", "learning_rate: 2e-5"),
        ("datasets[0].path", "x/y", "path: data/tickets.jsonl", "path: x/y"),
        ("datasets.0.path", "x/y", "path: data/tickets.jsonl", "path: x/y"),
        ("output_dir", '"a: b"', "output_dir: runs/tickets", 'output_dir: "a: b"'),
        ("lora_target_modules", "[q_proj]", "[q_proj, k_proj, v_proj, o_proj]", "[q_proj]"),
        (
            "gradient_checkpointing_kwargs.use_reentrant",
            "true",
            "use_reentrant: false",
            "use_reentrant: true",
        ),
    ],
)
def test_one_value_changes_one_line(name: str, value: str, old: str, new: str) -> None:
    text = AXOLOTL.read_text(encoding="utf-8")
    changed = convert(load(AXOLOTL, set={name: value}), "axolotl").text
    assert text.count(old) == 1
    assert changed == text.replace(old, new)


def test_a_new_key_adds_one_line() -> None:
    text = AXOLOTL.read_text(encoding="utf-8")
    top = convert(load(AXOLOTL, set={"weight_decay": "0.1"}), "axolotl").text
    assert top == f"{text}weight_decay: 0.1\n"
    nested = convert(load(AXOLOTL, set={"datasets[0].split": "test"}), "axolotl").text
    added = "    train_on_eos: turn\n"
    assert nested == text.replace(added, f"{added}    split: test\n")


def test_a_value_that_an_alias_shares_is_not_changed() -> None:
    text = (
        "base_model: a/b\nadapter: lora\nlora_r: &r 8\nlora_alpha: *r\n"
        "datasets:\n  - path: x/y\n    type: alpaca\n"
    )
    with pytest.raises(FtxError, match="an alias"):
        convert(loads(text, set={"lora_r": "16"}), "axolotl")


# --- losses --------------------------------------------------------------------------------------


def test_an_error_stops_a_conversion_unless_it_is_allowed(document: Document) -> None:
    source = loads(_ir_with_error(document, Code.LOST_TEMPLATE))
    with pytest.raises(LossError, match="said by the test") as caught:
        convert(source, "axolotl")
    assert caught.value.exit_code == 1
    for allow in (["XLT402"], ["xlt402"], ["template-lost"], ["all"], [Code.LOST_TEMPLATE]):
        assert convert(source, "axolotl", allow=allow).text
    with pytest.raises(LossError):
        convert(source, "axolotl", allow=["XLT401"])
    loose = convert(source, "axolotl", strict=False)
    assert [d.code for d in loose.refused] == ["XLT402"]


def test_an_open_value_is_an_error_of_its_own(document: Document) -> None:
    source = loads(_ir_with_error(document, Code.UNRESOLVED))
    with pytest.raises(UnresolvedError):
        convert(source, "axolotl")


def test_a_wrong_code_is_named_with_the_nearest(document: Document) -> None:
    with pytest.raises(FtxError, match="no code") as caught:
        convert(document, "ir", allow=["template-loss"])
    assert caught.value.diagnostics[0].help == "did you mean template-lost?"


def test_diagnostics_come_worst_first(document: Document) -> None:
    result = convert(loads(_ir_with_error(document, Code.LOST_MASK)), "axolotl", strict=False)
    ranks = [d.severity.rank for d in result.diagnostics]
    assert ranks == sorted(ranks)
    assert set(result.losses) <= set(result.diagnostics)
