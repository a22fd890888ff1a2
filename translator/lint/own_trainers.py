"""A file that looks like one of Axolotl's, and that a program of the repository loads as its own."""

from __future__ import annotations

import os
import re

from translator.document import Document
from translator.frameworks.axolotl.recognising import strange_keys
from translator.repository import Repository

_LOADS = re.compile(r"yaml\.\w*load\w*\(|OmegaConf\.load\(|YAML\(")
_DATA = ("datasets", "pretraining_dataset")
_TEXTS = (".py", ".sh", ".md", "Makefile", ".slurm", ".sbatch")


def of_own_trainer(document: Document) -> bool:
    """Whether the author trains with a program of his own: the file names no data as Axolotl wants it
    and has a key that Axolotl has not, a Python file of the repository names it, one loads YAML, and
    nothing that names it speaks of Axolotl."""
    tree = document.tree
    keys = tree.value if tree is not None and tree.is_mapping else {}
    if not strange_keys(keys) or any(key in keys for key in _DATA):
        return False
    name = os.path.basename(document.path)
    quoted = re.compile(rf"[\"'/]{re.escape(name)}[\"']")
    named = loaded = False
    for path, text in Repository(document.path).files(*_TEXTS):
        if name in text and "axolotl" in text.lower():
            return False
        if path.endswith(".py"):
            named = named or quoted.search(text) is not None
            loaded = loaded or _LOADS.search(text) is not None
    return named and loaded
