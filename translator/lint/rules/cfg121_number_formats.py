"""Number formats of weights or training that exclude each other.

What it does
Looks at `qat`, `quantize_moe_experts`, `model_quantization_config`, GPTQ and `fp8` beside
quantised loading and adapters.

Why it matters
`axolotl train` ends with an error.

When it is fine
Never.

References
config.py, `check_qat_config`, `check_quantize_moe_experts`; axolotl/utils/schemas/validation.py,
`check_model_quantization_config_vs_bnb`, `check_gptq_w_revision`, `check_fp8_config` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG121",
    name="number-formats",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=(
        "qat",
        "quantize_moe_experts",
        "model_quantization_config",
        "gptq",
        "fp8",
        "flash_optimum",
    ),
    bad={
        "axolotl": "model_quantization_config: Mxfp4Config  # <-\nload_in_4bit: true\nadapter: qlora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\n"
    },
    good={"axolotl": "model_quantization_config: Mxfp4Config\n"},
)

CHECKS = (
    Refusal(
        lambda f: f.value("flash_optimum") is True and f.on("fp16", "bf16"),
        ("flash_optimum",),
        "flash_optimum does not work with fp16 or bf16",
        "bfloat16: true in place of bf16",
    ),
    Refusal(
        lambda f: f.on("model_quantization_config") and f.on("load_in_4bit", "load_in_8bit"),
        ("model_quantization_config",),
        "model_quantization_config excludes load_in_4bit and load_in_8bit",
    ),
    Refusal(
        lambda f: f.on("gptq") and f.on("revision_of_model", "model_revision"),
        ("revision_of_model", "model_revision"),
        "a revision cannot be chosen for GPTQ weights",
    ),
    Refusal(
        lambda f: f.on("qat") and f.on("peft"),
        ("qat",),
        "qat and peft exclude each other",
    ),
    Refusal(
        lambda f: f.on("qat") and f.on("load_in_4bit", "load_in_8bit"),
        ("qat",),
        "qat trains full weights; load_in_4bit and load_in_8bit have none",
    ),
    Refusal(
        lambda f: (
            f.value("qat.weight_dtype") == "ternary"
            and f.value("qat.activation_dtype") not in (None, "int8")
        ),
        ("qat.activation_dtype",),
        "ternary weights go with activation_dtype: int8 alone",
    ),
    Refusal(
        lambda f: f.on("quantize_moe_experts") and f.on("lora_target_linear"),
        ("lora_target_linear",),
        "quantize_moe_experts excludes lora_target_linear",
        "name the experts in lora_target_parameters",
    ),
    Refusal(
        lambda f: f.on("quantize_moe_experts") and f.value("adapter") not in ("lora", "qlora"),
        ("quantize_moe_experts",),
        "quantize_moe_experts needs adapter: lora or qlora",
    ),
    Refusal(
        lambda f: f.on("quantize_moe_experts") and not f.on("load_in_4bit", "load_in_8bit"),
        ("quantize_moe_experts",),
        "quantize_moe_experts needs load_in_4bit or load_in_8bit",
    ),
    Refusal(
        lambda f: f.value("fp8_config") is not None and not f.on("fp8"),
        ("fp8_config",),
        "fp8_config needs fp8: true",
    ),
    Refusal(
        lambda f: (
            f.on("fp8_enable_fsdp_float8_all_gather")
            and (
                f.value("fsdp_version") != 2
                or f.value("fp8_config.recipe") not in (None, "tensorwise")
            )
        ),
        ("fp8_enable_fsdp_float8_all_gather",),
        "gathering in float8 needs fsdp_version: 2 and the tensorwise recipe",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
