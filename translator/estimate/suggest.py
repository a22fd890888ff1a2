"""The smallest changes that make a run fit, least harm first.

Each change is tried on the workload, alone and on top of those before it; what does not fit is not
offered. ``keys`` says it in the words of the file's framework. Changes that leave what is learned
as it is come first; a shorter sequence, other weights and fewer trained parameters come last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from translator.estimate.catalog import Gpu
from translator.estimate.instants import peak
from translator.estimate.optimizers import optimizer_cost
from translator.estimate.report import Verdict, judge, on_device
from translator.estimate.reserved import band
from translator.estimate.workload import Kernels, Workload
from translator.record import Record, replace

Keys = tuple[tuple[str, str], ...]


class Suggestion(Record):
    """A change, what it costs, and what comes of it (bytes)."""

    change: str
    keys: Keys
    harm: str
    verdict: Verdict
    allocated: int
    reserved: int
    work: Workload


class _Step(Record):
    """One kind of change. ``apply`` gives None where it changes nothing."""

    change: str
    harm: str
    apply: Callable[[Workload], Workload | None]
    keys: Mapping[str, Keys]


def _checkpoint(work: Workload) -> Workload | None:
    return replace(work, checkpointing="full") if work.checkpointing == "none" else None


def _fused_loss(work: Workload) -> Workload | None:
    if work.loss not in ("fp32", "fp32-kept", "fp32-entropy", "in-place", "compiled-chunks"):
        return None
    return replace(work, loss="fused")


def _fused_layers(work: Workload) -> Workload | None:
    kernels: Kernels = work.kernels
    if kernels.norm != "eager":
        return None
    return replace(work, kernels=replace(kernels, norm="fused", mlp="fused", rope="fused"))


def _offload(work: Workload) -> Workload | None:
    return replace(work, checkpointing="offload") if work.checkpointing == "full" else None


def _eight_bit(work: Workload) -> Workload | None:
    if sum(work.optimizer.states) + work.optimizer.follows * 2 <= 2.1:
        return None
    return replace(work, optimizer=optimizer_cost("paged_adamw_8bit"))


def _quantize(work: Workload) -> Workload | None:
    if work.lora is None or work.base not in ("16bit", "float32", "int8"):
        return None
    return replace(work, base="nf4-double")


_SAME = "the same updates"
STEPS: tuple[_Step, ...] = (
    _Step(
        change="checkpoint activations",
        harm=f"{_SAME}, about a third slower",
        apply=_checkpoint,
        keys={
            "axolotl": (("gradient_checkpointing", "true"),),
            "torchtune": (("enable_activation_checkpointing", "True"),),
            "unsloth": (("use_gradient_checkpointing", '"unsloth"'),),
        },
    ),
    _Step(
        change="fused cross entropy (Liger)",
        harm=f"{_SAME} up to rounding",
        apply=_fused_loss,
        keys={
            "axolotl": (
                ("plugins", "[axolotl.integrations.liger.LigerPlugin]"),
                ("liger_fused_linear_cross_entropy", "true"),
            ),
        },
    ),
    _Step(
        change="fused norms, rotary embedding and activation (Liger)",
        harm=f"{_SAME} up to rounding",
        apply=_fused_layers,
        keys={
            "axolotl": (
                ("plugins", "[axolotl.integrations.liger.LigerPlugin]"),
                ("liger_rms_norm", "true"),
                ("liger_rope", "true"),
                ("liger_glu_activation", "true"),
            ),
        },
    ),
    _Step(
        change="keep checkpoints in host memory",
        harm=f"{_SAME}, somewhat slower",
        apply=_offload,
        keys={
            "axolotl": (("activation_offloading", "hidden_states"),),
            "torchtune": (("enable_activation_offloading", "True"),),
            "unsloth": (("use_gradient_checkpointing", '"unsloth"'),),
        },
    ),
    _Step(
        change="8-bit paged AdamW",
        harm="states in 8 bits: a small drift",
        apply=_eight_bit,
        keys={
            "axolotl": (("optimizer", "paged_adamw_8bit"),),
            "torchtune": (("optimizer._component_", "bitsandbytes.optim.PagedAdamW8bit"),),
            "unsloth": (("optim", '"paged_adamw_8bit"'),),
        },
    ),
    _Step(
        change="4-bit base weights (QLoRA)",
        harm="the frozen weights are rounded to 4 bits",
        apply=_quantize,
        keys={
            "axolotl": (("adapter", "qlora"), ("load_in_4bit", "true")),
            "torchtune": (("model.quantize_base", "True"),),
            "unsloth": (("load_in_4bit", "True"),),
        },
    ),
)


CUT = "axolotl.integrations.cut_cross_entropy.CutCrossEntropyPlugin"


def _keys(step: _Step, framework: str, work: Workload) -> Keys:
    """A step's keys; a list of plugins keeps the one for the loss that runs already."""
    keys = step.keys.get(framework, ())
    if work.loss != "cut":
        return keys
    return tuple((k, v.replace("[", f"[{CUT}, ") if k == "plugins" else v) for k, v in keys)


def suggest(work: Workload, device: Gpu, framework: str) -> tuple[Suggestion, ...]:
    """What makes ``work`` fit ``device``; empty when it fits already or nothing helps.

    Three at most: the least harmful single change, the least harmful combination, and a smaller
    micro batch with more accumulation, each only if it fits.
    """
    work = on_device(work, device)
    if _judged(work, device).verdict == "fits":
        return ()
    found: list[Suggestion] = []
    now = work
    words: list[str] = []
    keys: list[tuple[str, str]] = []
    harms: list[str] = []
    for step in STEPS:
        if framework not in step.keys and framework != "ir":
            continue
        changed = step.apply(now)
        alone = step.apply(work)
        if alone is not None and not found:
            offer = _offer(alone, device, step.change, _keys(step, framework, work), step.harm)
            found += [offer] if offer else []
        if changed is None or peak(changed).bytes > peak(now).bytes:
            continue
        now = changed
        words.append(step.change)
        keys += _keys(step, framework, work)
        harms.append(step.harm)
        offer = _offer(now, device, "; ".join(words), tuple(keys), "; ".join(dict.fromkeys(harms)))
        if offer and len(words) > 1:
            found.append(offer)
            break
    found += _smaller(work, device, framework, now, words, keys, harms)
    unique: dict[Keys, Suggestion] = {}
    for suggestion in found:
        unique.setdefault(suggestion.keys, suggestion)
    return tuple(unique.values())[:3]


def _smaller(
    work: Workload,
    device: Gpu,
    framework: str,
    now: Workload,
    words: list[str],
    keys: list[tuple[str, str]],
    harms: list[str],
) -> Iterator[Suggestion]:
    """A smaller micro batch with more accumulation, alone or on top of everything else; and last a
    shorter sequence."""
    for base, said, told, cost in ((work, [], [], []), (now, words, keys, harms)):
        rows = base.rows
        while rows > 1 and base.rows % 2 == 0:
            rows //= 2
            times = base.rows // rows * base.accumulation
            changed = replace(base, rows=rows, accumulation=times)
            change = "; ".join([*said, f"micro batch {rows}, accumulation {times}"])
            offer = _offer(changed, device, change, (*told, *_batch_keys(framework, rows, times)),
                           "; ".join([*cost, f"{_SAME}, slower"]))  # fmt: skip
            if offer:
                yield offer
                break
    length = now.length
    while length > 512:
        length //= 2
        changed = replace(now, rows=1, length=length)
        key = {"axolotl": "sequence_len", "torchtune": "tokenizer.max_seq_len"}.get(
            framework, "max_seq_length"
        )
        change = "; ".join([*words, "micro batch 1", f"sequences of {length} tokens"])
        offer = _offer(changed, device, change,
                       (*keys, *_batch_keys(framework, 1, work.rows * work.accumulation),
                        (key, str(length))), "long rows are cut")  # fmt: skip
        if offer:
            yield offer
            return


def _batch_keys(framework: str, rows: int, times: int) -> Keys:
    names = {
        "axolotl": ("micro_batch_size", "gradient_accumulation_steps"),
        "torchtune": ("batch_size", "gradient_accumulation_steps"),
    }.get(framework, ("per_device_train_batch_size", "gradient_accumulation_steps"))
    return ((names[0], str(rows)), (names[1], str(times)))


class _Judged(NamedTuple):
    verdict: Verdict
    allocated: int
    reserved: int


def _judged(work: Workload, device: Gpu) -> _Judged:
    top = peak(work).bytes
    _, high = band(work)
    return _Judged(judge(top, high, device).verdict, top, high)


def _offer(
    work: Workload, device: Gpu, change: str, keys: Keys, harm: str
) -> Suggestion | None:  # fmt: skip
    """The suggestion, if it fits."""
    judged = _judged(work, device)
    if judged.verdict != "fits":
        return None
    return Suggestion(change=change, keys=keys, harm=harm, verdict=judged.verdict,
                      allocated=judged.allocated, reserved=judged.reserved, work=work)  # fmt: skip
