"""The command line: what goes where, and with which exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest

from translator import convert, load
from translator.cli import cli, main
from translator.codes import Code
from translator.schema import names, shipped

SAMPLE = Path(__file__).parent.parent / "fixtures" / "corpus_sample"
AXOLOTL = SAMPLE / "axolotl" / "lora_chat_llama3.yaml"


@dataclass(frozen=True)
class Done:
    """What a run of the command left behind."""

    code: int
    out: str
    err: str


Ftx = Callable[..., Done]


@pytest.fixture
def ftx(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ftx:
    """Runs the command in this process."""
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments: object) -> Done:
        capfd.readouterr()
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        code = caught.value.code
        assert isinstance(code, int)
        assert "Traceback" not in captured.err
        assert "internal error" not in captured.err
        return Done(code, captured.out, captured.err)

    return run


def _process(*arguments: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", "from translator.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=60, **options)  # type: ignore[call-overload, no-any-return]


@pytest.fixture
def refused(tmp_path: Path) -> Path:
    """An IR file that no conversion of is written without ``--allow XLT402``."""
    data = json.loads(convert(load(AXOLOTL), "ir").text)
    data["source"]["format"] = "unsloth"
    data["diagnostics"] = [
        {"code": "XLT402", "severity": "error", "message": "said by the test", "line": 3}
    ]
    path = tmp_path / "refused.ir.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


# --- help ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [[], *([name] for name in sorted(cli.commands))])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_everywhere(ftx: Ftx, command: list[str], option: str) -> None:
    done = ftx(*command, option)
    assert done.code == 0
    assert done.out.startswith("Usage: ftx")
    assert done.err == ""
    assert "matrix" in command or "\n  ftx " in done.out, "an example"


def test_version(ftx: Ftx) -> None:
    from translator import __version__

    assert ftx("--version") == Done(0, f"ftx {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["convrt"], "did you mean convert?"),
        (["convert", AXOLOTL, "--to", "axolotle"], "did you mean axolotl?"),
        (["convert", AXOLOTL, "--too", "axolotl"], "--to"),
        (["convert", AXOLOTL, "--to", "ir", "--from", "torchtunes"], "did you mean torchtune?"),
        (["convert", AXOLOTL, "--to", "ir", "--format", "jsn"], "did you mean json?"),
        (["convert", AXOLOTL, "--to", "ir", "--allow", "XLT40"], "did you mean XLT40"),
        (["convert", AXOLOTL, "--to", "ir", "--allow", "templte-lost"], "template-lost?"),
        (["convert", AXOLOTL, "--to", "torchtune@9"], "there is torchtune@0.6"),
        (["convert", AXOLOTL, "--to", "ir", "--set", "lr"], "is not NAME=VALUE"),
        (["convert", AXOLOTL], "Missing option '--to'"),
        (["convert", "--to", "ir"], "Missing argument 'FILE'"),
        (["schema", "irr"], "did you mean ir?"),
        (["schema", "zzz"], "there are "),
        (["diff", AXOLOTL], "Missing argument 'B'"),
        (["diff", "-", "-"], "only one of two files can come from standard input"),
        (["ir", AXOLOTL, "--at", "3"], "--at is for unsloth files"),
        (["ir", AXOLOTL, "--recipe", "full_finetune"], "--recipe is for torchtune files"),
        (["convert", AXOLOTL, "--to", "ir", "-o", "a.json", "--report", "./a.json"], "both name"),
    ],
)
def test_wrong_usage_is_2_with_a_hint(ftx: Ftx, arguments: list[object], hint: str) -> None:
    done = ftx(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert hint in done.err


# --- convert -------------------------------------------------------------------------------------


def test_the_product_goes_to_stdout_and_the_rest_to_stderr(ftx: Ftx) -> None:
    done = ftx("convert", AXOLOTL, "--to", "ir")
    assert done.code == 0
    assert json.loads(done.out)["ftx"] == 1
    assert "{" not in done.err
    assert ftx("convert", AXOLOTL, "--to", "axolotl").out.encode() == AXOLOTL.read_bytes()


def test_a_file_and_only_that_file_is_written(ftx: Ftx, tmp_path: Path) -> None:
    out = tmp_path / "run.ir.json"
    done = ftx("convert", AXOLOTL, "--to", "ir", "-o", out)
    assert (done.code, done.out) == (0, "")
    assert f"{out} written" in done.err
    assert [p.name for p in tmp_path.iterdir()] == ["run.ir.json"]
    assert out.read_text(encoding="utf-8") == convert(load(AXOLOTL), "ir").text


def test_nothing_is_overwritten_without_force(ftx: Ftx, tmp_path: Path) -> None:
    out, report = tmp_path / "run.yaml", tmp_path / "report.json"
    report.write_text("mine")
    arguments = ("convert", AXOLOTL, "--to", "axolotl", "-o", out, "--report", report)
    done = ftx(*arguments)
    assert done.code == 2
    assert "report.json: error[SYN006] exists already" in done.err
    assert "--force" in done.err
    assert not out.exists(), "checked before the first write"
    assert report.read_text() == "mine"
    assert ftx(*arguments, "--force").code == 0
    assert json.loads(report.read_text())["target"] == "axolotl"


def test_a_refused_conversion_writes_nothing(ftx: Ftx, refused: Path, tmp_path: Path) -> None:
    out = tmp_path / "run.yaml"
    done = ftx("convert", refused, "--to", "axolotl", "-o", out)
    assert (done.code, done.out) == (1, "")
    assert "error[XLT402] said by the test" in done.err
    assert "nothing written" in done.err
    assert not out.exists()
    assert ftx("convert", refused, "--to", "axolotl").out == ""


@pytest.mark.parametrize("allow", ["XLT402", "xlt402", "template-lost", "XLT401,XLT402", "all"])
def test_allow_accepts_an_error(ftx: Ftx, refused: Path, tmp_path: Path, allow: str) -> None:
    out = tmp_path / "run.yaml"
    done = ftx("convert", refused, "--to", "axolotl", "-o", out, "--allow", allow)
    assert done.code == 0
    assert "error[XLT402] (allowed) said by the test" in done.err
    assert "base_model" in out.read_text(encoding="utf-8")


def test_allowing_something_else_does_not_help(ftx: Ftx, refused: Path) -> None:
    assert ftx("convert", refused, "--to", "axolotl", "--allow", "XLT401").code == 1


def test_the_report_is_written_whatever_happens(ftx: Ftx, refused: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    assert ftx("convert", refused, "--to", "axolotl", "--report", report).code == 1
    data = json.loads(report.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(json.loads(shipped("conversion"))).validate(data)
    assert data["refused"]
    assert "XLT402" in [d["code"] for d in data["diagnostics"]]
    done = ftx("convert", refused, "--to", "axolotl", "--report", report, "--allow", "all",
               "--force")  # fmt: skip
    assert done.code == 0
    data = json.loads(report.read_text(encoding="utf-8"))
    assert not data["refused"]
    assert data["allowed"] == ["XLT402"]


def test_diagnostics_as_json(ftx: Ftx, refused: Path) -> None:
    done = ftx("convert", refused, "--to", "axolotl", "--format", "json")
    data = json.loads(done.err)
    jsonschema.Draft202012Validator(json.loads(shipped("diagnostics"))).validate(data)
    said = next(d for d in data["diagnostics"] if d["code"] == "XLT402")
    assert said["message"] == "said by the test"
    assert said["line"] == 3
    missing = json.loads(ftx("convert", "none.yaml", "--to", "ir", "--format", "json").err)
    assert [d["code"] for d in missing["diagnostics"]] == [Code.UNREADABLE.code]


def test_quiet_and_verbose(ftx: Ftx, tmp_path: Path) -> None:
    config = tmp_path / "a.yaml"
    config.write_text(
        AXOLOTL.read_text(encoding="utf-8") + "no_such_key: 1\ndataset_processes: 4\n",
        encoding="utf-8",
    )
    normal = ftx("convert", config, "--to", "ir")
    assert "warning[CFG001] no_such_key (1)" in normal.err
    assert f"{config}:37:14:" in normal.err
    assert "37 | no_such_key: 1\n     |              ^" in normal.err
    assert "more with -v" in normal.err
    verbose = ftx("convert", config, "--to", "ir", "-v")
    assert "dataset_processes" in verbose.err
    assert "dataset_processes" not in normal.err
    assert ftx("convert", config, "--to", "ir", "-q").err == ""


def test_standard_input(tmp_path: Path) -> None:
    data = AXOLOTL.read_bytes()
    done = _process("convert", "-", "--to", "axolotl", input=data)
    assert (done.returncode, done.stdout) == (0, data)
    empty = _process("convert", "-", "--to", "axolotl", input=b"")
    assert empty.returncode == 2
    assert b"<stdin>: error[SYN004] is empty" in empty.stderr


def test_from_forces_a_format(ftx: Ftx) -> None:
    done = ftx("convert", AXOLOTL, "--to", "axolotl", "--from", "ir")
    assert done.code == 2
    assert "error[SYN002]" in done.err


def test_set_changes_one_value(ftx: Ftx) -> None:
    done = ftx("convert", AXOLOTL, "--to", "axolotl", "--set", "lora_r=8", "--set", "seed=1")
    text = AXOLOTL.read_text(encoding="utf-8")
    assert done.out == text.replace("lora_r: 16", "lora_r: 8").replace("seed: 7", "seed: 1")


# --- the other commands --------------------------------------------------------------------------


def test_a_value_from_the_command_line_stands_where_it_replaces_one(ftx: Ftx) -> None:
    replaced = ftx("ir", AXOLOTL, "--set", "lora_r=many")
    assert f"{AXOLOTL}:3:9: error" in replaced.err
    added = ftx("ir", AXOLOTL, "--set", "lorar=3")
    assert f"{AXOLOTL}: warning[CFG001] lorar (3)" in added.err


def test_ir_prints_what_convert_reads(ftx: Ftx, tmp_path: Path) -> None:
    done = ftx("ir", AXOLOTL)
    assert done.code == 0
    path = tmp_path / "x.ir.json"
    path.write_text(done.out, encoding="utf-8")
    assert ftx("diff", path, AXOLOTL).code == 0
    assert ftx("convert", path, "--to", "ir").out == done.out


def test_diff_says_1_when_something_differs(ftx: Ftx, tmp_path: Path) -> None:
    other = tmp_path / "b.yaml"
    text = AXOLOTL.read_text(encoding="utf-8")
    other.write_text(text.replace("lora_r: 16", "lora_r: 8"), encoding="utf-8")
    same = ftx("diff", AXOLOTL, AXOLOTL)
    assert (same.code, same.err) == (0, "")
    assert same.out.endswith("mean the same\n")
    done = ftx("diff", AXOLOTL, other)
    assert done.code == 1
    assert f"--- {AXOLOTL} (axolotl)" in done.out
    assert "- 16  (line 3: lora_r)" in done.out
    assert "+ 8  (line 3: lora_r)" in done.out
    data = json.loads(ftx("diff", AXOLOTL, other, "--format", "json").out)
    jsonschema.Draft202012Validator(json.loads(shipped("diff"))).validate(data)
    assert ftx("diff", AXOLOTL, "none.yaml").code == 2


def test_schema_prints_each(ftx: Ftx) -> None:
    listed = ftx("schema").out.split()
    assert set(listed) == set(names())
    assert {"ir", "diagnostics", "conversion", "diff", "matrix", "catalog-models"} <= set(listed)
    for name in listed:
        schema = json.loads(ftx("schema", name).out)
        jsonschema.Draft202012Validator.check_schema(schema)


# --- the process ---------------------------------------------------------------------------------


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    ftx = f"{sys.executable} -c 'from translator.cli import main; main()'"
    command = f"set -o pipefail; {ftx} schema ir | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout == "{\n"
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_output_that_is_full_is_said() -> None:
    ftx = f"{sys.executable} -c 'from translator.cli import main; main()'"
    command = ["bash", "-c", f"{ftx} schema ir > /dev/full"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "ftx: the output cannot be written: No space left on device\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_crash(closed: str) -> None:
    ftx = f"{sys.executable} -c 'from translator.cli import main; main()'"
    command = ["bash", "-c", f"{ftx} convert - --to ir {closed}"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr


def test_an_interrupt_is_130() -> None:
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # as in a shell
        "from translator.cli import main; print('ready', flush=True); main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, "convert", "-", "--to", "ir"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(1)  # it waits for standard input, which stays open
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Traceback" not in err


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colour_only_where_it_is_wanted(variables: dict[str, str], coloured: bool) -> None:
    inherited = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    done = _process("convert", "none.yaml", "--to", "ir", env={**inherited, **variables})
    assert done.returncode == 2
    assert (b"\x1b[" in done.stderr) == coloured
