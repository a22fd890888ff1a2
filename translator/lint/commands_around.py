"""Commands around a torchtune config, in its head and in scripts of its repository: what they give
counts as said, since ``tune run`` puts it over the file."""

from __future__ import annotations

import os
import re

from translator.lint.context import File

_COMMENT = re.compile(r"^[ \t]*#(.*)$", re.M)
_COMMAND = re.compile(r"\btune run\b([^\n]*)")
_CONFIG = re.compile(r"--config[= ]+[\"']?([^\s\"']+)")
_GIVEN = re.compile(r"(?<=\s)~?([A-Za-z_][\w.]*)=(?![\"']?<)")
"""Not ``=<YOUR_DIR>``: heads copied from torchtune's own files only show how it is done."""
_SCRIPTS = (".sh", ".slurm", ".sbatch", "Makefile", "justfile", "README.md")


def head(file: File) -> str:
    """The comments of a file, without their signs."""
    return "\n".join(_COMMENT.findall(file.document.text))


def given_by_commands(file: File) -> frozenset[str]:
    """The keys that commands give which run a config, as they are written (``checkpointer.output_dir``).

    In a script that names the config, a variable after ``--config`` stands for it.
    """
    name = os.path.basename(file.document.path)
    found: set[str] = set()
    for command in _commands(head(file)):
        found.update(_GIVEN.findall(command))
    for _, script in file.around.files(*_SCRIPTS):
        if name not in script:
            continue
        for command in _commands(script):
            config = _CONFIG.search(command)
            if config and (config[1].startswith("$") or os.path.basename(config[1]) == name):
                found.update(_GIVEN.findall(command))
    return frozenset(found)


def _commands(text: str) -> list[str]:
    return _COMMAND.findall(text.replace("\\\n", " "))
