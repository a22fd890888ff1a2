"""What kind of file a torchtune YAML is, and which recipe it belongs to.

A config does not name its recipe: the command line does, and the comments at the head of a file
usually repeat that line. The keys say of which kind the recipe is; among the recipes named in
comments, one of that kind is taken.
"""

from __future__ import annotations

import re

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.errors import NotAConfigError
from translator.frameworks.torchtune.components import recipes
from translator.record import Record
from translator.source import Source
from translator.tree import Node

_COMMENT = re.compile(r"^\s*#(.*)$", re.M)
_RUN = re.compile(r"tune run\b([^\n]*?)\s(?:recipes/)?([\w/]+?)(?:\.py)?\s+--config\b")
_WORD = re.compile(r"\w+")
_PROCESSES = re.compile(r"--nproc[-_]per[-_]node[= ]+(\d+)")
_NODES = re.compile(r"--nnodes[= ]+(\d+)")

_NO_TRAINING = (
    (("tasks",), "asks for an evaluation (eleuther_eval), not for training"),
    (("max_new_tokens", "prompt"), "asks for text to be generated, not for training"),
    (("quantizer",), "asks for a checkpoint to be quantised, not for training"),
)
_PACKAGES = ("torchtune", "torch", "torchao", "bitsandbytes", "transformers")
_OF_A_RUN = {"loss", "epochs", "batch_size", "gradient_accumulation_steps", "lr_scheduler"}
_COUNTING = {"epochs", "max_steps_per_epoch", "num_steps", "max_steps", "total_steps"}
_DISTRIBUTED = (
    "fsdp_cpu_offload", "fsdp_reshard_after_forward", "custom_sharded_layers", "tensor_parallel_dim",
    "tensor_parallel_plan", "data_parallel_shard_dim", "data_parallel_replicate_dim",
    "context_parallel_dim", "memory_efficient_fsdp_wrap", "enable_async_checkpointing", "fsdp",
)  # fmt: skip


class Belonging(Record, kw_only=False):
    """The recipe of a config, how that is known, and on how many devices its comments run it."""

    recipe: str
    why: str | None
    """None when a comment or the user names it."""
    gpus: int | None
    own: bool = False
    """Whether the recipe is likelier one of the author's own: a comment runs another, or the file
    names components of other packages."""
    named: str | None = None
    """The recipe that a comment runs, also where torchtune has none of that name."""

    @property
    def unknown(self) -> bool:
        """Whether a comment runs a recipe that torchtune does not have."""
        return self.named is not None and self.why is not None


def refuse_other_kinds(source: Source, tree: Node) -> None:
    """Raises NotAConfigError for a file that asks for no training."""
    keys = tree.value if isinstance(tree.value, dict) else {}
    if not keys:
        raise _refusal(source, "holds no torchtune configuration")
    if not any(address[-1:] == ("_component_",) for address, _ in tree.leaves()):
        raise _refusal(source, "is no torchtune configuration: it names no _component_")
    if "orchestration" in keys and "training" in keys:
        raise _refusal(
            source, "is for asynchronous GRPO, whose processes each have settings of their own"
        )
    if "optimizer" in keys:
        return
    for signs, what in _NO_TRAINING:
        if any(sign in keys for sign in signs):
            raise _refusal(source, what)
    if _COUNTING.isdisjoint(keys):
        raise _refusal(source, "has neither optimizer nor epochs, so it describes no training")
    if ("dataset" in keys or "datasets" in keys) and not _OF_A_RUN.isdisjoint(keys):
        return
    raise _refusal(source, "has neither optimizer nor dataset, so it describes no training")


def _refusal(source: Source, message: str) -> NotAConfigError:
    return NotAConfigError(
        Diagnostic(
            code=Code.NOT_A_CONFIG.code,
            severity=Severity.ERROR,
            message=f"{source.path} {message}",
            file=source.path,
        )
    )


def belonging(source: Source, tree: Node, wanted: str | None) -> Belonging:
    """The recipe of a config.

    Raises:
        NotAConfigError: the user names a recipe that does not exist.
    """
    comments = "\n".join(_COMMENT.findall(source.text)).replace("\\\n", " ")
    gpus = _devices(comments)
    if wanted is not None:
        known = recipes()
        if wanted not in known and f"dev/{wanted}" not in known:
            raise _refusal(source, f"cannot belong to {wanted!r}: torchtune has no such recipe")
        return Belonging(wanted if wanted in known else f"dev/{wanted}", None, gpus)
    kind = _kind(tree)
    named = [name for _, name in _RUN.findall(comments)]
    words = set(_WORD.findall(comments))
    named += [name for name in recipes() if name.rpartition("/")[2] in words]
    for name in named:
        full = next((r for r in recipes() if r in (name, f"dev/{name}")), None)
        if full is not None and kind_of(full) == kind:
            return Belonging(full, None, gpus, named=full)
    names = {name.removeprefix("dev/") for name in recipes()}
    called = (name.removeprefix("dev/") for _, name in _RUN.findall(comments))
    other = next((name for name in called if name not in names), None)
    own = other is not None or _foreign(tree)
    return Belonging(*_by_keys(tree, kind, comments), gpus, own, other)


def _foreign(tree: Node) -> bool:
    """Whether components come from packages that torchtune does not bring."""
    return any(
        isinstance(node.value, str) and node.value.partition(".")[0] not in _PACKAGES
        for address, node in tree.leaves()
        if address[-1:] == ("_component_",)
    )


def _devices(comments: str) -> int | None:
    for line in re.findall(r"tune run\b[^\n]*", comments):
        processes = _PROCESSES.search(line)
        if processes is not None:
            nodes = _NODES.search(line)
            return int(processes[1]) * (int(nodes[1]) if nodes else 1)
    return None


def _kind(tree: Node) -> str:
    """``full`` or ``lora`` weights, or the objective that has a recipe of its own."""
    keys = tree.value
    loss = _component(tree, "loss")
    adapted = "lora" if "lora_" in _component(tree, "model").rpartition(".")[2] else "full"
    if "teacher_model" in keys:
        return "knowledge_distillation"
    if "policy_model" in keys:
        return "ppo"
    if "grpo_samples" in keys or "GRPO" in loss:
        return "grpo"
    if loss.endswith(("DPOLoss", "RSOLoss", "IPOLoss", "SimPOLoss")):
        return f"{adapted}_dpo"
    if "quantizer" in keys:
        return "qat_lora" if adapted == "lora" else "qat"
    if "datasets" in keys:
        return "multi_dataset"
    if "early_exit_loss" in keys or "layer_dropout" in keys:
        return "early_exit"
    return adapted


def kind_of(recipe: str) -> str:
    """What a recipe trains: ``lora``, ``full_dpo``, ``ppo``, …, wherever it runs."""
    name = recipe.removeprefix("dev/")
    for kind in ("knowledge_distillation", "ppo", "early_exit", "qat_lora", "qat"):
        if name.startswith(kind):
            return kind
    for kind in ("grpo", "multi_dataset"):
        if kind in name:
            return kind
    return re.sub(r"_(finetune_)?(single_device|distributed)$", "", name)


def _component(tree: Node, key: str) -> str:
    node = tree.get((key, "_component_"))
    return str(node.value) if node is not None else ""


def _by_keys(tree: Node, kind: str, comments: str) -> tuple[str, str]:
    same = [name for name in recipes() if kind_of(name) == kind and "async" not in name]
    spread = next((key for key in _DISTRIBUTED if key in tree.value), None)
    if spread is not None:
        place, why = "distributed", f"{spread} is a key of the distributed recipes"
    elif "nproc" in comments or "distributed" in comments.lower():
        place, why = "distributed", "its comments speak of several devices"
    else:
        place, why = "single_device", "nothing in the file speaks of several devices"
    chosen = next((name for name in same if name.endswith(place)), same[0])
    return chosen, why
