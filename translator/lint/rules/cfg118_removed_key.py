"""A key that Axolotl has removed, and refuses.

What it does
Looks for keys that former versions had and 0.19 ends with an error for: Unsloth's kernels inside
Axolotl, `max_packed_sequence_len`, `rope_scaling`, `s2_attention`, `flash_attn_rms_norm`, several
of DPO, `save_safetensors: false`, and data sets of `type: sharegpt`.

Why it matters
A file that trained last year ends with an error today.

When it is fine
With the version of Axolotl that the file was written for.

References
axolotl/utils/schemas/deprecated.py; validation.py, `check_deprecated_unsloth_fields` and
`deprecate_sharegpt_datasets`; model.py (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.frameworks.axolotl.placeholders import is_placeholder
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG118",
    name="removed-key",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=(
        "unsloth_",
        "max_packed",
        "rope_scaling",
        "dpo_",
        "rpo_alpha",
        "s2_attention",
        "flash_attn_rms_norm",
        "save_safetensors",
        "sharegpt",
    ),
    bad={"axolotl": "max_packed_sequence_len: 2048  # <-\n"},
    good={"axolotl": "sample_packing: true\nattn_implementation: flash_attention_2\n"},
)

REMOVED = {
    "unsloth_cross_entropy_loss": "cut_cross_entropy does the same",
    "unsloth_lora_mlp": "lora_mlp_kernel does the same",
    "unsloth_lora_qkv": "lora_qkv_kernel does the same",
    "unsloth_lora_o": "lora_o_kernel does the same",
    "unsloth_rms_norm": "Liger's plugin has liger_rms_norm",
    "unsloth_rope": "Liger's plugin has liger_rope",
    "max_packed_sequence_len": "sample_packing: true and sequence_len replace it",
    "rope_scaling": "it stands below overrides_of_model_config today",
    "dpo_use_logits_to_keep": None,
    "dpo_generate_during_eval": None,
    "dpo_norm_loss": None,
    "rpo_alpha": "dpo_loss_type: [sigmoid, sft] with dpo_loss_weights replaces it",
    "s2_attention": None,
    "flash_attn_rms_norm": None,
}
WHEN_NULL = {"dpo_use_logits_to_keep", "dpo_generate_during_eval", "dpo_norm_loss", "rpo_alpha"}
"""These are refused whatever their value, ``false`` as well; the others when they count as true."""


def check(file: File) -> Iterator[Diagnostic]:
    """A finding for each removed key or type."""
    for key, instead in REMOVED.items():
        value = file.value(key)
        unknown = key not in WHEN_NULL and is_placeholder(value)
        if (value and not unknown) or (value is not None and key in WHEN_NULL):
            yield RULE.at(
                file,
                file.at(key),
                f"{key} is gone: Axolotl refuses it",
                help=instead,
                fix=file.remove(key, safe=False),
            )
    if file.value("save_safetensors") is False:
        yield RULE.at(
            file,
            file.at("save_safetensors"),
            "save_safetensors: false is refused: transformers 5 writes safetensors alone",
            fix=file.remove("save_safetensors", safe=False),
        )
    for address, _ in file.elements("datasets"):
        kind = file.value((*address, "type"))
        if isinstance(kind, str) and kind.startswith("sharegpt"):
            yield RULE.at(
                file,
                file.at((*address, "type")),
                f"type: {kind} is refused",
                help="type: chat_template, with field_messages: conversations and "
                "message_property_mappings: {role: from, content: value}",
            )
