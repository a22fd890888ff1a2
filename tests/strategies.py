"""Hypothesis strategies for recipes, derived from the IR's own annotations.

Fields whose type is wider than their meaning (a rank is no negative number, a model is one that
exists) have an entry in ``MEANINGFUL``; everything else follows from the dataclasses, so a new
field is generated without a change here.
"""

from __future__ import annotations

import types
from dataclasses import replace
from typing import Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st

from translator import ir
from translator.fields import hints, parts_of

_NAMES = st.sampled_from(["notes", "prompt", "answer", "my text", "größe", "it's", 'a "b"', "x{y}"])
_PATHS = st.sampled_from(["tatsu-lab/alpaca", "org/data-set", "mlabonne/FineTome-100k"])
_RATES = st.sampled_from([1e-6, 5e-6, 2e-5, 1e-4, 0.0002, 3e-4, 0.001])
_SHARES = st.sampled_from([0.0, 0.01, 0.05, 0.1, 0.5])
_SMALL = st.integers(min_value=1, max_value=64)
_PAIRS = st.just(())

MODELS = (
    "meta-llama/Llama-3.1-8B",
    "meta-llama/Llama-3.2-1B-Instruct",
    "meta-llama/Llama-2-7b-hf",
    "Qwen/Qwen2.5-7B-Instruct",
    "mistralai/Mistral-7B-v0.1",
    "google/gemma-2-9b",
)
SEVEN = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")

MEANINGFUL: dict[str, st.SearchStrategy[Any]] = {
    "Model.id": st.sampled_from(MODELS),
    "Model.revision": st.none(),
    "Model.directory": st.none(),
    "Model.files": _PAIRS,
    "Model.tokenizer": st.none(),
    "Model.modality": st.just("text"),
    "Model.special_tokens": st.sampled_from([(), (("pad_token", "<|finetune_right_pad_id|>"),)]),
    "Model.new_tokens": st.sampled_from([(), ("<tool>", "</tool>")]),
    "Model.rope_scaling": _PAIRS,
    "Adapter.rank": st.sampled_from([1, 4, 8, 16, 64, 256]),
    "Adapter.alpha": st.sampled_from([1.0, 8.0, 16.0, 32.0, 128.0]),
    "Adapter.dropout": _SHARES,
    "Adapter.modules": st.sampled_from([SEVEN, SEVEN[:4], ("q_proj", "v_proj"), ("all-linear",)]),
    "Adapter.module_pattern": st.none(),
    "Adapter.parameters": st.sampled_from([(), ("experts.gate_up_proj", "experts.down_proj")]),
    "Adapter.trained_modules": st.sampled_from([(), ("embed_tokens", "lm_head")]),
    "Adapter.initialization": st.sampled_from(["default", "gaussian", "pissa", "loftq"]),
    "Adapter.layers": st.sampled_from([None, (0, 1, 2)]),
    "Adapter.start_from": st.sampled_from([None, "org/adapter"]),
    "Adapter.b_learning_rate_ratio": st.sampled_from([None, 16.0]),
    "Quantization.kind": st.sampled_from(["nf4", "int8"]),
    "TextRows.column": _NAMES,
    "InstructionRows.instruction": _NAMES,
    "InstructionRows.input": st.one_of(st.none(), _NAMES),
    "InstructionRows.output": _NAMES,
    "InstructionRows.system": st.none(),
    "InstructionRows.with_input": st.sampled_from(
        ["{instruction}\n{input}", "Q: {instruction}\nC: {input}\nA: ", "{input} {instruction} ->"]
    ),
    "InstructionRows.without_input": st.sampled_from(["{instruction}", "Q: {instruction}\nA: "]),
    "InstructionRows.style": st.none(),
    "MessageRows.column": st.sampled_from(["messages", "conversations"]),
    "MessageRows.role_key": st.sampled_from(["role", "from"]),
    "MessageRows.content_key": st.sampled_from(["content", "value"]),
    "InstructionRows.fields": st.sampled_from([(), (("topic", "topic"), ("_1", "1"))]),
    "PreferenceRows.system": st.none(),
    "PreferenceRows.fields": st.sampled_from([(), (("topic", "topic"),)]),
    "PreferenceRows.text": st.sampled_from(["{prompt}", "Solve: {prompt}"]),
    "PromptRows.fields": st.sampled_from([(), (("topic", "topic"),)]),
    "PromptRows.text": st.sampled_from(["{prompt}", "Solve: {prompt}"]),
    "MessageRows.roles": st.sampled_from([(), (("gpt", "assistant"), ("human", "user"))]),
    "MessageRows.tools": st.none(),
    "CustomRows.reference": st.just("my_module.make_rows"),
    "CustomRows.code": st.sampled_from(
        [None, "def text_of(row, tokenizer):\n    return row['a'] + tokenizer.eos_token\n"]
    ),
    "CustomRows.marks": st.sampled_from([(), ("<user>", "<bot>\n")]),
    "ChatFormat.template": st.sampled_from(["tokenizer", "chatml", "llama3"]),
    "ChatFormat.jinja": st.none(),
    "ChatFormat.system_prompt": st.none(),
    "ChatFormat.end_is_eos": st.none(),
    "Supervision.roles": st.just(("assistant",)),
    "Source.path": _PATHS,
    "Source.subset": st.sampled_from([None, "default"]),
    "Source.split": st.sampled_from(["train", "train[:10%]", "test"]),
    "Source.files": _PAIRS,
    "Source.file_format": st.none(),
    "Source.revision": st.sampled_from([None, "main"]),
    "HeldOutRows.size": st.sampled_from([0.02, 0.05, 500.0]),
    "Data.max_length": st.sampled_from([None, 512, 2048, 8192]),
    "PreferenceObjective.loss": st.none(),
    "PreferenceObjective.margin": st.none(),
    "OnlineObjective.rewards": st.just(("reward",)),
    "OnlineObjective.reward_weights": _PAIRS,
    "OtherObjective.name": st.just("ppo"),
    "OtherObjective.settings": _PAIRS,
    "Optimizer.name": st.sampled_from(
        ["adamw_torch", "adamw_bnb_8bit", "paged_adamw_8bit", "paged_adamw_32bit", "sgd"]
    ),
    "Optimizer.learning_rate": _RATES,
    "Optimizer.weight_decay": _SHARES,
    "Optimizer.beta1": st.sampled_from([0.9, 0.95]),
    "Optimizer.beta2": st.sampled_from([0.95, 0.999]),
    "Optimizer.epsilon": st.sampled_from([1e-8, 1e-6]),
    "Optimizer.arguments": _PAIRS,
    "Optimizer.max_grad_norm": st.sampled_from([None, 0.3, 1.0]),
    "Optimizer.embedding_learning_rate": st.sampled_from([None, 1e-5]),
    "Schedule.shape": st.sampled_from(["linear", "cosine", "constant"]),
    "Schedule.min_ratio": st.sampled_from([0.0, 0.1]),
    "Schedule.cycles": st.none(),
    "Schedule.arguments": _PAIRS,
    "WarmupSteps.steps": st.integers(min_value=0, max_value=200),
    "WarmupRatio.ratio": st.sampled_from([0.03, 0.1]),
    "WarmupRatio.at_most": st.sampled_from([None, 100]),
    "Epochs.count": st.sampled_from([1.0, 2.0, 3.0]),
    "Batching.neftune_alpha": st.sampled_from([None, 5.0]),
    "Kernels.attention": st.sampled_from([None, "sdpa", "flash_attention_2"]),
    "Kernels.data_workers": st.sampled_from([None, 0, 4]),
    "Parallelism.layer_class": st.none(),
    "Parallelism.gpus": st.sampled_from([None, 1, 4, 8]),
    "PerEpoch.times": st.sampled_from([1.0, 4.0]),
    "Checkpoints.directory": st.sampled_from(["./out", "/data/run 1"]),
    "Checkpoints.resume_from": st.none(),
    "Checkpoints.hub_id": st.sampled_from([None, "org/result"]),
    "Logging.trackers": st.sampled_from([(), ("wandb",), ("tensorboard",)]),
    "Logging.project": st.none(),
    "Logging.entity": st.none(),
    "Logging.run_name": st.sampled_from([None, "first try"]),
    "Recipe.seed": st.sampled_from([None, 0, 42, 3407]),
}


def of(annotation: Any) -> st.SearchStrategy[Any]:
    """Any value of an annotated type of the IR."""
    if get_origin(annotation) is Literal:
        return st.sampled_from(get_args(annotation))
    if get_origin(annotation) in (Union, types.UnionType):
        return st.one_of([of(option) for option in get_args(annotation)])
    if get_origin(annotation) is tuple:
        (inner, *_) = get_args(annotation)
        return st.lists(of(inner), min_size=1, max_size=2).map(tuple)
    if parts_of(annotation):
        return part(annotation)
    plain: dict[Any, st.SearchStrategy[Any]] = {
        bool: st.booleans(),
        int: _SMALL,
        float: _SHARES,
        str: _NAMES,
        type(None): st.none(),
    }
    return plain[annotation]


def part(kind: type) -> st.SearchStrategy[Any]:
    """Any value of one of the IR's dataclasses."""
    return st.builds(
        kind,
        **{
            name: MEANINGFUL[key]
            if (key := f"{kind.__name__}.{name}") in MEANINGFUL
            else of(annotation)
            for name, annotation in hints(kind).items()
        },
    )


def recipes() -> st.SearchStrategy[ir.Recipe]:
    """Any recipe whose values each make sense; they need not make sense together, but for the rows:
    what an objective cannot learn from is no recipe."""
    return part(ir.Recipe).map(_with_fitting_rows)


_LEARNED_FROM: dict[type, tuple[ir.Rows, ...]] = {
    ir.SupervisedObjective: (
        ir.TextRows(),
        ir.InstructionRows(),
        ir.MessageRows(),
        ir.TokenRows(),
        ir.CustomRows(reference="my_module.make_rows"),
    ),
    ir.PreferenceObjective: (ir.PreferenceRows(),),
    ir.LabelObjective: (ir.LabelledRows(),),
    ir.OnlineObjective: (ir.PromptRows(),),
}
"""Rows that an objective takes; the first stands in for others."""


def _with_fitting_rows(recipe: ir.Recipe) -> ir.Recipe:
    fitting = _LEARNED_FROM.get(type(recipe.objective))
    if fitting is None:
        return recipe

    form = recipe.data.sources[0].format

    def fit(sources: tuple[ir.Source, ...]) -> tuple[ir.Source, ...]:
        return tuple(pair(s) if isinstance(s.rows, kinds) else pair(swap(s)) for s in sources)

    def swap(source: ir.Source) -> ir.Source:
        return replace(source, rows=fitting[0])

    def pair(source: ir.Source) -> ir.Source:
        """Pairs are turns where there is a chat format, which all of a run share."""
        if isinstance(source.rows, ir.CustomRows) and source.rows.code is not None:
            return _as_its_code_says(source)
        if not isinstance(source.rows, ir.PreferenceRows):
            return source
        rows = replace(source.rows, messages=isinstance(form, ir.ChatFormat))
        return replace(source, rows=rows, format=form)

    kinds = tuple(type(rows) for rows in fitting)
    data = replace(recipe.data, sources=fit(recipe.data.sources))
    if isinstance(data.validation, ir.SeparateRows):
        data = replace(data, validation=ir.SeparateRows(sources=fit(data.validation.sources)))
    return replace(recipe, data=data)


def _as_its_code_says(source: ir.Source) -> ir.Source:
    """A row's text is made whole, its end included; what opens its turns tells which count."""
    return replace(
        source,
        format=ir.PlainFormat(joined="whole", end="none"),
        supervision=ir.Supervision(prompt=not source.rows.marks),
    )


def supervised_text() -> st.SearchStrategy[ir.Recipe]:
    """Recipes of the common kind: supervised fine-tuning of a text model on one data set."""
    source = st.one_of(
        st.builds(
            ir.Source,
            path=_PATHS,
            rows=part(ir.InstructionRows),
            format=part(ir.PlainFormat),
            supervision=st.builds(ir.Supervision, prompt=st.booleans()),
        ),
        st.builds(
            ir.Source,
            path=_PATHS,
            rows=part(ir.MessageRows),
            format=part(ir.ChatFormat),
            supervision=st.just(ir.Supervision(prompt=False)),
        ),
        st.builds(
            ir.Source,
            path=_PATHS,
            rows=part(ir.TextRows),
            format=st.just(ir.PlainFormat(joined="whole")),
            supervision=st.just(ir.Supervision(prompt=True)),
        ),
    )
    data = st.builds(
        ir.Data,
        sources=st.tuples(source),
        validation=st.none(),
        max_length=st.sampled_from([512, 2048]),
        overlong=st.sampled_from(["truncate", "drop"]),
        packing=st.one_of(st.none(), st.just(ir.Packing())),
    )
    return st.builds(
        ir.Recipe,
        **{name: part(kind) for name, kind in _SIMPLE.items()},
        model=st.builds(ir.Model, id=st.sampled_from(MODELS)),
        adapter=st.one_of(st.none(), part(ir.Adapter)),
        quantization=st.none(),
        data=data,
        objective=st.just(ir.SupervisedObjective()),
        duration=of(ir.Epochs | ir.Steps),
        seed=st.sampled_from([None, 42]),
    )


_SIMPLE: dict[str, type] = {
    "optimizer": ir.Optimizer,
    "schedule": ir.Schedule,
    "batching": ir.Batching,
    "precision": ir.Precision,
    "kernels": ir.Kernels,
    "parallelism": ir.Parallelism,
    "evaluation": ir.Evaluation,
    "checkpoints": ir.Checkpoints,
    "logging": ir.Logging,
}
