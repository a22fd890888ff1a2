"""Peak GPU memory of a run, from its configuration alone: named terms, plain arithmetic, no torch.

``from translator.estimate import estimate`` gives the function; the parts are in modules of their own.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Estimate", "estimate", "judge", "suggest"]


def __getattr__(name: str) -> Any:
    """Loads a part when it is asked for."""
    if name in ("Estimate", "estimate", "judge"):
        from translator.estimate import report

        return getattr(report, name)
    if name == "suggest":
        # the function; importing the module of that name as well would hide it
        from translator.estimate.suggest import suggest

        return suggest
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
