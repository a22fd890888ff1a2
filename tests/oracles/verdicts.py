"""The protocol of the acceptors: a JSON list of files on stdin, JSON verdicts on stdout.

An acceptor runs in the environment of the framework it asks, where ftx is not installed, once for
a whole batch: importing a framework takes many seconds, judging a file milliseconds.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Rejected(Exception):
    """A file that its framework would not run; the message says why."""


@contextmanager
def in_folder(path: Path) -> Any:
    """The folder of a file as working directory, as its head comment tells people to run it."""
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        yield
    finally:
        os.chdir(before)


def serve(judge: Callable[[Path], dict[str, Any]]) -> None:
    """Judges every file named on stdin.

    ``judge`` returns what is worth knowing about an accepted file and raises for a rejected one.
    Frameworks print: their stdout goes to stderr, so that stdout holds the verdicts alone.
    """
    files = json.load(sys.stdin)
    verdicts_stream = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    verdicts = []
    for name in files:
        verdict: dict[str, Any] = {"file": name, "ok": True, "error": None}
        try:
            path = Path(name).resolve()
            with in_folder(path):
                verdict["facts"] = judge(path)
        except Exception as error:
            verdict["ok"] = False
            verdict["error"] = f"{type(error).__name__}: {error}"
        verdicts.append(verdict)
    json.dump(verdicts, verdicts_stream)
    verdicts_stream.close()
