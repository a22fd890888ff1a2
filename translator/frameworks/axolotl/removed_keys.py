"""Keys that Axolotl 0.19 no longer has: it refuses a file that sets one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from translator.diagnostics import Severity
from translator.frameworks.axolotl.lookup import no_effect, refuse
from translator.lens import Coverage, Row
from translator.reading import Reader
from translator.record import Record
from translator.writing import Writer

_FORMER = (
    "unsloth_cross_entropy_loss", "unsloth_lora_mlp", "unsloth_lora_qkv", "unsloth_lora_o",
    "unsloth_rms_norm", "unsloth_rope",
)  # fmt: skip
"""Removed too (axolotl/utils/schemas/validation.py: check_deprecated_unsloth_fields)."""

_REFUSED = {
    "max_packed_sequence_len": "sample_packing and sequence_len replace it",
    "s2_attention": "shifted sparse attention is gone",
    "flash_attn_rms_norm": "the model's own norms are used",
    "rpo_alpha": "its loss is gone from TRL",
    "dpo_use_logits_to_keep": "a kernel that is gone from TRL",
    "dpo_generate_during_eval": "samples during evaluation are gone from TRL",
    "dpo_norm_loss": "its loss is gone from TRL",
    **dict.fromkeys(_FORMER, "lora_mlp_kernel and its like replace it"),
}
"""Keys that 0.19 stops at (axolotl/utils/schemas/deprecated.py), and what became of them."""


class Refused(Record, kw_only=False):
    """Keys that were removed: Axolotl refuses a file that sets one."""

    names: Mapping[str, str]

    def read(self, reader: Reader) -> None:
        for name, why in self.names.items():
            node = reader.node(name)
            if node is None:
                continue
            if not node.value:
                no_effect(reader, (name,), "it is off", verbose=True)
            else:
                reason = f"is refused by 0.19 and not carried: {why}"
                refuse(reader, (name,), node, reason, Severity.WARNING)

    def write(self, writer: Writer) -> None:
        """Nothing of it is in the recipe."""

    def coverage(self) -> Iterable[Coverage]:
        return ()

    def spellings(self) -> Iterable[str]:
        return self.names


ROWS: tuple[Row, ...] = (Refused(_REFUSED),)
