"""How a command ends: with its exit code, and never with a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import NoReturn


def run_and_exit(command: Callable[[], int]) -> NoReturn:
    """Runs a command and exits the process with the code that it returns."""
    for stream in ("stdout", "stderr"):
        if getattr(sys, stream) is None:  # closed by who started the command
            setattr(sys, stream, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    try:
        code = command()
        sys.stdout.flush()
    except BrokenPipeError:
        # the reader has seen enough; keep the interpreter from complaining when it closes stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except KeyboardInterrupt:
        code = 130
    except OSError as error:  # reading and writing files are answered where they happen
        sys.stderr.write(f"ftx: the output cannot be written: {error.strerror or error}\n")
        code = 2
    except Exception as error:
        if os.environ.get("FTX_TRACEBACK"):
            raise
        sys.stderr.write(
            f"ftx: internal error, please report it: {type(error).__name__}: {error}\n"
            "FTX_TRACEBACK=1 shows where it happened\n"
        )
        code = 2
    sys.exit(code)
