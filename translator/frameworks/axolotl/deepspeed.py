"""DeepSpeed configurations: which ZeRO stage a name or a file means, and writing our own."""

from __future__ import annotations

import json
import os
import re
from typing import Any

from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.reading import Reader
from translator.record import Record
from translator.source import folder_of, is_regular_file
from translator.writing import Writer

_OWN_SIZES: dict[str, Any] = {
    "overlap_comm": True, "reduce_bucket_size": "auto", "max_live_parameters": 0,
    "sub_group_size": 0,
}  # fmt: skip
"""What Axolotl's own files for stage 3 ask for (deepspeed_configs/zero3*.json)."""
_PARENTS = 5
"""Folders above a configuration in which a file named relative to the start of the run may lie."""


class Plan(Record, kw_only=False):
    """What a DeepSpeed configuration does."""

    strategy: str
    offload_parameters: bool
    offload_optimizer: bool
    origin: Origin


def read_plan(reader: Reader) -> Plan | None:
    """The plan behind ``deepspeed:``, None when the key is absent."""
    node = reader.node("deepspeed")
    if node is None:
        return None
    origin = reader.written(("deepspeed",), node)
    value = node.plain()
    if isinstance(value, dict):
        return _from_config(reader, value, origin)
    name = str(value)
    config = beside(reader.path, name)
    if config is not None:
        return _from_config(reader, config, origin)
    stage = re.search(r"zero[-_]?([123])", os.path.basename(name.rstrip("/")).lower())
    if stage is None:
        reader.say(
            Code.ASSUMED,
            Severity.WARNING,
            f"deepspeed ({name!r}) is not beside the configuration, and its name does not tell the "
            "ZeRO stage; taken for ZeRO 2",
            node,
            key="deepspeed",
        )
    else:
        reader.say(
            Code.ASSUMED,
            Severity.NOTE,
            f"deepspeed ({name!r}): read by its name, as Axolotl's own file of that name",
            node,
            key="deepspeed",
        )
    number = stage[1] if stage else "2"
    sizes = _OWN_SIZES if number == "3" else {"overlap_comm": True}
    reader.facts["deepspeed"] = json.dumps(sizes)
    return Plan(f"zero{number}", *_offloads(number, os.path.basename(name)), origin)


def _offloads(stage: str, name: str) -> tuple[bool, bool]:
    """What the name of a file says goes to the host: (parameters, optimizer)."""
    if re.fullmatch(r"zero2(_torch_compile)?\.json", name):
        return False, True  # it has ``offload_optimizer``, though its name does not tell
    if "offload" not in name:
        return False, False
    parameters, optimizer = "offload_params" in name, "offload_optimizer" in name
    both = not (parameters or optimizer)
    return stage == "3" and (parameters or both), optimizer or both


def beside(config: str, name: str) -> dict[str, Any] | None:
    """The file that is named, from the folder of the configuration or from one above it: runs are
    started at the top of a repository."""
    folder = folder_of(config) or "."
    for _ in range(_PARENTS):
        file = os.path.join(folder, name)
        if is_regular_file(file):
            break
        folder = os.path.join(folder, os.pardir)
    else:
        return None
    try:
        with open(file, encoding="utf-8") as stream:
            content = json.load(stream)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError):
        return None
    return content if isinstance(content, dict) else None


def _from_config(reader: Reader, config: dict[str, Any], origin: Origin) -> Plan:
    zero = config.get("zero_optimization") or {}
    zero = zero if isinstance(zero, dict) else {}
    stage = zero.get("stage", 0)
    node = reader.peek("deepspeed")
    assert node is not None
    for name in ("optimizer", "scheduler", "gradient_clipping", "fp16"):
        # these sections override the YAML's own settings
        section = config.get(name)
        own = isinstance(section, dict) and any(
            value not in ("auto", True, False) for value in _leaves(section.get("params") or {})
        )
        if own or (name == "gradient_clipping" and isinstance(section, int | float)):
            reader.say(
                Code.SURPRISE,
                Severity.WARNING,
                f"deepspeed: its {name} ({section!r}) overrides the settings of this file",
                node,
                key="deepspeed",
            )
    told = {
        name: zero[key] for name in _OWN_SIZES for key in (f"stage3_{name}", name) if key in zero
    }
    reader.facts["deepspeed"] = json.dumps(told)
    return Plan(
        f"zero{stage}" if stage in (1, 2, 3) else "ddp",
        _is_off_device(zero.get("offload_param")),
        _is_off_device(zero.get("offload_optimizer")),
        origin,
    )


def _leaves(section: dict[str, Any]) -> list[object]:
    return [
        v for value in section.values() for v in (value if isinstance(value, list) else [value])
    ]


def _is_off_device(section: object) -> bool:
    return isinstance(section, dict) and section.get("device") in ("cpu", "nvme")


def write_plan(writer: Writer) -> None:
    """A side file for the stage, every size left to the trainer (``auto``).

    The file of an Axolotl source is named again instead.
    """
    tree = writer.document.tree
    own = tree.get(("deepspeed",)) if writer.document.format == "axolotl" and tree else None
    if own is not None:
        writer.put("deepspeed", own.plain(), "parallelism.strategy")
        return
    stage = int(writer.value("parallelism.strategy")[-1])
    zero: dict[str, Any] = {"stage": stage, "overlap_comm": True}
    if writer.value("parallelism.offload_optimizer"):
        zero["offload_optimizer"] = {"device": "cpu", "pin_memory": True}
    if stage == 3:
        if writer.value("parallelism.offload_parameters"):
            zero["offload_param"] = {"device": "cpu", "pin_memory": True}
        for name in ("reduce_bucket_size", "stage3_prefetch_bucket_size",
                     "stage3_param_persistence_threshold"):  # fmt: skip
            zero[name] = "auto"
        zero["stage3_gather_16bit_weights_on_model_save"] = True
    half = writer.value("precision.compute") == "float16"
    config = {
        "zero_optimization": zero,
        "fp16" if half else "bf16": {"enabled": "auto"},
        "gradient_accumulation_steps": "auto",
        "gradient_clipping": "auto",
        "train_batch_size": "auto",
        "train_micro_batch_size_per_gpu": "auto",
    }
    # said in the name as well, for who reads the configuration without this file
    off = ""
    if "offload_optimizer" in zero or "offload_param" in zero:
        both = "offload_optimizer" in zero and "offload_param" in zero
        parameters = "_params" if "offload_param" in zero else "_optimizer"
        off = "_cpuoffload_all" if both else f"_cpuoffload{parameters}"
    name = f"{writer.stem}.zero{stage}{off}.json"
    writer.files[name] = json.dumps(config, indent=2) + "\n"
    writer.put("deepspeed", name, "parallelism.strategy")
    why = f"the DeepSpeed settings are written to {name}, beside the configuration"
    writer.lose(Code.SIDE_FILE, "parallelism.strategy", why, Severity.NOTE)
