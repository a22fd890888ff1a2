"""The command line's first lines: ``ftx``, and ``python -m translator``."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn

_OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""Loading makes thousands of functions and classes that stay. Python looks for garbage among them
after every 700; that took one part in twenty of a short run, and found none."""


def main() -> NoReturn:
    """Runs the command and exits the process."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    from translator.cli_lint import plain_lint  # only now: loading is most of a short run
    from translator.ending import run_and_exit

    try:
        if command := plain_lint(sys.argv[1:]):
            run_and_exit(command)
        from translator import cli

        cli.main()
    except SystemExit as end:
        # To take apart all that was loaded is one part in eleven of a short run.
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):  # told already, or nobody is left to tell
                stream.flush()
        os._exit(end.code if isinstance(end.code, int) else 1)


if __name__ == "__main__":
    main()
