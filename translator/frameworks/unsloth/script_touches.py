"""What a script does to its model and trainer beside the calls that make them.

Nothing here says what comes of it: each touch is named as it is written (``model.half()``,
``trainer.optimizer``, ``requires_grad``), with its value and its place, for
:mod:`translator.frameworks.unsloth.touched` to judge.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from translator.frameworks.unsloth.own_trainers import ALTERING
from translator.frameworks.unsloth.script_lineage import Lineage, ancestors, is_stored_adapter
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
_ADAPTER_ORDER = ("model", "model_id", "adapter_name", "is_trainable", "config")
"""Arguments of ``PeftModel.from_pretrained`` (peft/peft_model.py, 0.20)."""
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
) -> dict[str, list[Node]]:
    """What happens to model, trainer and the ``rows`` that are trained on before call number ``end``,
    by the name of what it is: one node for each line that does it."""
    found: dict[str, dict[tuple[int, int], Node]] = {}

    def add(name: str, node: Node) -> None:
        found.setdefault(name, {})[node.span.line, node.span.column] = node

    for setting in program.settings:
        name = _assigned(setting, trainer, lineage) if setting.order <= end else None
        if name is not None:
            add(name, builder.node(setting.value, setting.at).placed(builder.span(setting.at)))
    for made in program.calls[:end]:
        name = _called(made, trainer, lineage, rows)
        if name is not None:
            order = _ADAPTER_ORDER if made is lineage.peft else ()
            add(name, builder.leaf(builder.keywords(made, order=order) or True, made.at))
    times = [m.at for m in program.calls if m.name == "train" and m.receiver is trainer]
    again = next((at for at in times if times.count(at) > 1), None)
    if again is not None:
        add("trainer.train()", builder.leaf(times.count(again), again))
    return {name: list(nodes.values()) for name, nodes in found.items()}


def _called(made: Made, trainer: Made, lineage: Lineage, rows: Value | None) -> str | None:
    """The name of a call that changes model, rows or settings, None for any other."""
    receiver, name = made.receiver, made.name
    if made is lineage.peft and is_stored_adapter(made):
        return "PeftModel.from_pretrained()"
    if isinstance(made.function, External) and made.function.name == "torch.compile":
        given = [argument.value for argument in made.arguments.positional[:1]]
        return "torch.compile()" if any(_of_model(value, lineage) for value in given) else None
    if receiver is None:
        return None
    if (
        name == "update"
        and isinstance(receiver, Attribute)
        and receiver.name == "__dict__"
        and (_among(receiver.base, trainer) or _among(trainer, receiver))
    ):
        return "__dict__.update()"
    if name in _IN_PLACE and rows is not None and _among(receiver, rows):
        return f"rows.{name}()"
    changes = name in _CHANGING or (name.endswith("_") and name[:1] != "_")
    return f"model.{name}()" if changes and _of_model(receiver, lineage) else None


def _among(value: Value, made: Value) -> bool:
    """Whether something is what ``made`` was made from."""
    return any(part is value for part in ancestors(made))


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
