"""What a script does to its model and trainer beside the calls that make them.

Nothing here says what comes of it: each touch is named as it is written (``model.half()``,
``trainer.optimizer``, ``requires_grad``), with its value and its place, for
:mod:`translator.frameworks.unsloth.touched` to judge.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from translator.frameworks.unsloth.own_trainers import ALTERING
from translator.frameworks.unsloth.script_lineage import Lineage, ancestors, class_of
from translator.frameworks.unsloth.script_tree import TreeBuilder
from translator.syntax.evaluate import Program
from translator.syntax.evaluate_machine import Setting
from translator.syntax.evaluate_values import (
    Attribute,
    Each,
    External,
    Item,
    Known,
    Made,
    Many,
    Value,
)
from translator.tree import Node

_STEPS = 12
_CHANGING = frozenset((
    "half", "float", "double", "bfloat16", "requires_grad_", "apply", "load_state_dict",
    "load_adapter", "add_adapter", "set_adapter", "delete_adapter", "add_weighted_adapter",
    "merge_adapter", "unmerge_adapter", "merge_and_unload", "unload", "resize_token_embeddings",
    "init_weights", "reset_parameters", "freeze", "unfreeze", "register_forward_hook",
    "register_forward_pre_hook", "register_full_backward_hook",
))  # fmt: skip
"""Methods of a model that leave it another one, besides those of tensors that end in ``_``
(torch/nn/modules/module.py, peft/peft_model.py, transformers/modeling_utils.py)."""
_IN_PLACE = frozenset(("set_transform", "append", "extend", "insert", "pop", "remove", "clear"))
_READ_ELSEWHERE = frozenset((
    "train_dataset", "eval_dataset", "args", "tokenizer", "processing_class",
    "model_accepts_loss_kwargs", "get_decay_parameter_names", "label_names", "can_return_loss",
    "compute_metrics",
))  # fmt: skip


def touches(
    program: Program,
    builder: TreeBuilder,
    trainer: Made,
    lineage: Lineage,
    rows: Value | None,
    end: int,
) -> dict[str, Node]:
    """What happens to model, trainer and the ``rows`` that are trained on before call number ``end``,
    by the name of what it is."""
    found: dict[str, Node] = {}
    for setting in program.settings:
        name = _assigned(setting, trainer, lineage) if setting.order <= end else None
        if name is not None:
            found[name] = builder.node(setting.value, setting.at)
    for made in program.calls[:end]:
        receiver = made.receiver
        if made is lineage.peft and class_of(made).startswith(("Peft", "AutoPeft")):
            found["PeftModel.from_pretrained()"] = builder.leaf(builder.keywords(made), made.at)
        changes = made.name in _CHANGING or (made.name.endswith("_") and made.name[:1] != "_")
        if changes and receiver is not None and _of_model(receiver, lineage):
            content = builder.keywords(made)
            found[f"model.{made.name}()"] = builder.leaf(content or True, made.at)
    found |= _rows_in_place(program, builder, rows, end)
    times = [m.at for m in program.calls if m.name == "train" and m.receiver is trainer]
    again = next((at for at in times if times.count(at) > 1), None)
    if again is not None:
        found["trainer.train()"] = builder.leaf(times.count(again), again)
    return found


def _rows_in_place(
    program: Program, builder: TreeBuilder, rows: Value | None, end: int
) -> dict[str, Node]:
    """Methods that change a data set or a list of rows without giving a new one."""
    parts = set() if rows is None else {id(part) for part in ancestors(rows)}
    return {
        f"rows.{made.name}()": builder.leaf(builder.keywords(made) or True, made.at)
        for made in program.calls[:end]
        if made.name in _IN_PLACE and made.receiver is not None and id(made.receiver) in parts
    }


def later_arguments(
    program: Program, trainer: Made, end: int
) -> Iterator[tuple[str, Value, ast.AST]]:
    """What a script sets on ``trainer.args`` before call number ``end``."""
    for setting in program.settings:
        target = setting.target
        if setting.order > end:
            continue
        if isinstance(target, Attribute) and target.name == "args" and target.base is trainer:
            yield setting.name, setting.value, setting.at


def _assigned(setting: Setting, trainer: Made, lineage: Lineage) -> str | None:
    target = setting.target
    if isinstance(target, External) and target.last.endswith("Trainer"):
        return f"trainer.{setting.name}" if setting.name in ALTERING else None
    if setting.target is trainer:
        return None if setting.name in _READ_ELSEWHERE else f"trainer.{setting.name}"
    if not _of_model(setting.target, lineage):
        return None
    if isinstance(setting.target, Attribute) and setting.target.name.endswith("config"):
        return f"model.{setting.target.name}.{setting.name}"
    return f"model.{setting.name}" if isinstance(setting.target, Made) else setting.name


def _of_model(value: Value, lineage: Lineage) -> bool:
    """Whether something is the model, or a part of it."""
    made = [id(part) for part in (lineage.load, lineage.peft) if part is not None]
    for _ in range(_STEPS):
        if id(value) in made:
            return True
        if isinstance(value, Item):
            if value.base is lineage.load:
                return isinstance(value.key, Known) and value.key.value == 0
            value = value.base
        elif isinstance(value, Attribute):
            value = value.base
        elif isinstance(value, Each | Many):
            value = value.source
        elif isinstance(value, Made) and value.receiver is not None:
            value = value.receiver
        else:
            return False
    return False
