"""Where settings come from, what they do, and what is said about wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from ftx_process import ftx

from lint.examples import whole
from translator.errors import FtxError
from translator.lint.settings import KINDS, Finder, Settings, from_mapping

BAD, _ = whole("axolotl", "batch_size: 8\nlearning_rat: 2e-4\nsave_steps: 10\nsaves_per_epoch: 1\n")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "run.yaml").write_text(BAD, encoding="utf-8")
    return tmp_path


def codes(project: Path, *arguments: str) -> list[str]:
    done = ftx("lint", "--format", "concise", "--no-cache", *arguments, cwd=project)
    assert "Traceback" not in done.err
    return [line.split()[2] for line in done.out.splitlines()]


def test_everything_is_looked_for(project: Path) -> None:
    assert {"CFG101", "CFG103", "CFG001"} <= set(codes(project))


@pytest.mark.parametrize(
    ("option", "left"),
    [
        ('select = ["CFG101"]', {"CFG101"}),
        ('ignore = ["CFG"]', set()),
        ('select = ["CFG10"]\nignore = ["save-settings"]', {"CFG101"}),
        ('ignore = ["CFG1"]\nextend-select = ["CFG101"]', {"CFG101", "CFG001"}),
        ('[per-file-ignores]\n"configs/*" = ["CFG0", "CFG103"]', {"CFG101"}),
        ('exclude = ["configs"]', set()),
    ],
)
@pytest.mark.parametrize("file", ["ftx.toml", "pyproject.toml"])
def test_a_file_of_settings_above_counts(
    project: Path, file: str, option: str, left: set[str]
) -> None:
    if file == "pyproject.toml":
        option = "[tool.ftx]\n" + option.replace("[per-file", "[tool.ftx.per-file")
    (project / file).write_text(option, encoding="utf-8")
    found = {code for code in codes(project) if code.startswith("CFG")}
    assert found == left
    assert {"CFG101", "CFG103"} <= set(codes(project, "--isolated"))


def test_the_command_line_counts_more(project: Path) -> None:
    (project / "ftx.toml").write_text('select = ["DATA"]', encoding="utf-8")
    assert codes(project, "--select", "CFG101,CFG103") == ["CFG101", "CFG103"]
    assert codes(project, "--select", "batch-fields") == ["CFG101"]


def test_severity_and_fail_on(project: Path) -> None:
    (project / "ftx.toml").write_text('select = ["CFG101"]\n[severity]\nCFG1 = "note"\n', "utf-8")
    done = ftx("lint", "--no-cache", "--format", "concise", cwd=project)
    assert " note CFG101 " in done.out
    assert done.code == 0
    assert ftx("lint", "--no-cache", "--fail-on", "note", cwd=project).code == 1
    assert ftx("lint", "--no-cache", "--fail-on", "note", "--exit-zero", cwd=project).code == 0
    assert ftx("lint", "--no-cache", "--isolated", cwd=project).code == 1
    assert ftx("lint", "--no-cache", "--isolated", "--fail-on", "never", cwd=project).code == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('selct = ["CFG"]', "did you mean select?"),
        ('select = ["FOO9"]', "'FOO9' is no code"),
        ('fail-on = "eror"', "did you mean error?"),
        ("gpus = 0", "not a number above 0"),
        ('gpu = "rtx4091"', "did you mean rtx4090?"),
        ('cache = "yes"', "neither true nor false"),
        ("select = [", "is not TOML"),
    ],
)
def test_wrong_settings_stop_the_run(project: Path, text: str, message: str) -> None:
    (project / "ftx.toml").write_text(text, encoding="utf-8")
    done = ftx("lint", "--no-cache", cwd=project)
    assert done.code == 2
    assert message in done.err
    assert done.out == ""


def test_the_nearest_file_counts(project: Path) -> None:
    (project / "ftx.toml").write_text('ignore = ["CFG"]', encoding="utf-8")
    (project / "configs" / "ftx.toml").write_text('select = ["CFG101"]', encoding="utf-8")
    assert codes(project, "configs") == ["CFG101"]
    assert codes(project, "--config", "ftx.toml", "configs") == []


def test_settings_without_a_table_for_ftx_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\nline-length = 80\n", encoding="utf-8")
    assert Finder().of(tmp_path).select == ("",)
    with pytest.raises(FtxError, match=r"no \[tool.ftx\]"):
        Finder(config=str(tmp_path / "pyproject.toml"))


def test_the_longest_entry_decides() -> None:
    settings = Settings(root=Path(), select=("CFG", "DATA101"), ignore=("CFG1", "DATA"))
    assert settings.active("CFG001")
    assert not settings.active("CFG101")
    assert settings.active("DATA101")
    assert not settings.active("DATA102")
    assert not settings.active("SEC101")


def test_every_option_can_be_read() -> None:
    given = {
        "select": ["CFG"], "extend-select": ["CFG"], "ignore": ["CFG"],
        "per-file-ignores": {"*": ["CFG"]}, "severity": {"CFG": "note"}, "exclude": ["a"],
        "fail-on": "note", "baseline": "b", "cache": False, "gpu": "t4", "gpus": 2, "nodes": 1,
        "portable-to": "axolotl",
    }  # fmt: skip
    assert set(given) == set(KINDS)
    assert from_mapping(given, Path("ftx.toml")).gpus == 2
