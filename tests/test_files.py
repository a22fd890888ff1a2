"""Files are written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from translator import FtxError
from translator.files import write_files


def _names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_texts_are_written_as_they_are(tmp_path: Path) -> None:
    files = {tmp_path / "a.yaml": "\ufeffa: ü\r\nb: 2", tmp_path / "b.json": "{}\n"}
    write_files(files, force=False)
    assert (tmp_path / "a.yaml").read_bytes() == "\ufeffa: ü\r\nb: 2".encode()
    assert _names(tmp_path) == ["a.yaml", "b.json"]


def test_nothing_is_written_when_one_file_exists(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("old")
    with pytest.raises(FtxError, match="b exists already") as caught:
        write_files({tmp_path / "a": "new", tmp_path / "b": "new"}, force=False)
    assert caught.value.diagnostics[0].help == "--force replaces it"
    assert _names(tmp_path) == ["b"]
    write_files({tmp_path / "a": "new", tmp_path / "b": "new"}, force=True)
    assert (tmp_path / "b").read_text() == "new"


def test_a_missing_folder_and_a_folder_in_place_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FtxError, match="there is no folder"):
        write_files({tmp_path / "none" / "a": ""}, force=True)
    with pytest.raises(FtxError, match="is a directory"):
        write_files({tmp_path: ""}, force=True)


def test_a_failure_leaves_the_old_content_and_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path / "a"))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(FtxError, match="a cannot be written: no space left"):
        write_files({tmp_path / "a": "new", tmp_path / "b": "new"}, force=True)
    assert _names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_permissions_follow_the_umask_or_the_old_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_files({tmp_path / "a": ""}, force=False)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640
    (tmp_path / "a").chmod(0o600)
    write_files({tmp_path / "a": "x"}, force=True)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_files({tmp_path / "link": "new"}, force=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_device_is_written_to_and_not_replaced() -> None:
    write_files({Path(os.devnull): "text"}, force=True)
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
