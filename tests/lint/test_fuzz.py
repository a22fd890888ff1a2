"""A few damaged files; ``scripts/lint_fuzz.py`` tries as many as one likes."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import lint_fuzz
import pytest

SAMPLES = Path(__file__).parent.parent.parent / "fixtures"


def test_damaged_files_lead_to_no_fault(tmp_path: Path) -> None:
    files = lint_fuzz.samples([SAMPLES])
    texts = [data.decode("utf-8", "replace") for _, data in files]
    folder = tmp_path / "here"
    folder.mkdir()
    for number in range(80):
        made = lint_fuzz.made(number, 7, files, texts)
        assert made == lint_fuzz.made(number, 7, files, texts)
        assert lint_fuzz.fault_of(number, made, folder) is None, number


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("while True: pass", "no end"),
        ("os._exit(9)", "the process died"),
        ("raise ValueError", "ValueError at "),
        ("path.write_bytes(b'x')", "a file was changed"),
        ("(path.parent / 'other').touch()", "a file was changed"),
        ("return 3", "exit code 3"),
    ],
)
def test_each_fault_is_noticed(
    content: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watchdog sees what it is there to see, and goes on behind it."""
    space = {"os": lint_fuzz.os, "Path": Path}
    exec(  # a linter that goes wrong at the inputs with odd numbers only
        "def spoilt(console, request):\n"
        "    path = Path(request.paths[0])\n"
        "    path = path if path.suffix else next(path.iterdir())\n"
        "    if request.diff: return 0\n"
        f"    {content}\n"
        "    return 0\n",
        space,
    )
    monkeypatch.setattr(lint_fuzz, "run_lint", space["spoilt"])
    monkeypatch.setattr(lint_fuzz, "HANGS", 0.5)
    options = Namespace(folders=[SAMPLES], first=0, count=4, seed=1, workers=2, fast=False)
    found = dict(lint_fuzz.watched(options, tmp_path))
    for log in tmp_path.glob("*.log"):
        for line in log.read_text("utf-8").splitlines():
            number, _, what = line.partition("\t")
            found[int(number)] = what
    assert sorted(found) == [1, 3]
    assert all(what.startswith(fault) for what in found.values()), found
