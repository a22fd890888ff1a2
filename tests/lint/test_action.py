"""The steps of ``action.yml``, run as GitHub runs them: one bash after the other in a repository.

Only ``actions/setup-python`` is left out (this Python stands in for it), and pip is told to install
the checkout into a folder of its own, without a network.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ftx_process import ROOT
from sarif_kit.validate import validation_errors

from lint.examples import whole

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
"""What the runner makes of ``shell: bash``."""
BAD, _ = whole("axolotl", "batch_size: 8  # ftx: ignore[DATA101]\n")
GOOD, _ = whole("axolotl", "val_set_size: 0.1\nlogging_steps: 1\n")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of a runner on which the step that installs has been run."""
    site = tmp_path_factory.mktemp("site")
    tools = tmp_path_factory.mktemp("tools")
    (tools / "python").symlink_to(sys.executable)
    variables = {
        "PATH": f"{tools}:{site / 'bin'}:{os.environ['PATH']}",
        "HOME": str(tools),
        "PYTHONPATH": os.pathsep.join([str(site), *filter(None, sys.path)]),
        "PYTHONUTF8": "1",
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTION_PATH": str(ROOT),
        "PIP_TARGET": str(site),
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "false",  # as pip wants it: this is "without isolation"
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
    }
    (install,) = (step for step in STEPS if "pip install" in step.get("run", ""))
    done = run_step(install, {}, variables, ROOT)
    assert done.returncode == 0, done.stdout
    assert (site / "translator" / "schemas").is_dir()
    variables["PYTHONPATH"] = os.pathsep.join(
        [str(site), *(p for p in sys.path if p and Path(p).resolve() not in (ROOT, ROOT / "tests"))]
    )
    return variables


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """What ``actions/checkout`` leaves."""
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "run.yaml").write_text(BAD, encoding="utf-8")
    (tmp_path / "good.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "compose.yml").write_text("services: {web: {image: x}}\n", encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def filled(text: str, inputs: Mapping[str, str]) -> str:
    """A text with its ``${{ inputs.NAME }}`` filled in; there is no other expression."""
    text = re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: inputs[match[1]], text)
    assert "${{" not in text
    return text


def wanted(step: dict[str, Any], inputs: Mapping[str, str]) -> bool:
    """Whether the condition of a step holds."""
    if "if" not in step:
        return True
    match = re.fullmatch(r"\$\{\{ inputs\.([\w-]+) != '' \}\}", step["if"])
    assert match is not None, step["if"]
    return inputs[match[1]] != ""


def run_step(
    step: dict[str, Any], inputs: Mapping[str, str], machine: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    assert step["shell"] == "bash"
    assert "${{" not in step["run"]  # inputs come in as variables: nothing of theirs is executed
    variables = {name: filled(value, inputs) for name, value in step.get("env", {}).items()}
    return subprocess.run(
        [*BASH, "-c", step["run"]],
        cwd=folder,
        env={**machine, **variables, "GITHUB_WORKSPACE": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )


def run_action(machine: Mapping[str, str], folder: Path, **given: str) -> tuple[int, str]:
    """Exit code and output of the action behind its installation, with some inputs given."""
    inputs = {name: entry["default"] for name, entry in ACTION["inputs"].items()}
    assert given.keys() <= inputs.keys()
    inputs |= given
    output = ""
    for step in STEPS:
        if "uses" in step or "pip install" in step["run"] or not wanted(step, inputs):
            continue
        done = run_step(step, inputs, machine, folder)
        output += done.stdout
        if done.returncode:
            return done.returncode, output
    return 0, output


def test_every_step_is_known() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert [step.get("uses", "").partition("@")[0] for step in STEPS] == [
        "actions/setup-python", "", "", "",
    ]  # fmt: skip
    assert filled(STEPS[0]["with"]["python-version"], {"python-version": "3.12"}) == "3.12"


def test_what_is_installed_is_the_checkout(machine: dict[str, str], tmp_path: Path) -> None:
    program = "import translator; print(translator.__file__)"
    done = subprocess.run(
        ["python", "-c", program], env=machine, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.startswith(machine["PIP_TARGET"])


def test_a_faulty_repository_fails_with_annotations(
    machine: dict[str, str], repository: Path
) -> None:
    code, output = run_action(machine, repository)
    assert code == 1
    assert "configs/run.yaml:1:13: error[CFG101]" in output
    assert re.search(r"^::error title=ftx CFG101,file=configs/run\.yaml,line=1,", output, re.M)
    assert not list(repository.glob("**/*.sarif"))


def test_a_clean_repository_passes(machine: dict[str, str], repository: Path) -> None:
    code, output = run_action(machine, repository, paths="good.yaml compose.yml --skip-unknown")
    assert code == 0, output
    assert "::error" not in output


def test_sarif_is_written_before_the_job_fails(machine: dict[str, str], repository: Path) -> None:
    code, output = run_action(machine, repository, sarif="found in ci.sarif", paths="configs")
    assert code == 1
    assert "CFG101" in output
    log = json.loads((repository / "found in ci.sarif").read_text("utf-8"))
    assert validation_errors(log) == []
    places = [
        place["physicalLocation"]["artifactLocation"]["uri"]
        for result in log["runs"][0]["results"]
        for place in result["locations"]
    ]
    assert set(places) == {"configs/run.yaml"}


def test_arguments_are_words_for_lint(machine: dict[str, str], repository: Path) -> None:
    (repository / "half.yaml").write_text(f"bf16: true\n{GOOD}", encoding="utf-8")
    arguments = "--gpu t4 --select HW"
    code, output = run_action(machine, repository, arguments=arguments, paths="half.yaml configs")
    assert code == 1
    assert "half.yaml:1:" in output
    assert "[HW" in output
    assert "CFG101" not in output
    assert run_action(machine, repository, arguments="--select HW")[0] == 0
    assert run_action(machine, repository, arguments="--no-such-option")[0] == 2


@pytest.mark.parametrize("hostile", ["$(touch pwned)", "; touch pwned", "`touch pwned`", "&& true"])
def test_inputs_are_never_executed(hostile: str, machine: dict[str, str], repository: Path) -> None:
    assert run_action(machine, repository, paths=hostile)[0] == 2
    assert run_action(machine, repository, paths=".", arguments=hostile)[0] == 2
    run_action(machine, repository, sarif=hostile)
    assert not (repository / "pwned").exists()
