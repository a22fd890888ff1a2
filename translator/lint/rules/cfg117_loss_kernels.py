"""Several fused implementations of the loss, or one that cannot work here.

What it does
Looks for more than one of `cut_cross_entropy`, `chunked_cross_entropy`, `liger_cross_entropy` and
`liger_fused_linear_cross_entropy`, and for conflicts of Liger's other kernels.

Why it matters
`axolotl train` ends with an error.

When it is fine
Never.

References
axolotl/utils/schemas/validation.py, `check_cross_entropy_conflicts`; integrations/liger/args.py
and integrations/cut_cross_entropy/args.py (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG117",
    name="loss-kernels",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("cross_entropy", "liger"),
    bad={"axolotl": "cut_cross_entropy: true  # <-\nliger_fused_linear_cross_entropy: true\n"},
    good={"axolotl": "cut_cross_entropy: true\n"},
)
LOSSES = (
    "cut_cross_entropy", "chunked_cross_entropy", "liger_cross_entropy",
    "liger_fused_linear_cross_entropy",
)  # fmt: skip


def plugin(file: File, name: str) -> bool:
    """Whether a plugin of Axolotl's own is loaded, whose checks run only then."""
    return any(f"integrations.{name}." in str(each) for each in file.value("plugins") or ())


CHECKS = (
    Refusal(
        lambda f: sum(bool(f.value(key)) for key in LOSSES) > 1,
        LOSSES,
        "one fused loss at a time, of " + ", ".join(LOSSES),
    ),
    Refusal(
        lambda f: (
            plugin(f, "cut_cross_entropy")
            and f.on("cut_cross_entropy")
            and not f.on("bf16", "fp16")
        ),
        ("cut_cross_entropy",),
        "cut_cross_entropy computes in 16 bits: say bf16 or fp16",
        "bf16: true",
    ),
    Refusal(
        lambda f: plugin(f, "cut_cross_entropy") and f.on("chunked_cross_entropy"),
        ("chunked_cross_entropy",),
        "chunked_cross_entropy does not go with the plugin for cut_cross_entropy",
    ),
    Refusal(
        lambda f: (
            plugin(f, "liger")
            and f.value("liger_swiglu") is not None
            and f.value("liger_glu_activation") is not None
        ),
        ("liger_swiglu",),
        "liger_swiglu is the former name of liger_glu_activation, and both are set",
    ),
    Refusal(
        lambda f: (
            plugin(f, "liger")
            and (f.value("liger_glu_activation") is True or f.value("liger_swiglu") is True)
            and f.value("tiled_mlp") is True
            and not f.on("tiled_mlp_use_original_mlp")
        ),
        ("tiled_mlp",),
        "tiled_mlp with liger_glu_activation needs tiled_mlp_use_original_mlp: true",
    ),
    Refusal(
        lambda f: (
            plugin(f, "liger")
            and f.value("tensor_parallel_size") > 1
            and f.on("liger_rms_norm", "liger_fused_linear_cross_entropy")
        ),
        ("liger_rms_norm", "liger_fused_linear_cross_entropy"),
        "Liger's kernels do not work with tensor parallelism",
    ),
    Refusal(
        lambda f: (
            plugin(f, "liger")
            and f.on("liger_use_token_scaling")
            and not f.on("liger_fused_linear_cross_entropy")
        ),
        ("liger_use_token_scaling",),
        "liger_use_token_scaling needs liger_fused_linear_cross_entropy",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
