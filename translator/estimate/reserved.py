"""From allocated to reserved: what the caching allocator holds on to.

PyTorch keeps freed blocks. What was freed at one instant in pieces of one size cannot always serve
the next instant, so the memory taken from the device is more than the most that was ever alive.
Before it reports that memory is exhausted the allocator gives cached blocks back, so a run may still
fit when *reserved* does not; *allocated* is what it cannot do without.
"""

from __future__ import annotations

from translator.estimate.instants import instants
from translator.estimate.workload import Workload


def band(work: Workload) -> tuple[int, int]:
    """(least, most) reserved bytes."""
    found = instants(work)
    top = max(i.bytes for i in found)
    low = min(i.bytes for i in found)
    return top, round(top + 0.25 * (top - low) + 0.03 * top)
