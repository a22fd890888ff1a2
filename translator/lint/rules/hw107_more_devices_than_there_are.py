"""The file splits the model over more devices than there are.

What it does
Compares the product of the parallel sizes with `--gpus`.

Why it matters
The launcher waits for ranks that never come, or ends with an error about the world size.

When it is fine
Never.

References
axolotl, `tensor_parallel_size`, `context_parallel_size`, `dp_shard_size`; torchtune,
`tensor_parallel_dim`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="HW107",
    name="more-devices-than-there-are",
    severity=Severity.ERROR,
    options=("gpus",),
    settings={"gpus": 2},
    words=("parallel", "dp_"),
    bad={"axolotl": "context_parallel_size: 4  # <-\nattn_implementation: flash_attention_2\n"},
    good={"axolotl": "context_parallel_size: 2\nattn_implementation: flash_attention_2\n"},
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the size."""
    gpus, parallel = file.options.gpus, file.recipe.parallelism
    shared = parallel.tensor * parallel.context
    if gpus is None or shared <= 1 or gpus % shared == 0:
        return
    yield RULE.at(
        file,
        file.where("parallelism.context" if parallel.context > 1 else "parallelism.tensor"),
        f"{shared} devices share the model, and {gpus} is no multiple of that",
    )
