"""``ftx lint`` as it is called most: paths, and options that take no value. To understand that needs
no click, whose loading is a quarter of the time that one file takes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

FLAGS: dict[str, tuple[str, bool]] = {
    "--skip-unknown": ("skip_unknown", True),
    "--exit-zero": ("exit_zero", True),
    "--fix": ("fix", True),
    "--unsafe-fixes": ("unsafe", True),
    "--diff": ("diff", True),
    "--statistics": ("statistics", True),
    "--isolated": ("isolated", True),
    "--no-cache": ("cache", False),
    "--no-gitignore": ("gitignore", False),
    "-v": ("verbose", True),
    "--verbose": ("verbose", True),
    "-q": ("quiet", True),
    "--quiet": ("quiet", True),
}
"""Option -> what it sets in a request."""
STYLES = ("full", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit")
"""The values of ``--format``."""


def plain_lint(arguments: Sequence[str]) -> Callable[[], int] | None:
    """The command that arguments ask for; None where click has to have a look at them."""
    if arguments[:1] != ["lint"] or os.name == "nt":  # where click itself expands ``*``
        return None
    paths = []
    settings: dict[str, Any] = {}
    rest = iter(arguments[1:])
    for argument in rest:
        if argument in FLAGS:
            name, value = FLAGS[argument]
            settings[name] = value
        elif argument == "--format":
            settings["style"] = next(rest, None)
            if settings["style"] not in STYLES:
                return None
        elif argument.startswith("-") or not argument:
            return None
        else:
            paths.append(argument)

    def command() -> int:
        from translator.commands_lint import Request, run_lint
        from translator.console import Console

        request = Request(paths=tuple(paths), **settings)
        return run_lint(
            Console(as_json=False, verbose=request.verbose, quiet=request.quiet), request
        )

    return command
