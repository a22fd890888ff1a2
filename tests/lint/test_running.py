"""Which files are looked at, how the process ends, and what is kept between runs."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from ftx_process import ROOT, ftx

from lint.examples import whole
from translator.lint.checking import Checked
from translator.lint.walking import Found
from translator.lint.workers import in_processes

GOOD, _ = whole("axolotl", "seed: 1\n")
BAD, _ = whole("axolotl", "batch_size: 8\n")
SCRIPT = """\
from datasets import load_dataset
from rates import RATE
from trl import SFTConfig, SFTTrainer
from unsloth import FastLanguageModel

model, tokenizer = FastLanguageModel.from_pretrained("Qwen/Qwen2.5-0.5B", max_seq_length=512)
model = FastLanguageModel.get_peft_model(model, r=16, lora_alpha=16, random_state=1)
rows = load_dataset("tatsu-lab/alpaca", split="train")
SFTTrainer(
    model=model,
    processing_class=tokenizer,
    train_dataset=rows,
    args=SFTConfig(learning_rate=RATE, max_steps=60, seed=1),
).train()
"""


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_yaml", ".yaml").replace("_py", ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def files_told(folder: Path, *arguments: str) -> list[str]:
    done = ftx("lint", "--no-cache", "--isolated", "--format", "concise", *arguments, cwd=folder)
    return sorted({line.split(":")[0] for line in done.out.splitlines()})


def test_a_walk_finds_configurations_and_passes_over_the_rest(tmp_path: Path) -> None:
    write(
        tmp_path,
        a_yaml=BAD,
        deep__b_yaml=BAD,
        other_yaml="services:\n  web: {image: x}\n",
        node_modules__c_yaml=BAD,
        script_py="print(1)\n",
    )
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "d.yaml").write_text(BAD)
    assert files_told(tmp_path) == ["a.yaml", "deep/b.yaml"]
    assert files_told(tmp_path, "deep", "a.yaml", "a.yaml") == ["a.yaml", "deep/b.yaml"]
    assert files_told(tmp_path, "*.yaml", "--skip-unknown") == ["a.yaml"]


def test_a_walk_honours_gitignore(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    write(tmp_path, a_yaml=BAD, build__b_yaml=BAD, sub__keep_yaml=BAD, sub__drop_yaml=BAD)
    (tmp_path / ".gitignore").write_text("build/\n/sub/*\n!keep.yaml\n")
    assert files_told(tmp_path) == ["a.yaml", "sub/keep.yaml"]
    assert files_told(tmp_path, "sub") == ["sub/keep.yaml"]
    assert len(files_told(tmp_path, "--no-gitignore")) == 4
    assert files_told(tmp_path, "build/b.yaml") == ["build/b.yaml"]


def test_exit_codes(tmp_path: Path) -> None:
    write(
        tmp_path, good_yaml=GOOD, bad_yaml=BAD, other_yaml="a: 1\n", broken_yaml=f"{GOOD}  x: [\n"
    )
    assert ftx("lint", "--no-cache", "good.yaml", cwd=tmp_path).code == 0
    assert ftx("lint", "--no-cache", "bad.yaml", cwd=tmp_path).code == 1
    assert ftx("lint", "--no-cache", "broken.yaml", cwd=tmp_path).code == 1
    assert ftx("lint", "--no-cache", "other.yaml", cwd=tmp_path).code == 2
    assert ftx("lint", "--no-cache", "--skip-unknown", "other.yaml", cwd=tmp_path).code == 0
    missing = ftx("lint", "--no-cache", "nowhere.yaml", cwd=tmp_path)
    assert missing.code == 2
    assert "no such file" in missing.err
    assert missing.err.count("\n") == 1
    assert ftx("lint", "--no-such-option", cwd=tmp_path).code == 2


def test_standard_input(tmp_path: Path) -> None:
    done = ftx("lint", "-", "--stdin-filename", "x/run.yaml", stdin=BAD.encode(), cwd=tmp_path)
    assert done.code == 1
    assert done.out.startswith("x/run.yaml:1:13: error[CFG101]")


def test_the_cache_gives_the_same_answer(tmp_path: Path) -> None:
    write(tmp_path, ftx_toml="", a_yaml=BAD, b_yaml=GOOD)
    (tmp_path / "ftx.toml").write_text("")
    first = ftx("lint", "--format", "json", cwd=tmp_path)
    kept = tmp_path / ".ftx_cache" / "lint.json"
    assert kept.is_file()
    assert (kept.parent / ".gitignore").read_text() == "*\n"
    stamp = kept.stat().st_mtime_ns
    assert ftx("lint", "--format", "json", cwd=tmp_path) == first
    assert kept.stat().st_mtime_ns == stamp, "nothing new to keep"
    (tmp_path / "a.yaml").write_text(GOOD)
    assert ftx("lint", cwd=tmp_path).code == 0
    (tmp_path / "a.yaml").write_text(BAD)
    assert ftx("lint", "--ignore", "CFG", cwd=tmp_path).code == 0, "settings are part of the key"
    kept.write_text("{broken")
    assert ftx("lint", "--format", "json", cwd=tmp_path) == first


def test_the_cache_looks_at_what_a_result_depends_on(tmp_path: Path) -> None:
    folder = tmp_path / "team" / "runs"
    folder.mkdir(parents=True)
    write(folder, run_yaml=GOOD + "deepspeed: zero.json\n")
    (folder / "proto.py").write_text(SCRIPT)
    shared, rates = tmp_path / "zero.json", folder / "rates.py"

    def codes() -> set[str]:
        out = ftx("lint", "--exit-zero", "--format", "json", cwd=tmp_path).out
        return {each["code"] for each in json.loads(out)["diagnostics"]}

    shared.write_text('{"zero_optimization": {"stage": 2}}')
    rates.write_text("RATE = 2e-4\n")
    assert not codes() & {"DIST102", "TRAIN101"}
    shared.write_text('{"zero_optimization": {"stage": 2}, "train_micro_batch_size_per_gpu": 16}')
    rates.write_text("RATE = 2e+4\n")
    assert codes() >= {"DIST102", "TRAIN101"}
    shared.unlink()
    assert "DIST102" not in codes()


def test_many_files_in_two_processes_are_told_in_order(tmp_path: Path) -> None:
    write(tmp_path, **{f"f{number:03}_yaml": BAD for number in range(60)})
    done = ftx("lint", "--no-cache", "--isolated", "--format", "concise", cwd=tmp_path)
    names = [line.split(":")[0] for line in done.out.splitlines() if " CFG101 " in line]
    assert names == [f"f{number:03}.yaml" for number in range(60)]


def test_no_file_is_lost_among_processes() -> None:
    here = os.getpid()

    def check(file: Found) -> Checked:
        if file.path == "20" and os.getpid() != here:
            os._exit(1)  # a worker that dies
        return Checked(path=file.path, text="", format="axolotl", findings=[])

    for count in (30, 5000):
        files = [Found(str(number), False) for number in range(count)]
        results = in_processes(files, check, 3, None)
        assert [r.path for r in results if isinstance(r, Checked)] == [f.path for f in files]


def test_one_file_loads_no_heavy_module() -> None:
    code = (
        "import sys\nfrom translator.cli import _run\n"
        "_run(['lint', '--no-cache', 'fixtures/recipes/alpaca_qlora/axolotl.yaml'])\n"
        "print(*sys.modules, file=sys.stderr)\n"
    )
    import sys

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    loaded = set(done.stderr.split())
    heavy = {"torch", "libcst", "ruamel", "jsonschema", "rich", "asyncio", "multiprocessing"}
    assert not loaded & heavy
    rules = [name for name in loaded if name.startswith("translator.lint.rules.")]
    assert len(rules) < 60, "only rules that can have something to say are loaded"


@pytest.mark.parametrize(
    "command", [["explain", "CFG101"], ["rules"], ["rules", "--format", "json"]]
)
def test_rules_can_be_read_about(command: list[str]) -> None:
    done = ftx(*command)
    assert done.code == 0
    assert "batch-fields" in done.out
    wrong = ftx("explain", "CFG10l")
    assert wrong.code == 2
    assert "did you mean CFG1" in wrong.err


def test_portable_to_tells_what_would_be_lost(tmp_path: Path) -> None:
    text, _ = whole("axolotl", "val_set_size: 0.1  # ftx: ignore[XLT407] we know\neval_steps: 10\n")
    write(tmp_path, run_yaml=text)
    plain = ftx("lint", "--no-cache", "--format", "concise", "run.yaml", cwd=tmp_path)
    assert "XLT" not in plain.out
    told = ["lint", "--no-cache", "--format", "concise", "--portable-to", "torchtune", "run.yaml"]
    assert " XLT" in ftx(*told, cwd=tmp_path).out
    assert ftx(*told[:-2], "axolotl", "run.yaml", cwd=tmp_path).out == plain.out
