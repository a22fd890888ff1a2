"""The answer: a band of memory, its terms, and a verdict for each device."""

from __future__ import annotations

from typing import Literal

from translator.document import Document
from translator.estimate.catalog import Gpu, common_gpus
from translator.estimate.catalog import gpu as gpu_by_name
from translator.estimate.instants import instants
from translator.estimate.packages import without_packages
from translator.estimate.reading import Reading, read
from translator.estimate.reserved import band
from translator.estimate.term import Instant
from translator.estimate.workload import Workload
from translator.record import Record, replace

GIB = 1 << 30
CONTEXT = 500 << 20
"""Bytes the driver takes for a process before it has allocated anything: 501 MiB on an A100, less
on smaller cards (AgileRL's measurements)."""
HOPPER_WORKSPACES = 64 << 20
ERROR = 0.06
"""Share of the allocated estimate that a device must have left to be worth a try: few published
runs came closer to 80 GiB than this and were finished."""

Verdict = Literal["fits", "tight", "does not fit"]


class Judgement(Record):
    """What one device makes of a run."""

    gpu: Gpu
    verdict: Verdict
    reason: str


class Estimate(Record):
    """Peak memory of one device in bytes. ``reserved`` is the most that the allocator may hold,
    ``context`` what the driver takes beside."""

    file: str
    framework: str
    model: str
    how: str
    work: Workload
    peak: Instant
    instants: tuple[Instant, ...]
    reserved_low: int
    reserved: int
    assumptions: tuple[str, ...]
    judgements: tuple[Judgement, ...]
    named: bool
    """Whether the user named the device."""
    context: int = CONTEXT

    @property
    def allocated(self) -> int:
        """The most bytes alive at once."""
        return self.peak.bytes


def judge(allocated: int, reserved: int, device: Gpu) -> Judgement:
    """Fits when everything the allocator may hold does; tight when only what is alive does."""
    room = device.bytes - CONTEXT
    if reserved <= room:
        left = (room - reserved) / GIB
        return Judgement(gpu=device, verdict="fits", reason=f"{left:.1f} GiB to spare")
    if allocated * (1 + ERROR) <= room:
        reason = ("what is alive fits, what the allocator holds on to may not; "
                  "PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True helps")  # fmt: skip
        return Judgement(gpu=device, verdict="tight", reason=reason)
    short = (allocated - room) / GIB
    if short <= 0:
        return Judgement(gpu=device, verdict="does not fit", reason="nothing is left over")
    return Judgement(gpu=device, verdict="does not fit", reason=f"{short:.1f} GiB short")


def on_device(work: Workload, device: Gpu) -> Workload:
    """The workload with what depends on the device's generation."""
    major = float(device.capability or 8)
    return replace(work, workspaces=HOPPER_WORKSPACES) if major >= 9 else work


def estimate(
    document: Document,
    *,
    gpu: str | None = None,
    gpus: int | None = None,
    shape: str | None = None,
    length: int | None = None,
) -> Estimate:
    """Peak memory of one device of a run.

    ``gpu`` names the device, ``gpus`` says how many share the run, ``shape`` is the ``config.json``
    of a model that ftx does not know, ``length`` the longest sequence in tokens.

    Raises:
        FtxError: unknown device; unknown model dimensions.
    """
    devices = (gpu_by_name(gpu),) if gpu is not None else common_gpus()
    reading: Reading = read(document, shape=shape, gpus=gpus, length=length)
    return of_workload(
        reading.work,
        devices,
        file=document.path,
        framework=document.format,
        how=reading.model.how,
        assumptions=reading.assumptions,
        named=gpu is not None,
    )


def of_workload(
    work: Workload,
    devices: tuple[Gpu, ...],
    *,
    file: str,
    framework: str,
    how: str = "",
    assumptions: tuple[str, ...] = (),
    named: bool = True,
) -> Estimate:
    """The same for a workload at hand."""
    if named:
        work = on_device(work, devices[0])
    found = instants(work)
    assumptions = (*assumptions, *without_packages(work, framework))
    top = max(found, key=lambda instant: instant.bytes)
    low, high = band(work)
    return Estimate(
        file=file,
        framework=framework,
        model=work.shape.id,
        how=how,
        work=work,
        peak=top,
        instants=found,
        reserved_low=low,
        reserved=high,
        assumptions=assumptions,
        judgements=tuple(judge(top.bytes, high, device) for device in devices),
        named=named,
    )
