"""A value lies outside what Axolotl takes.

What it does
Compares numbers with the bounds of Axolotl's schema, lists that must not be empty, and the words
of `chat_template`, `large_head_attention` and `image_resize_algorithm`.

Why it matters
`axolotl train` ends with an error.

When it is fine
Never.

References
Field constraints of axolotl/utils/schemas (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule
from translator.nearest import nearest
from translator.tree import Address

RULE = Rule(
    code="CFG131",
    name="value-out-of-range",
    severity=Severity.ERROR,
    words=(
        "relora_prune_ratio",
        "ebft",
        "dynamic_checkpoint",
        "dpo_loss",
        "datasets",
        "pretraining_dataset",
        "fsdp_config",
        "chat_template",
        "large_head",
        "image_resize",
    ),
    formats=("axolotl",),
    bad={"axolotl": "chat_template: llamma3  # <-\n"},
    good={"axolotl": "chat_template: llama3\n"},
)

BOUNDS: dict[str, tuple[float, float]] = {
    "relora_prune_ratio": (0, 1),
    "ebft.gt_length_multiplier": (0.1, inf),
    "ebft.stride": (1, inf),
    "ebft.context_length": (1, inf),
    "ebft.generate_max_len": (1, inf),
    "ebft.n_samples_per_prompt": (1, inf),
    "ebft.temperature": (0, inf),
    "ebft.top_p": (0, 1),
    "ebft.min_completion_prefix": (0, inf),
    "dynamic_checkpoint.check_interval": (1, inf),
    "fsdp_config.min_num_params": (1, inf),
}
FILLED = (
    "datasets", "test_datasets", "pretraining_dataset", "dpo_loss_type", "dpo_loss_weights",
)  # fmt: skip
TEMPLATES = (
    "alpaca", "chatml", "mistral_v1", "mistral_v2v3", "mistral_v3_tekken", "mistral_v7_tekken",
    "gemma", "cohere", "llama3", "llama3_2_vision", "llama4", "phi_3", "phi_35", "deepseek_v2",
    "deepseek_v3", "jamba", "jinja", "qwen_25", "qwen3", "qwen3_5", "falcon_h1", "nemotron_h",
    "tokenizer_default", "exaone", "exaone4", "metharme", "pixtral", "llava", "qwen2_vl", "gemma3",
    "gemma3n", "gemma4", "gemma4_unified", "command_a", "command_a_tool_use", "command_a_rag",
    "aya",
)  # fmt: skip
WORDS = {
    "large_head_attention": ("auto", "sdpa", "triton_flash"),
    "image_resize_algorithm": ("bilinear", "bicubic", "lanczos"),
}


def check(file: File) -> Iterator[Diagnostic]:
    """A finding for each such value."""
    for key, (least, most) in BOUNDS.items():
        value = file.value(key)
        if isinstance(value, int | float) and not least <= value <= most:
            bounds = f"at least {least}" if most == inf else f"between {least} and {most}"
            yield RULE.at(file, file.at(key), f"{key}: {value} must be {bounds}")
    for key in FILLED:
        if file.value(key) == []:
            yield RULE.at(file, file.at(key), f"{key}: the list is empty")
    yield from _template(file, "chat_template")
    for key in ("datasets", "test_datasets"):
        for address, _ in file.elements(key):
            yield from _template(file, (*address, "chat_template"))
    for key, words in WORDS.items():
        value = file.value(key)
        if isinstance(value, str) and value.lower() not in words:
            yield RULE.at(file, file.at(key), f"{key}: {value!r} is none of {', '.join(words)}")


def _template(file: File, key: str | Address) -> Iterator[Diagnostic]:
    name = file.value(key)
    if not isinstance(name, str) or name in TEMPLATES:
        return
    if name.startswith("tokenizer_default_fallback_"):
        return
    close = nearest(name, TEMPLATES, 0.5)
    yield RULE.at(
        file,
        file.at(key),
        f"chat_template: {name!r} is none of Axolotl's templates",
        help=f"did you mean {close}?" if close else None,
        fix=file.replace(key, close, safe=False) if close else None,
    )
