"""Fixes as users put them in: bytes, line ends, convergence, and what is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from ftx_process import ftx

from lint.examples import whole
from translator.diagnostics import Applicability, Diagnostic, Edit, Fix, Severity
from translator.lint.fixing import fix

TEXT, _ = whole(
    "axolotl",
    "adapter: qlora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\nload_in_4bit: true\n"
    "attn_implementation: flash  # ours: é\nseed: 1  # ftx: ignore[CFG101]\n",
)


def finding(*edits: Edit, safe: bool = True) -> Diagnostic:
    applicability = Applicability.SAFE if safe else Applicability.UNSAFE
    return Diagnostic(
        code="CFG101",
        severity=Severity.ERROR,
        message="",
        file="",
        fix=Fix(message="", edits=edits, applicability=applicability),
    )


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_only_the_edited_bytes_change(tmp_path: Path, newline: str, bom: bytes) -> None:
    file = tmp_path / "run.yaml"
    before = bom + TEXT.replace("\n", newline).encode()
    file.write_bytes(before)
    assert ftx("lint", "--no-cache", "--fix", file).code == 1
    safe = before.replace(b"  # ftx: ignore[CFG101]", b"")
    assert file.read_bytes() == safe
    assert ftx("lint", "--no-cache", "--fix", "--unsafe-fixes", file).code == 0
    assert file.read_bytes() == safe.replace(b": flash ", b": flash_attention_2 ")


def test_diff_shows_and_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(TEXT, encoding="utf-8")
    done = ftx("lint", "--no-cache", "--diff", file)
    assert done.code == 1
    assert "-seed: 1  # ftx: ignore[CFG101]\n+seed: 1\n" in done.out
    assert file.read_text("utf-8") == TEXT
    assert ftx("lint", "--no-cache", "--diff", "--select", "CFG101", file).code == 0


def test_standard_input_comes_back_fixed() -> None:
    done = ftx("lint", "-", "--stdin-filename", "run.yaml", "--fix", stdin=TEXT.encode())
    assert done.out == TEXT.replace("  # ftx: ignore[CFG101]", "")
    assert "error[CFG108]" in done.err
    assert "ignore[CFG101]" not in done.out
    good, _ = whole("axolotl", "seed: 1\n")
    same = ftx("lint", "-", "--stdin-filename", "run.yaml", "--fix", "-q", stdin=good.encode())
    assert same.out == good


def test_fixes_that_overlap_take_turns() -> None:
    def check(text: str) -> list[Diagnostic]:
        return [finding(Edit(start=0, end=1, text=""))] if text.startswith("a") else []

    both = [finding(Edit(start=0, end=2, text="x")), finding(Edit(start=1, end=3, text="y"))]
    assert fix("abc", both, check, unsafe=False).text == "xc"


def test_a_fix_that_breaks_the_file_is_not_kept() -> None:
    breaks = finding(Edit(start=0, end=1, text="["))
    result = fix("abc", [breaks], lambda text: None, unsafe=False)
    assert result.text == "abc"
    assert result.left == (breaks,)
    assert result.fixed == ()


def test_fixes_that_undo_one_another_come_to_an_end() -> None:
    def check(text: str) -> list[Diagnostic]:
        return [finding(Edit(start=0, end=1, text="b" if text[0] == "a" else "a"))]

    assert fix("a", check("a"), check, unsafe=False).text in ("a", "b")


def test_unsafe_fixes_want_to_be_asked_for() -> None:
    unsafe = finding(Edit(start=0, end=1, text="x"), safe=False)
    assert fix("abc", [unsafe], lambda text: [], unsafe=False).text == "abc"
    assert fix("abc", [unsafe], lambda text: [], unsafe=True).text == "xbc"
