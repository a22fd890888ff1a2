"""Components that torchtune 0.6.1 lacks, as files that ftx copies beside a written configuration.

Each module here stands alone: it imports torchtune and torch, nothing of ftx, and takes all its
settings from the YAML. ``tune`` puts the working directory on the import path
(torchtune/config/_instantiate.py:95), so a copy beside the configuration is found by its name.
"""

from __future__ import annotations

from importlib.resources import files

TURN_TOKENIZER = "turn_tokenizer"
SCHEDULES = "schedules"


def side_file(parts: tuple[str, ...], config: str) -> str:
    """The text of the module that goes beside ``config``: one or both parts, in this order."""
    texts = [files(__name__).joinpath(f"{part}.py").read_text("utf-8") for part in parts]
    head = f"# Used by {config}; keep it in the folder that `tune run` is started from.\n"
    return head + "\n\n".join(text.rstrip() + "\n" for text in texts)
