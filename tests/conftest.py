"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# how long an example takes says more about the machine than about ftx: make bench measures
settings.register_profile("ftx", deadline=None)
settings.load_profile("ftx")
