"""Options of torch.compile or DeepCompile that have nothing to act on.

What it does
Looks at `torch_compile_options` without `torch_compile` or with unknown names, and at
`deepcompile` without DeepSpeed.

Why it matters
`axolotl train` ends with an error.

When it is fine
Never.

References
config.py, `validate_torch_compile_options` and `check_torch_compile_options_requires_compile`;
axolotl/utils/schemas/validation.py, `check_deepcompile` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG122",
    name="compile-options",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("compile",),
    bad={"axolotl": "torch_compile_options:  # <-\n  shape_padding: true\n"},
    good={"axolotl": "torch_compile: true\ntorch_compile_options:\n  shape_padding: true\n"},
)
OPTIONS = {
    "coordinate_descent_tuning", "coordinate_descent_check_all_directions", "shape_padding",
    "epilogue_fusion", "max_autotune_gemm", "fx_graph_cache", "assume_aligned_inputs",
    "comprehensive_padding", "decompose_mem_bound_mm", "triton.cudagraphs",
}  # fmt: skip

CHECKS = (
    Refusal(
        lambda f: set(f.value("torch_compile_options")) - OPTIONS,
        ("torch_compile_options",),
        "torch_compile_options takes " + ", ".join(sorted(OPTIONS)),
    ),
    Refusal(
        lambda f: f.value("torch_compile_options") is not None and not f.on("torch_compile"),
        ("torch_compile_options",),
        "torch_compile_options without torch_compile",
        "torch_compile: true",
    ),
    Refusal(
        lambda f: f.on("deepcompile") and not f.on("deepspeed"),
        ("deepcompile",),
        "deepcompile needs deepspeed",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
