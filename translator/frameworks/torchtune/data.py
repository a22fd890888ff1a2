"""Rows about what is learned from and towards what: data sets, length, packing, objective."""

from __future__ import annotations

from typing import Any

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.torchtune.data_writing import (
    put_data,
    put_length,
    put_objective,
    put_packing,
    put_validation,
)
from translator.frameworks.torchtune.datasets import packing, read_sources
from translator.frameworks.torchtune.lookup import called, find, no_effect, refuse, surprise
from translator.frameworks.torchtune.tokenizing import wording
from translator.frameworks.torchtune.values import FLAG, LOSSES, number, positive, text
from translator.ir import (
    Objective,
    OnlineObjective,
    OtherObjective,
    Packing,
    PreferenceObjective,
    SeparateRows,
    SupervisedObjective,
)
from translator.lens import Always, Key, Row, Via
from translator.reading import Reader

_LORA = "recipes/lora_finetune_single_device.py"


def _key(reader: Reader) -> str:
    """``dataset``, or ``datasets`` of the recipe that mixes several."""
    return "datasets" if reader.peek("datasets") is not None else "dataset"


def _get_sources(reader: Reader) -> None:
    name = _key(reader)
    node = reader.peek(name)
    if node is None or node.value in ([], {}):
        reader.used.add((name,))
        message = f"{name} {'is missing' if node is None else 'is empty'}: no data is named"
        reader.say(Code.MISSING_KEY, Severity.ERROR, message, node, field="data.sources")
        reader.set("data.sources", (), reader.default("no data"))
        return
    sources = read_sources(reader, name, "data.sources", wording(reader))
    reader.set("data.sources", sources, reader.written((name,), node))


def _get_validation(reader: Reader) -> None:
    node = reader.peek("dataset_val")
    why = "torchtune evaluates only where dataset_val is given (main)"
    if node is None:
        reader.set("data.validation", None, reader.default(why))
        return
    sources = read_sources(reader, "dataset_val", "data.validation.sources", wording(reader))
    origin = reader.written(("dataset_val",), node)
    reader.set("data.validation", SeparateRows(sources=sources), origin)


def _get_length(reader: Reader) -> None:
    why = "torchtune/models/llama3/_model_builders.py: max_seq_len None, no truncation"
    found = find(reader, "tokenizer.max_seq_len", positive, None, why, field="data.max_length")
    node = reader.peek(_key(reader))
    count = len(node.value) if node is not None and node.is_sequence else 0
    places: list[Any] = [(_key(reader), n) for n in range(count)] or [(_key(reader),)]
    for place in places:
        own = find(reader, (*place, "max_seq_len"), positive, None)
        if found.value is None and own.value is not None:
            found = own
        elif own.written:
            no_effect(reader, (*place, "max_seq_len"), "tokenizer.max_seq_len counts")
    reader.set("data.max_length", found.value, found.origin)
    if found.value is not None and found.written:
        _say_what_a_limit_masks(reader, places)


def _say_what_a_limit_masks(reader: Reader, places: list[Any]) -> None:
    """torchtune/models/qwen2/_tokenizer.py:406: cutting the mask sets its last element."""
    path, _ = called(reader, "tokenizer")
    rows = [called(reader, *place)[0] or "" for place in places]
    written = reader.facts.get("kind") not in ("ppo", "grpo")  # there the model writes the answers
    if (
        written
        and (path or "").startswith("torchtune.models.qwen")
        and any(row.startswith("torchtune.") and "completion" not in row for row in rows)
    ):
        why = (
            "with a limit, torchtune's Qwen tokenizer leaves the last token of every row, the end "
            "of the answer, out of the loss; elsewhere it counts"
        )
        field = "data.sources[0].supervision.turn_ends"
        surprise(reader, ("tokenizer", "max_seq_len"), why, field=field)
    side = find(reader, "tokenizer.truncation_type", text, "right")
    if side.value != "right" and side.node is not None:
        why = "cuts long rows at their start"
        reader.leave(("tokenizer", "truncation_type"), side.node, why, Severity.WARNING)
    why = "torchtune/data/_utils.py:23: what is too long is cut at the end"
    reader.set("data.overlong", "truncate", reader.default(why))


def _get_packing(reader: Reader) -> None:
    found, _ = packing(reader, _key(reader))
    if reader.peek("dataset_val") is not None:
        packing(reader, "dataset_val")
    value = Packing(isolated=True, fill="in-order")
    reader.set("data.packing", found.value, found.origin)
    reader.set("data.packing.isolated", value.isolated, found.origin)
    reader.set("data.packing.fill", value.fill, found.origin)
    if found.value and not reader.values.get("data.max_length"):
        refuse(reader, ("tokenizer", "max_seq_len"), "must be set for packed data")


# --- objective -----------------------------------------------------------------------------------


def _get_objective(reader: Reader) -> None:
    path, _ = called(reader, "loss")
    node = reader.peek("loss", "_component_")
    kind = reader.facts.get("kind", "")
    origin = reader.default("the recipe's own") if node is None else reader.written(
        ("loss", "_component_"), node)  # fmt: skip
    name = (path or "").rpartition(".")[2]
    objective: Objective
    if kind == "knowledge_distillation":
        objective = _distillation(reader)
    elif kind == "ppo":
        objective = OtherObjective(name="ppo", settings=_settings(reader, _PPO))
        if node is not None:
            reader.leave(("loss", "_component_"), node, "the loss of PPO", Severity.ERROR)
    elif kind == "grpo":
        objective = _grpo(reader)
    elif name in _PREFERENCE:
        objective = _preference(reader, name)
    else:
        objective = SupervisedObjective()
        if node is not None and name not in LOSSES:
            why = "a loss that ftx does not know; cross entropy is told instead"
            reader.leave(("loss", "_component_"), node, why, Severity.ERROR)
    reader.set("objective", objective, origin)


_PREFERENCE = {"DPOLoss": "dpo", "RSOLoss": "dpo", "IPOLoss": "ipo", "SimPOLoss": "simpo"}
_PPO = (
    "gamma", "kl_coeff", "lmbda", "min_response_length", "penalise_no_eos", "ppo_batch_size",
    "ppo_epochs", "reward_penalty", "whiten_rewards", "max_generated_tokens", "temperature",
    "top_k", "forward_batch_size", "loss.epsilon", "loss.value_clip_range", "loss.value_coeff",
)  # fmt: skip


def _preference(reader: Reader, name: str) -> PreferenceObjective:
    method: Any = _PREFERENCE[name]
    usual = {"SimPOLoss": 2.0}.get(name, 0.1)
    strength = "gamma" if name == "RSOLoss" else "tau" if name == "IPOLoss" else "beta"
    beta = find(reader, f"loss.{strength}", number, usual, "torchtune/rlhf/loss/dpo.py:40")
    smoothing = find(reader, "loss.label_smoothing", number, 0.0, "torchtune/rlhf/loss/dpo.py:40")
    margin = find(reader, "loss.gamma", number, 0.5) if name == "SimPOLoss" else None
    for field, found in (("beta", beta), ("label_smoothing", smoothing)):
        reader.origins[f"objective.{field}"] = found.origin
    adapted = bool(reader.values.get("adapter"))
    _check_reference(reader)
    return PreferenceObjective(
        method=method,
        beta=beta.value,
        label_smoothing=smoothing.value,
        loss="hinge" if name == "RSOLoss" else None,
        margin=None if margin is None else margin.value,
        reference="none" if method == "simpo" else "base" if adapted else "copy",
    )


def _check_reference(reader: Reader) -> None:
    """The reference model of full DPO; usually the same weights once more."""
    own = reader.peek("checkpointer", "checkpoint_dir")
    reference = reader.peek("ref_checkpointer", "checkpoint_dir")
    node = reader.node("ref_checkpointer")
    if node is None:
        return
    if own is not None and reference is not None and own.plain() == reference.plain():
        no_effect(reader, ("ref_checkpointer",), "the reference starts from the same weights")
    else:
        why = "a reference model with weights of its own"
        reader.leave(("ref_checkpointer",), node, why, Severity.WARNING)


def _settings(reader: Reader, names: tuple[str, ...]) -> tuple[tuple[str, Any], ...]:
    pairs = []
    for name in names:
        address = tuple(name.split("."))
        value = reader.value(*address)
        if isinstance(value, str | int | float | bool):
            pairs.append((name, value))
            node = reader.node(*address)
            assert node is not None
            reader.leave(address, node, "a setting of the objective", Severity.ERROR)
    return tuple(sorted(pairs))


def _distillation(reader: Reader) -> OtherObjective:
    ratio = find(reader, "kd_ratio", number, 0.5, "recipes/knowledge_distillation_*.py")
    loss = find(reader, "kd_loss._component_", text, None)
    settings: dict[str, Any] = {"kd_ratio": ratio.value, "kd_loss": loss.value}
    for key in ("teacher_model", "teacher_checkpointer", "kd_ratio", "kd_loss"):
        node = reader.node(key)
        if node is not None:
            reader.leave((key,), node, "part of the distillation", Severity.ERROR)
    return OtherObjective(name="distillation", settings=tuple(sorted(settings.items())))


def _grpo(reader: Reader) -> OnlineObjective:
    rewards = reader.node("reward_functions")
    names: list[str] = []
    for position, node in enumerate(rewards.value if rewards and rewards.is_sequence else []):
        component = node.get(("_component_",))
        names.append(str(component.value) if component is not None else f"#{position}")
        reader.leave(("reward_functions", position), node, "a reward", Severity.WARNING)
    samples = find(reader, "grpo_samples", positive, 1, field="objective.generations")
    longest = find(reader, "max_generated_tokens", positive, None)
    warmth = find(reader, "temperature", number, 1.0)
    strength = find(reader, "loss.kl_coeff", number, 0.1)
    clip = find(reader, "loss.epsilon", number, 0.1)
    path, _ = called(reader, "loss")
    return OnlineObjective(
        generations=samples.value,
        max_completion_length=longest.value,
        beta=strength.value,
        epsilon=clip.value,
        temperature=warmth.value,
        loss=(path or "grpo").rpartition(".")[2],
        rewards=tuple(names),
    )


ROWS: tuple[Row, ...] = (
    Via(
        fields=("objective",),
        read_keys=("loss._component_", "loss.beta", "loss.label_smoothing"),
        get=_get_objective,
        put=put_objective,
        partly={
            "objective=label": ("refused", "no KTO recipe"),
            "objective=online": ("refused", "GRPO recipes are unregistered drafts"),
            "objective=other": ("refused", "settings of one framework only"),
            "objective=preference.margin": ("refused", "DPO only"),
            "objective=preference.max_prompt_length": ("refused", "no such limit"),
        },
    ),
    Via(
        fields=("data.sources.path", "data.sources.subset", "data.sources.split",
                "data.sources.files", "data.sources.file_format", "data.sources.revision",
                "data.sources.rows", "data.sources.format", "data.sources.supervision.prompt",
                "data.sources.supervision.roles", "data.sources.supervision.turns",
                "data.sources.supervision.turn_headers", "data.sources.supervision.turn_ends"),
        read_keys=("dataset", "datasets"),
        get=_get_sources,
        put=put_data,
        partly={
            "data.sources.rows=labelled": ("refused", "no such data set"),
            "data.sources.rows=prompt": ("refused", "no such data set"),
            "data.sources.rows=token": ("refused", "rows are always tokenized"),
            "data.sources.rows=instruction.images": ("refused", "text only"),
            "data.sources.rows=preference.text": ("refused", "the prompt is one column"),
            "data.sources.rows=preference.fields": ("refused", "the prompt is one column"),
            "data.sources.rows=message.images": ("refused", "text only"),
            "data.sources.rows=custom": ("refused", "code is not translated"),
            "data.sources.supervision.roles": ("approximated", "answers are the assistant's"),
            "data.sources.supervision.turn_headers": ("approximated", "they count in the loss"),
            "data.sources.supervision.turn_ends": ("approximated", "those of answers count"),
        },
    ),
    Via(
        fields=("data.validation",),
        read_keys=("dataset_val",),
        get=_get_validation,
        put=put_validation,
        partly={"data.validation=held_out": ("approximated", "main only, by slices of the split"),
                "data.validation=separate": ("approximated", "main only")},
    ),
    Via(
        fields=("data.max_length", "data.overlong"),
        read_keys=("tokenizer.max_seq_len", "tokenizer.truncation_type"),
        get=_get_length,
        put=put_length,
        partly={"data.overlong": ("approximated", "long rows are cut")},
    ),
    Via(
        fields=("data.packing", "data.packing.isolated", "data.packing.fill"),
        read_keys=("dataset.packed", "dataset.split_across_pack"),
        get=_get_packing,
        put=put_packing,
        partly={"data.packing.isolated": ("approximated", "rows never see one another"),
                "data.packing.fill": ("approximated", "packs are filled in the order of rows")},
    ),
    Key(
        field="data.shuffle",
        key="shuffle",
        conv=FLAG,
        default=False,
        why=f"{_LORA}: the recipe needs it",
        code=Code.LOST_ORDER,
        required=True,
    ),
    Always(
        field="data.streaming",
        value=False,
        why="torchtune/datasets/_sft.py: rows are loaded whole",
        code=Code.LOST_SOURCE,
        severity=Severity.WARNING,
        instead="downloads data sets whole and shuffles all of their rows; it does not stream them",
    ),
)  # fmt: skip
