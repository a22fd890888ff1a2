"""What a hybrid run takes when the packages with its mixers' kernels are not there.

transformers computes in PyTorch then, and says so in its log at most. Axolotl 0.19 installs
flash-linear-attention itself (its ``Requires-Dist``), nobody installs mamba-ssm.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.estimate.instants import peak
from translator.estimate.workload import Workload
from translator.record import replace

_PACKAGES = {
    "delta": "flash-linear-attention",
    "mamba": "mamba-ssm (with its scan in CUDA, MAMBA_KEEP_CUDA_BUILD=TRUE) and causal-conv1d",
    "mamba2": "mamba-ssm and causal-conv1d",
}
_INSTALLED = {("axolotl", "delta")}


def without_packages(work: Workload, framework: str) -> Iterator[str]:
    """What is assumed of kernels, with the peak in GiB where they are missing; nothing for other
    models, and for mixers that take the same either way."""
    mixer = work.shape.mixer
    if mixer is None or mixer.kind not in _PACKAGES or (framework, mixer.kind) in _INSTALLED:
        return
    plain = replace(work, kernels=replace(work.kernels, recurrence="torch"))
    yield (
        f"the kernels of {_PACKAGES[mixer.kind]} are taken to be installed; without them PyTorch "
        f"computes the model's mixers, and the peak is {peak(plain).bytes / 2**30:.1f} GiB"
    )
