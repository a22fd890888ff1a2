"""Looks into data files that lie on this machine."""

from __future__ import annotations

import json
import os

from translator.ir import (
    InstructionRows,
    LabelledRows,
    MessageRows,
    PreferenceRows,
    Rows,
    TextRows,
)
from translator.source import folder_of, is_regular_file

_HEAD = 200_000
"""Bytes that are read at most; a first row that is longer stays unknown."""


def local_file(name: str, config: str) -> str | None:
    """A data file by a relative path: from the working directory, else from the configuration's
    folder or the one above it."""
    if "://" in name or not name:
        return None
    beside = folder_of(config)
    for folder in ("", beside, folder_of(os.path.normpath(beside))):
        path = os.path.join(folder, name)
        if is_regular_file(path):
            return path
    return None


def first_row(path: str) -> set[str] | None:
    """The columns of the first row; None for a file that cannot be looked into."""
    try:
        with open(path, "rb") as stream:
            text = stream.read(_HEAD).decode("utf-8-sig", "replace")
    except OSError:
        return None
    if path.endswith(".csv"):
        import csv

        return set(next(csv.reader(text.splitlines()[:1]), [])) or None
    if not path.endswith((".json", ".jsonl")):
        return None
    text = text.lstrip()
    if text.startswith("["):
        text = text[1:].lstrip()
    try:
        row, _ = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return None
    if not isinstance(row, dict) or any(
        isinstance(v, list) and v[:1] == [row] for v in row.values()
    ):
        return None
    return set(row)


def first_rows(path: str) -> list[dict[str, object]]:
    """The whole rows at the beginning of a JSON or JSON Lines file; none for any other."""
    if not path.endswith((".json", ".jsonl")):
        return []
    try:
        with open(path, "rb") as stream:
            text = stream.read(_HEAD).decode("utf-8-sig", "replace").lstrip()
    except OSError:
        return []
    text, decoder = text.removeprefix("["), json.JSONDecoder()
    rows: list[dict[str, object]] = []
    while text := text.lstrip(" \t\r\n,"):
        try:
            row, end = decoder.raw_decode(text)
        except ValueError:
            break
        if not isinstance(row, dict):
            return []
        rows.append(row)
        text = text[end:]
    return rows


def count_rows(path: str, enough: int) -> int | None:
    """The rows of a JSON or JSON Lines file, counted up to ``enough``; None when that cannot be
    said."""
    if not path.endswith((".json", ".jsonl")):
        return None
    try:
        whole = os.path.getsize(path) < _HEAD
    except OSError:
        return None
    rows = first_rows(path)
    return len(rows) if rows and (whole or len(rows) >= enough) else None


def columns_of(rows: Rows) -> list[str]:
    """The columns without which no row can be made; optional ones are left out."""
    if isinstance(rows, TextRows):
        return [rows.column]
    if isinstance(rows, MessageRows):
        return [rows.column]
    if isinstance(rows, InstructionRows):
        return [name for name in (rows.instruction, rows.output) if name]
    if isinstance(rows, PreferenceRows):
        return [rows.chosen, rows.rejected]
    if isinstance(rows, LabelledRows):
        return [rows.prompt, rows.completion, rows.label]
    return []
