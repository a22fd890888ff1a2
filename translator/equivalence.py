"""One form for recipes that do the same."""

from __future__ import annotations

import math
from dataclasses import replace

from translator.ir import (
    MODULE_ORDER,
    Adapter,
    Batching,
    ChatFormat,
    Checkpoints,
    Data,
    Epochs,
    Evaluation,
    Every,
    InstructionRows,
    LabelObjective,
    Model,
    OnlineObjective,
    Optimizer,
    Parallelism,
    PerEpoch,
    PlainFormat,
    Precision,
    PreferenceObjective,
    Quantization,
    Recipe,
    Schedule,
    SeparateRows,
    Source,
    Steps,
    Supervision,
    TextRows,
    WarmupRatio,
    WarmupSteps,
)


def canonical(recipe: Recipe) -> Recipe:
    """The recipe with equal meanings in equal words, and settings without effect at rest.

    Two recipes that train the same thing, as far as can be known without the data and the weights,
    have equal canonical forms. The form is for comparing only: it is not what anyone wrote.
    """
    adapters = recipe.adapter is not None
    evaluates = recipe.evaluation.interval is not None and recipe.data.validation is not None
    return replace(
        recipe,
        model=_model(recipe.model),
        adapter=_adapter(recipe.adapter, recipe.model.id) if recipe.adapter else None,
        quantization=_quantization(recipe.quantization) if recipe.quantization else None,
        data=_data(recipe.data, recipe.model.id, evaluates),
        optimizer=_optimizer(recipe.optimizer, adapters),
        schedule=_schedule(recipe),
        batching=_batching(recipe, evaluates),
        precision=_precision(recipe.precision, adapters),
        evaluation=recipe.evaluation if evaluates else Evaluation(),
        parallelism=_parallelism(recipe.parallelism),
        checkpoints=_checkpoints(recipe, adapters),
    )


def _model(model: Model) -> Model:
    """Without the folder of a download: ``/tmp/Llama-3.1-8B`` beside ``meta-llama/Llama-3.1-8B``."""
    folder = (model.directory or "").rstrip("/").rpartition("/")[2]
    downloaded = folder == model.id.rpartition("/")[2]
    return replace(model, directory=None) if downloaded else model


def _adapter(adapter: Adapter, model: str) -> Adapter:
    alpha = adapter.alpha
    if adapter.rank_stabilized:
        alpha *= math.sqrt(adapter.rank)  # alpha / sqrt(rank) = (alpha · sqrt(rank)) / rank
    modules = adapter.modules
    if modules == ("all-linear",):
        from translator.catalog.models import facts

        known = facts(model)
        if known is not None and known.linear_modules and not known.experts:
            modules = known.linear_modules
    return replace(
        adapter,
        alpha=alpha,
        rank_stabilized=False,
        modules=tuple(sorted(modules, key=_module_place)),
        trained_modules=tuple(sorted(adapter.trained_modules)),
    )


def _module_place(module: str) -> tuple[int, str]:
    known = module in MODULE_ORDER
    return MODULE_ORDER.index(module) if known else len(MODULE_ORDER), module


def _quantization(quantization: Quantization) -> Quantization:
    in_blocks = quantization.kind in ("nf4", "fp4")
    return quantization if in_blocks else replace(quantization, double=True)


def _data(data: Data, model: str, evaluates: bool) -> Data:
    validation = data.validation
    if isinstance(validation, SeparateRows):
        separate = SeparateRows(sources=tuple(_source(s, model) for s in validation.sources))
        validation = separate if evaluates else None
    sources = tuple(_source(source, model) for source in data.sources)
    return replace(data, sources=sources, validation=validation)


def _source(source: Source, model: str) -> Source:
    """Local files by format and name, texts as what they are, the template that a model's
    tokenizer ships by its name where the catalogue has it."""
    from translator.catalog.locations import as_files

    path, files, kind = as_files(source.path, source.files, source.file_format)
    source = replace(source, path=path, files=files, file_format=kind)
    if isinstance(source.rows, TextRows):
        # there is no prompt: one text is tokenized whole and trained whole
        source = replace(source, supervision=Supervision(prompt=True))
        if isinstance(source.format, PlainFormat):
            return replace(source, format=replace(source.format, joined="whole"))
    if isinstance(source.rows, InstructionRows) and source.supervision.prompt:
        # what opens an answer is part of the prompt, which is trained
        supervision = replace(source.supervision, turn_headers=False)
        source = replace(source, supervision=supervision)
    if isinstance(source.rows, InstructionRows):
        source = replace(source, rows=replace(source.rows, style=None))  # the texts tell it all
    if not isinstance(source.format, ChatFormat) or source.format.template != "tokenizer":
        return source
    from translator.catalog.models import facts

    known = facts(model)
    if known is None or known.chat_format is None or known.base is not False:
        return source
    return replace(source, format=replace(source.format, template=known.chat_format))


def _optimizer(optimizer: Optimizer, adapters: bool) -> Optimizer:
    same_rate = optimizer.embedding_learning_rate == optimizer.learning_rate
    return replace(
        optimizer,
        decays_norms=optimizer.decays_norms and not adapters and optimizer.weight_decay != 0,
        embedding_learning_rate=None if same_rate else optimizer.embedding_learning_rate,
        fused=optimizer.fused or None,  # no implementation is fused unless told
    )


def _schedule(recipe: Recipe) -> Schedule:
    """Warm-up in steps where the number of steps is known."""
    warmup = recipe.schedule.warmup
    if isinstance(warmup, WarmupRatio):
        if warmup.ratio == 0:
            warmup = WarmupSteps(steps=0)
        elif isinstance(recipe.duration, Steps):
            warmup = WarmupSteps(steps=warmup.steps(recipe.duration.count))
    return replace(recipe.schedule, warmup=warmup)


def _batching(recipe: Recipe, evaluates: bool) -> Batching:
    """Means over tokens and over micro batches agree where a step has one micro batch, and where
    the loss counts rows or has a mean of its own."""
    batching = recipe.batching
    one_mean = batching.accumulation == 1 and _parallelism(recipe.parallelism).gpus in (None, 1)
    counts_rows = isinstance(
        recipe.objective, PreferenceObjective | LabelObjective | OnlineObjective
    )
    return replace(
        batching,
        normalization="token" if one_mean or counts_rows else batching.normalization,
        eval_micro_batch=(batching.eval_micro_batch or batching.micro_batch) if evaluates else None,
    )


def _precision(precision: Precision, adapters: bool) -> Precision:
    return replace(precision, weights="compute") if adapters else precision


def _parallelism(parallelism: Parallelism) -> Parallelism:
    """Without what only counts when parameters are sharded."""
    if not parallelism.strategy.startswith("fsdp"):
        parallelism = replace(parallelism, reshard_after_forward=True)
    return replace(parallelism, gpus=1) if parallelism.strategy == "single" else parallelism


def _checkpoints(recipe: Recipe, adapters: bool) -> Checkpoints:
    checkpoints = recipe.checkpoints
    saves = _saves(checkpoints.interval, recipe.duration)
    keeps_all = checkpoints.keep is not None and saves is not None and checkpoints.keep >= saves
    return replace(
        checkpoints,
        adapter_only=checkpoints.adapter_only or not adapters,
        keep=None if keeps_all else checkpoints.keep,
    )


def _saves(interval: Every | PerEpoch | None, duration: Epochs | Steps) -> float | None:
    """How many checkpoints a run writes, where that does not depend on the data."""
    if isinstance(interval, PerEpoch) and isinstance(duration, Epochs):
        return interval.times * duration.count
    if isinstance(interval, Every) and isinstance(duration, Steps):
        return duration.count / max(interval.steps, 1)
    return None if interval is not None else 1
