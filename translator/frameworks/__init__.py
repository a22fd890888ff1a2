"""The formats ftx speaks, each loaded when it is first needed."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from translator.frameworks.base import Framework

FORMATS = ("axolotl", "torchtune", "unsloth", "ir")


def framework(name: str) -> Framework:
    """The module of a format.

    Raises:
        KeyError: no such format.
    """
    if name not in FORMATS:
        raise KeyError(name)
    return cast("Framework", import_module(f"translator.frameworks.{name}"))
