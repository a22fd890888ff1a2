"""Statements between a trainer's construction and its ``train()``: what no keyword says.

Written and read here:

- a step's loss as the mean of its micro batches' means: ``trainer.model_accepts_loss_kwargs``
  (transformers/trainer.py:1961, 5.16; seen in gradients);
- weight decay of norms and biases: ``trainer.get_decay_parameter_names`` (trainer.py:1184);
- a share of the steps as warm-up, with an upper bound: ``trainer.args.warmup_steps``.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator

from translator import ir
from translator.frameworks.unsloth.pycode import literal
from translator.writing import Writer

SECTION = "after_trainer"
"""Where a writer collects the statements, and a reader finds what they say."""
MEAN, DECAY, WARMUP = "micro_batch_mean", "decays_norms", "warmup"


def put_micro_batch_mean(writer: Writer) -> None:
    """The loss of a step as the mean over its micro batches."""
    comment = "a step's loss is the mean over micro batches"
    writer.put((SECTION, MEAN), f"trainer.model_accepts_loss_kwargs = False  # {comment}")


def put_decay(writer: Writer) -> None:
    """Weight decay of all that is trained."""
    writer.put(
        (SECTION, DECAY),
        "# Norms and biases decay like all weights.\n"
        "trainer.get_decay_parameter_names = lambda model: [\n"
        "    name for name, _ in model.named_parameters()\n"
        "]",
    )


def put_warmup(writer: Writer, warmup: ir.WarmupRatio) -> bool:
    """Warm-up over a share of the steps and at most so many; False where no one can count them."""
    recipe = writer.document.recipe
    if not isinstance(recipe.duration, ir.Epochs) or recipe.data.streaming:
        return False
    accumulation, epochs = recipe.batching.accumulation, recipe.duration.count
    updates = "len(trainer.get_train_dataloader())"
    if accumulation > 1:
        updates = f"math.ceil({updates} / {accumulation})"
    if epochs != int(epochs):
        updates = f"math.ceil({updates} * {literal(epochs)})"
    elif epochs != 1:
        updates = f"{updates} * {int(epochs)}"
    whole = "int" if warmup.rounding == "down" else "math.ceil"
    share = f"{whole}({literal(warmup.ratio)} * steps)"
    writer.put(
        (SECTION, WARMUP),
        f"steps = {updates}  # updates in all\ntrainer.args.warmup_steps = min({warmup.at_most}, {share})",
    )
    return True


def settings(tree: ast.Module) -> Iterator[tuple[str, object, ast.AST]]:
    """What a script's statements say: (name, value, syntax) for each that is one of these.

    The value is True, and for the warm-up [ratio, bound, rounding].
    """
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute)):
            continue
        name, value = node.targets[0].attr, node.value
        if name == "model_accepts_loss_kwargs":
            if isinstance(value, ast.Constant) and value.value is False:
                yield MEAN, True, node
        elif name == "get_decay_parameter_names":
            if isinstance(value, ast.Lambda) and _all_names(value.body):
                yield DECAY, True, node
        elif name == "warmup_steps":
            bounded = _bounded_share(value)
            if bounded is not None:
                yield WARMUP, bounded, node


def _all_names(body: ast.expr) -> bool:
    """``[name for name, _ in model.named_parameters()]``."""
    return (
        isinstance(body, ast.ListComp)
        and len(body.generators) == 1
        and not body.generators[0].ifs
        and ast.unparse(body.generators[0].iter).endswith(".named_parameters()")
    )


def _bounded_share(value: ast.expr) -> list[object] | None:
    """``min(100, int(0.03 * steps))``."""
    if not (isinstance(value, ast.Call) and ast.unparse(value.func) == "min"):
        return None
    if len(value.args) != 2 or not isinstance(value.args[0], ast.Constant):
        return None
    share = value.args[1]
    rounding = {"int": "down", "math.floor": "down", "math.ceil": "up"}
    if not isinstance(share, ast.Call) or ast.unparse(share.func) not in rounding:
        return None
    (product,) = share.args if len(share.args) == 1 else (None,)
    if not (isinstance(product, ast.BinOp) and isinstance(product.op, ast.Mult)):
        return None
    ratio, bound = product.left, value.args[0].value
    if not isinstance(ratio, ast.Constant) or not isinstance(ratio.value, float):
        return None
    if not isinstance(bound, int) or not math.isfinite(ratio.value):
        return None
    return [ratio.value, bound, rounding[ast.unparse(share.func)]]
