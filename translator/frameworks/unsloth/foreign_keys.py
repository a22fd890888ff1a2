"""Keys that only the source's framework has and that plain Python in a script says as well."""

from __future__ import annotations

import re
from collections.abc import Iterable

from translator.diagnostics import Severity
from translator.frameworks.unsloth.pycode import literal, pattern_text
from translator.ir import OnlineObjective
from translator.lens import Coverage
from translator.reading import Reader
from translator.record import Record
from translator.writing import Writer

DEDUPLICATE = ("statements", "deduplicate")
FREEZE = ("statements", "freeze")
CONFIGURE = ("statements", "configure")
"""Where this row leaves what the script has to do; see :mod:`.render` and :mod:`.data_code`."""

_READ_WHILE_TRAINING = ("output_router_logits",)
"""Settings of a model's configuration that count when they are changed after loading:
transformers/models/mixtral/modeling_mixtral.py (5.16), ``forward``."""


_HANDED_ON = frozenset(
    [
        "top_p",
        "top_k",
        "min_p",
        "repetition_penalty",
        "generation_kwargs",
        "chat_template_kwargs",
        "num_iterations",
        "epsilon_high",
        "delta",
        "mask_truncated_completions",
        "importance_sampling_level",
        "sync_ref_model",
        "ref_model_mixup_alpha",
        "ref_model_sync_steps",
        "log_completions",
        "num_completions_to_print",
        "num_generations_eval",
        "generation_batch_size",
        "steps_per_generation",
    ]
)


class ForeignKeys(Record):
    """A row without fields: it only writes."""

    def read(self, reader: Reader) -> None:
        """A script has none of these keys."""

    def write(self, writer: Writer) -> None:
        _quantized_experts(writer)
        _frozen_weights(writer)
        _configuration(writer)
        _online_settings(writer)
        if (left := writer.leftover("dataset_exact_deduplication")) is not None:
            writer.put(DEDUPLICATE, True)
            writer.tell(left, "the script leaves out rows that it has seen")

    def coverage(self) -> Iterable[Coverage]:
        return ()

    def spellings(self) -> Iterable[str]:
        return ()


def _quantized_experts(writer: Writer) -> None:
    """unsloth_zoo/temporary_patches/moe_utils_bnb4bit.py (2026.10.9): 4 bit only."""
    left = writer.leftover("quantize_moe_experts")
    if left is None:
        return
    quantization = writer.document.recipe.quantization
    if quantization is not None and quantization.kind == "nf4":
        writer.tell(left, "Unsloth quantises experts together with the other weights")
    else:
        why = "Unsloth quantises experts in 4 bit only; they stay in 16 bit and take more memory"
        writer.tell(left, why, Severity.WARNING)


def _frozen_weights(writer: Writer) -> None:
    """axolotl/utils/freeze.py: names are matched from their start, dots are dots; a range of rows
    may stand behind a pattern."""
    left = writer.leftover("unfrozen_parameters")
    if left is None or not isinstance(left.value, list):
        return
    patterns = [str(pattern) for pattern in left.value]
    if writer.document.recipe.adapter is not None:
        why = "only the adapters are trained, as beside any adapter"
        writer.tell(left, why, Severity.WARNING)
        return
    if any(re.search(r"\[[0-9]*(:[0-9]*)?\]$", pattern) for pattern in patterns):
        return
    dotted = [re.sub(r"\.(?!\+)", r"\\.", pattern) for pattern in patterns]
    listed = "".join(f"    {pattern_text(pattern)},\n" for pattern in dotted)
    test = "any(re.match(pattern, name) for pattern in TRAINED_WEIGHTS)"
    writer.put(
        FREEZE,
        f"TRAINED_WEIGHTS = [\n{listed}]\n"
        "for name, weight in model.named_parameters():\n"
        f"    weight.requires_grad = {test}",
    )
    writer.tell(left, "the script freezes all other weights")


def _online_settings(writer: Writer) -> None:
    """axolotl/utils/schemas/trl.py: settings that it hands on to TRL's configuration as they are."""
    if not isinstance(writer.document.recipe.objective, OnlineObjective):
        return
    for left in writer.document.leftovers:
        section, _, name = left.key.rpartition(".")
        if section == "trl" and name in _HANDED_ON:
            writer.put(f"args.{name}", left.value)
            writer.tell(left, "a setting of TRL's")


def _configuration(writer: Writer) -> None:
    lines = []
    for left in writer.document.leftovers:
        section, _, name = left.key.rpartition(".")
        if section not in ("model_config", "overrides_of_model_config"):
            continue
        if name in _READ_WHILE_TRAINING:
            lines.append(f"model.config.{name} = {literal(left.value)}")
            writer.tell(left, "set after loading")
    if lines:
        writer.put(CONFIGURE, "\n".join(lines))


ROWS = (ForeignKeys(),)
