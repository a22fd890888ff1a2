"""ftx: fine-tuning configurations between Axolotl, torchtune and Unsloth.

The public interface. Everything here is loaded when it is first used, so ``import translator`` by
itself costs nothing.

>>> from translator import convert, diff, load
>>> document = load("proto.py")                                # doctest: +SKIP
>>> document.recipe.adapter.rank                               # doctest: +SKIP
16
>>> print(convert(document, to="axolotl").text)                # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from translator.api import convert, load, loads
    from translator.codes import Code
    from translator.comparison import Difference, diff
    from translator.diagnostics import Diagnostic, Severity
    from translator.document import Conversion, Document, Leftover, Origin
    from translator.errors import (
        FtxError,
        LossError,
        NotAConfigError,
        UnreadableError,
        UnresolvedError,
    )
    from translator.ir import Recipe
    from translator.spans import Span

__version__ = "0.1.0"

__all__ = [
    "Code",
    "Conversion",
    "Diagnostic",
    "Difference",
    "Document",
    "FtxError",
    "Leftover",
    "LossError",
    "NotAConfigError",
    "Origin",
    "Recipe",
    "Severity",
    "Span",
    "UnreadableError",
    "UnresolvedError",
    "__version__",
    "convert",
    "diff",
    "load",
    "loads",
]

_HOMES = {
    "api": ("convert", "load", "loads"),
    "codes": ("Code",),
    "comparison": ("Difference", "diff"),
    "diagnostics": ("Diagnostic", "Severity"),
    "document": ("Conversion", "Document", "Leftover", "Origin"),
    "errors": ("FtxError", "LossError", "NotAConfigError", "UnreadableError", "UnresolvedError"),
    "ir": ("Recipe",),
    "spans": ("Span",),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value  # also puts the function in front of a submodule of the same name
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
