"""Marks the tests that are known to fail today, so that a new failure shows.

``known_failures.txt`` lists them by the start of their id. A line goes when its fault is mended.
"""

from __future__ import annotations

from pathlib import Path

import pytest

KNOWN = tuple((Path(__file__).parent / "known_failures.txt").read_text("utf-8").split("\n"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(tuple(line for line in KNOWN if line)):
            item.add_marker(pytest.mark.xfail(reason="listed in known_failures.txt", strict=False))
