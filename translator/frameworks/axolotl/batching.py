"""Rows about batches, number formats and kernels."""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.axolotl.attention_flags import ATTENTION_FLAGS
from translator.frameworks.axolotl.lookup import (
    find,
    mention,
    no_effect,
    old_spelling,
    refuse,
    surprise,
)
from translator.frameworks.axolotl.rows import key, via
from translator.frameworks.axolotl.values import (
    COUNT,
    FLAG,
    anything,
    flag,
    number,
    text,
    whole,
)
from translator.lens import Row
from translator.reading import Reader
from translator.writing import Writer

_TRAINING = "axolotl/utils/schemas/training.py"
_CONFIG = "axolotl/utils/schemas/config.py"
_NOISE, _FORMER_NOISE = "neftune_noise_alpha", "noisy_embedding_alpha"

SHORT_ATTENTION = {"flash": "flash_attention_2", "flex": "flex_attention", "sdp": "sdpa"}
_WITHOUT_CAST = (None, "sdpa", "eager")
"""Attention with which norms and embeddings stay in float32 (axolotl/loaders/model.py:435-491)."""


def _get_batches(reader: Reader) -> None:
    """``batch_size`` is the total, and does not change the accumulation it should
    (axolotl/utils/config/__init__.py:209): read as what was meant."""
    micro = find(reader, "micro_batch_size", whole, 1, f"{_TRAINING}:77")
    steps = find(reader, "gradient_accumulation_steps", whole, 1, f"{_TRAINING}:70")
    total = find(reader, "batch_size", whole, None)
    accumulation, origin = steps.value, steps.origin
    micro_size, micro_origin = micro.value, micro.origin
    if total.node is not None and total.value:
        if steps.written and micro.written:
            why = "excludes gradient_accumulation_steps; Axolotl refuses both"
            refuse(reader, ("batch_size",), total.node, why, Severity.WARNING)
        elif micro.written:
            accumulation, origin = max(1, total.value // micro.value), total.origin
            why = (
                f"means {accumulation} accumulation steps, but Axolotl accumulates 1 and only "
                "divides the number of steps; read as what was meant"
            )
            surprise(reader, ("batch_size",), why)
        elif steps.written:
            micro_size, micro_origin = max(1, total.value // steps.value), total.origin
            why = "excludes gradient_accumulation_steps; Axolotl refuses both"
            refuse(reader, ("batch_size",), total.node, why, Severity.WARNING)
        else:
            why = "needs micro_batch_size beside it; Axolotl refuses it alone"
            refuse(reader, ("batch_size",), total.node, why)
    reader.set("batching.micro_batch", micro_size, micro_origin)
    reader.set("batching.accumulation", accumulation, origin)


def _put_batches(writer: Writer) -> None:
    writer.put("micro_batch_size", writer.value("batching.micro_batch"), "batching.micro_batch")
    writer.put(
        "gradient_accumulation_steps",
        writer.value("batching.accumulation"),
        "batching.accumulation",
    )


def _get_drop_last(reader: Reader) -> None:
    """Packed batches are always whole (axolotl/utils/samplers/multipack.py)."""
    found = find(reader, "dataloader_drop_last", flag, None, f"{_CONFIG}: None means false")
    packed = find(reader, "sample_packing", flag, False)
    if packed.value:
        if found.written:
            no_effect(reader, ("dataloader_drop_last",), "packed batches are always whole")
        reader.set("batching.drop_last", True, packed.origin)
    else:
        reader.set("batching.drop_last", bool(found.value), found.origin)


def _put_drop_last(writer: Writer) -> None:
    drop = writer.value("batching.drop_last")
    if writer.value("data.packing") and writer.value("objective") == "supervised":
        if not drop:
            why = "Axolotl leaves out an incomplete last batch of packed rows"
            writer.lose(Code.LOST_BATCHING, "batching.drop_last", why, Severity.NOTE)
    elif drop:
        writer.put("dataloader_drop_last", True, "batching.drop_last")


def _get_normalization(reader: Reader) -> None:
    why = "axolotl/core/trainers/base.py:117-131: the mean of micro batches' means"
    reader.set("batching.normalization", "micro_batch", reader.default(why))


def _put_normalization(writer: Writer) -> None:
    token = writer.value("batching.normalization") == "token"
    own_mean = writer.value("objective") in ("preference", "label", "online")
    if not token or (own_mean and writer.value("objective.method") != "cpo"):
        return
    if writer.value("batching.accumulation") > 1:
        why = "Axolotl averages the means of micro batches, so tokens of short rows weigh more"
        writer.lose(Code.LOST_BATCHING, "batching.normalization", why, Severity.WARNING)
    else:
        why = "Axolotl averages the means of the devices' batches; on one device it is the same"
        writer.lose(Code.LOST_BATCHING, "batching.normalization", why, Severity.NOTE)


def _get_eval_batch(reader: Reader) -> None:
    found = find(reader, "eval_batch_size", whole, None, f"{_TRAINING}:89: micro_batch_size")
    if reader.values.get("data.validation") is None:
        if found.written:
            no_effect(reader, ("eval_batch_size",), "nothing is held out for evaluation")
        reader.set("batching.eval_micro_batch", None, found.origin)
        return
    size = found.value or reader.values["batching.micro_batch"]
    reader.set("batching.eval_micro_batch", size, found.origin)


def _put_eval_batch(writer: Writer) -> None:
    size = writer.value("batching.eval_micro_batch")
    if size is None or writer.value("data.validation") is None:
        return
    if writer.needed("batching.eval_micro_batch", writer.value("batching.micro_batch")):
        writer.put("eval_batch_size", size, "batching.eval_micro_batch")


def _get_compute(reader: Reader) -> None:
    """axolotl/utils/config/__init__.py:163: ``auto`` is bf16 where the GPU has it, else fp16."""
    bf16 = find(reader, "bf16", anything, "auto", f"{_CONFIG}:561")
    fp16 = find(reader, "fp16", flag, None)
    bfloat16 = find(reader, "bfloat16", flag, False)
    float16 = find(reader, "float16", flag, False)
    float32 = find(reader, "float32", flag, False)
    value = bf16.value
    if value == "full":
        assert bf16.node is not None
        refuse(reader, ("bf16",), bf16.node, "is refused by 0.19; read as true", Severity.WARNING)
        value = True
    elif value != "auto":
        try:
            value = flag(value)
        except ValueError as error:
            refuse(reader, ("bf16",), bf16.node, str(error))  # type: ignore[arg-type]
            value = "auto"
    origin = bf16.origin
    if value is True or bfloat16.value:
        compute = "bfloat16"
        origin = bf16.origin if value is True else bfloat16.origin
        for name, found in (("fp16", fp16), ("float16", float16)):
            if found.value:
                no_effect(reader, (name,), "bf16 wins")
    elif fp16.value or float16.value:
        compute, origin = "float16", fp16.origin if fp16.value else float16.origin
    elif value == "auto":
        compute = "auto"
    else:
        compute = "float32"
    if bfloat16.written and value is True:
        no_effect(reader, ("bfloat16",), "bf16: true is the same", verbose=True)
    if float32.written:
        no_effect(reader, ("float32",), "bf16 and fp16 decide")
    mention(reader, ("fp16",), f"with bf16 as it is, {compute} is computed in")
    reader.set("precision.compute", compute, origin)


def _put_compute(writer: Writer) -> None:
    compute = writer.value("precision.compute")
    bf16 = {"bfloat16": True, "auto": "auto"}.get(compute, False)
    writer.put("bf16", bf16, "precision.compute")
    if compute == "float16":
        writer.put("fp16", True, "precision.compute")
    elif compute == "float32":
        writer.put("fp16", False)


def _get_weights(reader: Reader) -> None:
    """What full fine-tuning keeps in float32 follows from the attention implementation."""
    attention = reader.values.get("kernels.attention")
    origin = reader.origins["kernels.attention"]
    compute = reader.values["precision.compute"]
    mixed = attention in _WITHOUT_CAST and compute != "float32"
    trained = not reader.values.get("adapter")
    reader.set("precision.weights", "mixed" if trained and mixed else "compute", origin)


KEEPS_APART = "flex_attention"
"""Attention that keeps packed rows apart without a package of its own."""


def needs_attention(writer: Writer) -> bool:
    """Whether packed rows have to be kept apart, which an implementation must be named for."""
    packs = writer.value("data.packing") and writer.value("data.packing.isolated")
    return bool(packs) and writer.value("objective") == "supervised"


def _put_weights(writer: Writer) -> None:
    if writer.value("adapter") or writer.value("precision.compute") == "float32":
        return
    wanted = writer.value("precision.weights")
    attention = writer.value("kernels.attention")
    if attention is None and needs_attention(writer):
        attention = KEEPS_APART
    got = "mixed" if attention in _WITHOUT_CAST else "compute"
    if wanted != got:
        held = {
            "mixed": "keeps norms and embeddings in float32, linear layers in 16 bits",
            "compute": "keeps all weights in 16 bits with this attention implementation",
        }[got]
        writer.lose(Code.LOST_PRECISION, "precision.weights", f"Axolotl {held}", Severity.WARNING)


def _get_tf32(reader: Reader) -> None:
    found = find(reader, "tf32", anything, None, f"{_CONFIG}:598: auto")
    value = None
    if found.value not in (None, "auto"):
        value = find(reader, "tf32", flag, None).value
    reader.set("precision.tf32", value, found.origin)


def _put_tf32(writer: Writer) -> None:
    if writer.value("precision.tf32") is not None:
        writer.put("tf32", writer.value("precision.tf32"), "precision.tf32")


def _get_noise(reader: Reader) -> None:
    """Under its former name the noise is looked at only where it counts as true
    (axolotl/utils/schemas/validation.py:376)."""
    former = reader.node(_FORMER_NOISE)
    if former is not None and not former.value and reader.node(_NOISE) is None:
        no_effect(reader, (_FORMER_NOISE,), "it is off")
        reader.set("batching.neftune_alpha", None, reader.written((_FORMER_NOISE,), former))
        return
    found = find(reader, [_NOISE, _FORMER_NOISE], number, None, f"{_CONFIG}: None")
    reader.set("batching.neftune_alpha", found.value, found.origin)


def _put_noise(writer: Writer) -> None:
    alpha = writer.value("batching.neftune_alpha")
    if alpha is not None:
        writer.put(_NOISE, alpha, "batching.neftune_alpha")


def _get_attention(reader: Reader) -> None:
    found = find(reader, "attn_implementation", text, None, f"{_CONFIG}:845: the model's own")
    name, origin = found.value, found.origin
    if name in SHORT_ATTENTION:
        assert found.node is not None
        full = SHORT_ATTENTION[name]
        why = f"is refused by Axolotl; it wants {full}"
        refuse(reader, ("attn_implementation",), found.node, why, Severity.WARNING)
        name = full
    for flag_name, meaning in ATTENTION_FLAGS.items():
        # whatever counts as true: Axolotl takes these keys away before it looks at their kind
        former = find(reader, flag_name, bool, False)
        if former.node is None:
            continue
        if not former.value:
            no_effect(reader, (flag_name,), "it is off", verbose=True)
        elif found.written:
            why = "excludes attn_implementation; Axolotl refuses both"
            refuse(reader, (flag_name,), former.node, why, Severity.WARNING)
        elif origin.written:
            no_effect(reader, (flag_name,), f"{origin.key} goes first")
        else:
            why = f"now attn_implementation: {meaning}"
            old_spelling(reader, (flag_name,), former.node, why)
            name, origin = meaning, former.origin
    reader.set("kernels.attention", name, origin)


def _put_attention(writer: Writer) -> None:
    if writer.value("kernels.attention") is not None:
        writer.put("attn_implementation", writer.value("kernels.attention"), "kernels.attention")


def _get_compile(reader: Reader) -> None:
    found = find(reader, "torch_compile", anything, None, f"{_CONFIG}:1167: None")
    mention(reader, ("torch_compile",), "compiled where torch can")
    value = found.value == "auto" or bool(found.value is not None and _truth(found.value))
    reader.set("kernels.compile", value, found.origin)


def _truth(value: object) -> bool:
    try:
        return flag(value)
    except ValueError:
        return True


def _put_compile(writer: Writer) -> None:
    if writer.needed("kernels.compile", False):
        writer.put("torch_compile", writer.value("kernels.compile"), "kernels.compile")


ROWS: tuple[Row, ...] = (
    via(
        ("batching.micro_batch", "batching.accumulation"),
        ("micro_batch_size", "gradient_accumulation_steps", "batch_size"),
        _get_batches,
        _put_batches,
    ),
    via(("batching.eval_micro_batch",), ("eval_batch_size",), _get_eval_batch, _put_eval_batch),
    via(("batching.drop_last",), ("dataloader_drop_last",), _get_drop_last, _put_drop_last),
    key(
        "batching.group_by_length",
        "group_by_length",
        FLAG,
        False,
        f"{_TRAINING}:109",
        Code.LOST_ORDER,
        severity=Severity.WARNING,
    ),
    via(
        ("batching.normalization",),
        (),
        _get_normalization,
        _put_normalization,
        {"batching.normalization": ("approximated", "always the mean of micro batches' means")},
    ),
    via(("batching.neftune_alpha",), (_NOISE, _FORMER_NOISE), _get_noise, _put_noise),
    via(
        ("precision.compute",),
        ("bf16", "fp16", "bfloat16", "float16", "float32"),
        _get_compute,
        _put_compute,
    ),
    via(("precision.tf32",), ("tf32",), _get_tf32, _put_tf32),
    via(
        ("kernels.attention",),
        ("attn_implementation", *ATTENTION_FLAGS),
        _get_attention,
        _put_attention,
    ),
    via(
        ("precision.weights",),
        (),
        _get_weights,
        _put_weights,
        {"precision.weights": ("approximated", "follows from the attention implementation")},
    ),
    via(("kernels.compile",), ("torch_compile",), _get_compile, _put_compile),
    key(
        "kernels.data_workers",
        "dataloader_num_workers",
        COUNT,
        None,
        "axolotl/utils/schemas/config.py: one per GPU",
        Code.LOST_KERNEL,
        severity=Severity.NOTE,
    ),
)
