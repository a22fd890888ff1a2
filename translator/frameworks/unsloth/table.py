"""Unsloth's table: the rows of every part, in the order in which values depend on each other."""

from __future__ import annotations

from functools import cache

from translator.diagnostics import Severity
from translator.frameworks.unsloth import (
    data_rows,
    foreign_keys,
    model,
    objective,
    optimization,
    others,
    run,
    touched,
)
from translator.frameworks.unsloth.defaults import Flavour
from translator.frameworks.unsloth.own_trainers import LIBRARY
from translator.frameworks.unsloth.rows import flavour_of
from translator.lens import DROPPED, Table
from translator.reading import Reader
from translator.tree import Address


@cache
def table() -> Table:
    """The table; it does not load unless every field of the IR has a row."""
    return Table(
        "Unsloth",
        (
            *model.ROWS,
            *objective.ROWS,
            *optimization.ROWS,
            *data_rows.ROWS,
            *run.ROWS,
            *others.ROWS,
            *touched.ROWS,
            *foreign_keys.ROWS,
        ),
        _fate,
    )


_FORMER = frozenset(("chars_per_token", "infinite", "num_of_sequences", "force_use_ref_model",
                     "model_adapter_name", "ref_adapter_name", "judge", "teacher_model", "per_gpu_train_batch_size",
                     "per_gpu_eval_batch_size", "include_inputs_for_metrics", "adafactor",
                     "tpu_metrics_debug", "push_to_hub_model_id", "push_to_hub_organization",
                     "torchdynamo", "fsdp_transformer_layer_cls_to_wrap", "ray_scope",
                     "use_mps_device", "use_legacy_prediction_loop", "past_index",
                     "mp_parameters", "dispatch_batches", "split_batches", "sharded_ddp",
                     "use_ipex", "xpu_backend", "evaluate_during_training"))  # fmt: skip
"""Arguments that trainers of TRL and TrainingArguments took once and that are no settings today
(unsloth/models/rl_config_compat.py:66, 2026.10.9)."""
_LIBRARIES = ("trl", "transformers", "unsloth", "")
"""Where classes come from whose arguments are known; empty where a script does not say."""


def _fate(reader: Reader, address: Address) -> tuple[str, Severity]:
    """unsloth/models/rl_config_compat.py:363 (2026.10.9): classes that Unsloth has put in the place
    of TRL's tell each keyword that they drop; the others raise a TypeError. That is certain where
    no version has taken the keyword."""
    section, name = address[0], str(address[-1])
    if section not in ("args", "trainer"):
        return DROPPED, Severity.WARNING
    own = reader.peek(section, "base") is not None
    never = len(address) == 2 and name not in LIBRARY and name not in _FORMER
    grave = Severity.ERROR if never and not own else Severity.WARNING
    if section == "trainer":  # unsloth/trainer.py, ``_route_unknown_trainer_kwargs``
        return "and the trainer refuses it", grave
    kind = str(reader.value("args", "class") or "").rpartition(".")[2]
    if own or not kind.endswith(("Config", "TrainingArguments")):
        return "which does not read it", Severity.WARNING
    if flavour_of(reader.facts) is Flavour.PATCHED:
        return "which drops it with a warning", Severity.WARNING
    return f"and {kind} refuses it", grave


def pass_over_own_names(reader: Reader) -> None:
    """Marks what a class of the script's own declares, or one of a package that is not known, as
    seen: whether it reads a name is its own affair."""
    reader.used.add(("script", "unsloth_import"))
    declared = reader.value("args", "declared")
    own = set(declared) if isinstance(declared, list) else set()
    for section in ("args", "trainer"):
        node = reader.tree.get((section,))
        if node is None or not node.is_mapping:
            continue
        foreign = str(reader.value(section, "library") or "") not in _LIBRARIES
        for name in node.value:
            theirs = foreign or (section == "args" and name in own)
            if theirs and f"{section}.{name}" not in table().known_keys:
                reader.used.add((section, name))
