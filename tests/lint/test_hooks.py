"""The hooks, run by the real pre-commit on a repository made here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ftx_process import ROOT, ftx

from lint.examples import whole

pytest.importorskip("pre_commit")
BAD, _ = whole("axolotl", "batch_size: 8  # ftx: ignore[DATA101]\n")
SOURCE = ROOT / "fixtures" / "recipes" / "alpaca_qlora" / "unsloth.py"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with the hooks as they are published, run by this Python's ftx."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    python = f"{sys.executable} -m translator"
    local = [
        {**hook, "language": "system", "entry": hook["entry"].replace("ftx", python, 1)}
        for hook in hooks
    ]
    config = {"repos": [{"repo": "local", "hooks": local}]}
    (tmp_path / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (tmp_path / "docker-compose.yml").write_text("services:\n  web: {image: x}\n", "utf-8")
    (tmp_path / "setup.py").write_text("print('no training')\n", encoding="utf-8")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def run(folder: Path, hook: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", hook, "--all-files"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PRE_COMMIT_HOME": str(folder / ".git" / "pc")},
    )


def test_other_files_pass(repository: Path) -> None:
    for hook in ("ftx-lint", "ftx-fix", "ftx-convert-check"):
        done = run(repository, hook)
        assert done.returncode == 0, done.stdout
        assert "Passed" in done.stdout


def test_a_faulty_configuration_is_stopped(repository: Path) -> None:
    (repository / "run.yaml").write_text(BAD, encoding="utf-8")
    git(repository, "add", ".")
    done = run(repository, "ftx-lint")
    assert done.returncode == 1
    assert "run.yaml:1:13: error[CFG101]" in done.stdout


def test_fixes_are_put_in(repository: Path) -> None:
    (repository / "run.yaml").write_text(BAD, encoding="utf-8")
    git(repository, "add", ".")
    done = run(repository, "ftx-fix")
    assert "files were modified by this hook" in done.stdout
    assert "ignore[DATA101]" not in (repository / "run.yaml").read_text("utf-8")


def test_a_conversion_must_follow_its_source(repository: Path) -> None:
    script = repository / "proto.py"
    script.write_text(SOURCE.read_text("utf-8"), encoding="utf-8")
    made = ftx("convert", "proto.py", "--to", "axolotl", "-o", "run.yaml", cwd=repository)
    assert made.code == 0, made.err
    git(repository, "add", ".")
    assert run(repository, "ftx-convert-check").returncode == 0
    script.write_text(SOURCE.read_text("utf-8").replace("2e-4", "1e-4"), encoding="utf-8")
    git(repository, "add", ".")
    done = run(repository, "ftx-convert-check")
    assert done.returncode == 1
    assert "optimizer.learning_rate is 0.0002 here, and 0.0001 by proto.py" in done.stdout
