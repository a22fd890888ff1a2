"""Keys of one file that Axolotl refuses together, though each has its meaning.

axolotl/utils/schemas/validation.py and config.py, version 0.19.
"""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Severity
from translator.ir import Every
from translator.reading import Reader


def check(reader: Reader) -> None:
    """Reports combinations that stop ``axolotl train`` before it starts."""
    values = reader.values
    strategy, interval = values["parallelism.strategy"], values["evaluation.interval"]
    saving = values["checkpoints.interval"]
    if strategy == "fsdp2" and values["optimizer.name"] == "adamw_bnb_8bit":
        _tell(reader, "optimizer", "FSDP2 wants adamw_torch_8bit instead")
    if strategy == "fsdp1" and values["parallelism.offload_parameters"] and _eight_bit(reader):
        _tell(reader, "optimizer", "FSDP1 with offloading takes no 8-bit optimizer")
    efficient = reader.value("fsdp_config", "cpu_ram_efficient_loading")
    if strategy == "fsdp2" and efficient and reader.value("load_in_4bit"):
        why = "FSDP2 cannot load 4-bit weights like this; set it to false"
        _tell(reader, "fsdp_config", why, "cpu_ram_efficient_loading")
    if values["evaluation.patience"] is not None and not (
        isinstance(interval, Every)
        and isinstance(saving, Every)
        and saving.steps % interval.steps == 0
    ):
        why = "it needs eval_steps and save_steps, the first a divisor of the second"
        _tell(reader, "early_stopping_patience", why)
    if reader.value("save_strategy") == "best" and not reader.value("metric_for_best_model"):
        _tell(reader, "save_strategy", "it needs metric_for_best_model")
    if values["data.streaming"] and not reader.value("max_steps"):
        named = "pretraining_dataset" if reader.peek("pretraining_dataset") else "streaming"
        _tell(reader, named, "a stream needs max_steps, as its length is not known")
    if reader.value("rl") == "kto" and reader.value("remove_unused_columns") is not False:
        _tell(reader, "rl", "kto needs remove_unused_columns: false")


def _eight_bit(reader: Reader) -> bool:
    return "8bit" in str(reader.values["optimizer.name"])


def _tell(reader: Reader, key: str, why: str, inner: str | None = None) -> None:
    address = (key,) if inner is None else (key, inner)
    node = reader.peek(*address)
    name = ".".join(address)
    shown = "" if node is None or node.is_mapping or node.is_sequence else f" ({node.plain()!r})"
    reader.say(
        Code.CONTRADICTION,
        Severity.WARNING,
        f"{name}{shown}: Axolotl refuses the combination: {why}",
        node,
        key=name,
    )
