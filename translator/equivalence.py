"""One form for recipes that do the same."""

from __future__ import annotations

import math

from translator.equivalence_data import data_at_rest
from translator.ir import (
    MODULE_ORDER,
    Adapter,
    Batching,
    Checkpoints,
    Epochs,
    Evaluation,
    Every,
    LabelObjective,
    Logging,
    Model,
    Objective,
    OnlineObjective,
    Optimizer,
    Parallelism,
    PerEpoch,
    Precision,
    PreferenceObjective,
    Quantization,
    Recipe,
    Schedule,
    Steps,
    WarmupRatio,
    WarmupSteps,
    beside_all_linear,
)
from translator.record import replace


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
        data=data_at_rest(recipe, evaluates),
        optimizer=_optimizer(recipe.optimizer, adapters),
        schedule=_schedule(recipe),
        batching=_batching(recipe, evaluates),
        precision=_precision(recipe.precision, adapters),
        objective=_objective(recipe.objective, adapters),
        evaluation=_evaluation(recipe.evaluation) if evaluates else Evaluation(),
        parallelism=_parallelism(recipe.parallelism),
        checkpoints=_checkpoints(recipe, adapters),
        logging=_logging(recipe.logging),
    )


def _model(model: Model) -> Model:
    """Without the folder of a download: ``/tmp/Llama-3.1-8B`` beside ``meta-llama/Llama-3.1-8B``;
    special tokens are added where the vocabulary lacks them, listed or not."""
    from translator.catalog.models import facts

    known = facts(model.id)
    usual = {} if known is None else {"bos_token": known.bos_token, "eos_token": known.eos_token}
    if tuple(usual.values()) == ("<s>", "</s>"):
        usual["unk_token"] = "<unk>"  # as sentencepiece has it
    folder = (model.directory or "").rstrip("/").rpartition("/")[2]
    downloaded = folder == model.id.rpartition("/")[2]
    special = {text for _, text in model.special_tokens}
    return replace(
        model,
        directory=None if downloaded else model.directory,
        special_tokens=tuple(p for p in model.special_tokens if usual.get(p[0]) != p[1]),
        new_tokens=tuple(token for token in model.new_tokens if token not in special),
    )


def _adapter(adapter: Adapter, model: str) -> Adapter:
    alpha = adapter.alpha
    if adapter.rank_stabilized:
        alpha *= math.sqrt(adapter.rank)  # alpha / sqrt(rank) = (alpha · sqrt(rank)) / rank
    modules = adapter.modules
    if "all-linear" in modules:
        from translator.catalog.models import facts

        known = facts(model)
        if known is not None and known.linear_modules and not known.experts:
            modules = (*known.linear_modules, *beside_all_linear(modules))
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


def _evaluation(evaluation: Evaluation) -> Evaluation:
    """How often in an epoch, to as many digits as a share of an epoch is written with."""
    interval = evaluation.interval
    if isinstance(interval, PerEpoch):
        interval = PerEpoch(times=round(interval.times, 4))
    return replace(evaluation, interval=interval)


def _precision(precision: Precision, adapters: bool) -> Precision:
    """What full training keeps in float32 beside a 16-bit computation."""
    rest = adapters or precision.compute == "float32"
    return replace(precision, weights="compute") if rest else precision


def _objective(objective: Objective, adapters: bool) -> Objective:
    """Only DPO and IPO have a reference model, which without adapters is a copy."""
    if not isinstance(objective, PreferenceObjective):
        return objective
    if objective.method not in ("dpo", "ipo"):
        return replace(objective, reference="none")
    copied = objective.reference == "base" and not adapters
    return replace(objective, reference="copy") if copied else objective


def _parallelism(parallelism: Parallelism) -> Parallelism:
    """Without what only counts when something is sharded."""
    strategy = parallelism.strategy
    if not strategy.startswith("fsdp"):
        parallelism = replace(parallelism, reshard_after_forward=True)
    if not strategy.startswith(("fsdp", "zero")):
        parallelism = replace(parallelism, offload_optimizer=False)
    if not strategy.startswith("fsdp") and strategy != "zero3":
        parallelism = replace(parallelism, offload_parameters=False)
    return replace(parallelism, gpus=1) if strategy == "single" else parallelism


def _checkpoints(recipe: Recipe, adapters: bool) -> Checkpoints:
    checkpoints = recipe.checkpoints
    saves = _saves(checkpoints.interval, recipe.duration)
    keeps_all = checkpoints.keep is not None and saves is not None and checkpoints.keep >= saves
    return replace(
        checkpoints,
        adapter_only=checkpoints.adapter_only or not adapters,
        keep=None if keeps_all else checkpoints.keep,
    )


def _logging(logging: Logging) -> Logging:
    """Names are told to trackers alone."""
    if logging.trackers:
        return logging
    return replace(logging, project=None, entity=None, run_name=None)


def _saves(interval: Every | PerEpoch | None, duration: Epochs | Steps) -> float | None:
    """How many checkpoints a run writes, where that does not depend on the data."""
    if isinstance(interval, PerEpoch) and isinstance(duration, Epochs):
        return interval.times * duration.count
    if isinstance(interval, Every) and isinstance(duration, Steps):
        return duration.count / max(interval.steps, 1)
    return None if interval is not None else 1
