"""Writing the network: which weights, in how many bits, and the adapters on them."""

from __future__ import annotations

from typing import Any

from translator.catalog.identity import resolve
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.unsloth.pycode import Code as Expression
from translator.ir import beside_all_linear
from translator.writing import Writer


def put_model(writer: Writer) -> None:
    model = writer.document.recipe.model
    adapter = writer.document.recipe.adapter
    if adapter is not None and adapter.start_from is not None:
        writer.put("load.model_name", adapter.start_from, "adapter.start_from")
        why = "loaded with the adapter, whose configuration names it"
        writer.lose(Code.TOLD_OTHERWISE, "model.id", why, Severity.NOTE)
    else:
        writer.put("load.model_name", model.id, "model.id")
    if model.directory and not model.id:
        writer.put("load.model_name", model.directory, "model.directory")
    quantization = writer.document.recipe.quantization
    kind = quantization.kind if quantization else None
    if kind in ("other", "fp4"):
        why = "Unsloth stores 4-bit weights as NF4 only"
        writer.lose(Code.LOST_QUANTIZATION, "quantization.kind", why)
    if kind == "int8":
        writer.put("load.load_in_4bit", False, "quantization")
        writer.put("load.load_in_8bit", True, "quantization.kind", "quantization")
    elif kind == "fp8":
        writer.put("load.load_in_4bit", False, "quantization")
        writer.put("load.load_in_fp8", True, "quantization.kind", "quantization")
    else:
        writer.put("load.load_in_4bit", kind is not None, "quantization.kind", "quantization")
    if kind == "nf4" and (adapter is None or adapter.start_from is None):
        identity = resolve(model.id)
        if identity.known or identity.bits == 16:
            writer.put("load.use_exact_model_name", True)
    if quantization is not None and not quantization.double:
        why = "Unsloth quantises the block scales as well"
        writer.lose(Code.LOST_QUANTIZATION, "quantization.double", why, Severity.WARNING)
    if writer.document.recipe.adapter is None:
        if quantization is not None:
            why = "quantised weights cannot be trained; there is no adapter on them"
            writer.lose(Code.LOST_QUANTIZATION, "quantization", why)
        writer.put("load.full_finetuning", True)


def put_rope(writer: Writer) -> None:
    pairs = writer.value("model.rope_scaling")
    if pairs:
        writer.put("load.rope_scaling", dict(pairs), "model.rope_scaling")


def put_tokens(writer: Writer) -> None:
    """The script's own statements; see :mod:`translator.frameworks.unsloth.render`."""


def put_files(writer: Writer) -> None:
    """The weights come from the Hub by id; a torchtune folder is a copy of the same files."""
    model = writer.document.recipe.model
    for name in ("directory", "files"):
        if getattr(model, name) and model.id:
            why = f"the weights are loaded by their id, {model.id}"
            writer.lose(Code.TOLD_OTHERWISE, f"model.{name}", why, Severity.NOTE, verbose=True)


def put_modality(writer: Writer) -> None:
    if writer.value("model.modality") != "text":
        why = "ftx writes scripts for text only"
        writer.lose(Code.LOST_MODEL, "model.modality", why)


def put_adapter(writer: Writer) -> None:
    adapter = writer.document.recipe.adapter
    if adapter is None:
        return
    modules: object = list(adapter.modules)
    if "all-linear" in adapter.modules:
        others = beside_all_linear(adapter.modules)
        if others:
            why = f"PEFT takes all-linear alone; {', '.join(others)} get no adapter"
            writer.lose(Code.LOST_TARGETS, "adapter.modules", why)
        modules = "all-linear"
        writer.facts["loader"] = "FastModel"
    if adapter.module_pattern is not None:
        modules = adapter.module_pattern
    writer.put("peft.target_modules", modules, "adapter.modules")
    if adapter.trained_modules:
        other = [n for n in adapter.trained_modules if n not in ("embed_tokens", "lm_head")]
        if other:
            # unsloth/models/llama.py:4880 (2026.10.9)
            why = f"Unsloth trains only embed_tokens and lm_head in full, not {', '.join(other)}"
            writer.lose(Code.LOST_ADAPTER, "adapter.trained_modules", why)
        kept = [n for n in adapter.trained_modules if n in ("embed_tokens", "lm_head")]
        if kept:
            writer.put("peft.modules_to_save", kept, "adapter.trained_modules")
    if adapter.initialization not in ("default", "random"):
        if adapter.initialization in ("gaussian", "loftq", "corda"):
            writer.put("peft.init_lora_weights", adapter.initialization, "adapter.initialization")
        else:
            # unsloth/models/llama.py:3261 (2026.8.19)
            why = "Unsloth knows the initialisations gaussian, loftq and corda only"
            writer.lose(Code.LOST_ADAPTER, "adapter.initialization", why)
    if adapter.layers is not None:
        writer.put("peft.layers_to_transform", list(adapter.layers), "adapter.layers")
    if adapter.weight_decomposed:
        writer.put("peft.use_dora", True, "adapter.weight_decomposed")
    if adapter.rank_stabilized:
        writer.put("peft.use_rslora", True, "adapter.rank_stabilized")
    if adapter.dtype != "float32":
        why = "Unsloth keeps adapter weights in float32: small updates are not rounded away"
        writer.lose(Code.LOST_ADAPTER_DTYPE, "adapter.dtype", why, Severity.WARNING)
    if adapter.start_from is not None:
        why = "its own configuration says its rank, its layers and how it is scaled"
        for field in ("adapter", "precision.weights", "objective.reference",
                      "checkpoints.adapter_only"):  # fmt: skip
            writer.lose(Code.TOLD_OTHERWISE, field, why, Severity.NOTE, verbose=True)
    if adapter.b_learning_rate_ratio is not None:
        writer.put("args.loraplus_lr_ratio", adapter.b_learning_rate_ratio,
                   "adapter.b_learning_rate_ratio")  # fmt: skip
    seed = writer.document.recipe.seed
    if seed is not None and writer.needed("seed", 3407):
        writer.put("peft.random_state", seed)


def experts_with(model: str, modules: Any) -> tuple[str, ...]:
    """The stacked weights of experts to which Unsloth gives adapters together with ``modules``.

    unsloth/models/_utils.py:11023 (2026.10.9): unless the script names some itself.
    """
    from translator.catalog.models import facts

    known = facts(model)
    if known is None or not known.experts or not isinstance(modules, tuple):
        return ()
    everything = modules == ("all-linear",)
    opening = everything or {"gate_proj", "up_proj", "gate_up_proj"} & {*modules}
    closing = everything or "down_proj" in modules
    names = ["experts.gate_up_proj"] if opening else []
    return (*names, *(["experts.down_proj"] if closing else []))


def put_parameters(writer: Writer) -> None:
    """Stacked weights with adapters; none are named for a model whose experts stay frozen."""
    adapter = writer.document.recipe.adapter
    if adapter is None:
        return
    usual = experts_with(writer.document.recipe.model.id, adapter.modules)
    if adapter.parameters or usual:
        writer.put("peft.target_parameters", list(adapter.parameters), "adapter.parameters")


def put_precision(writer: Writer) -> None:
    compute = writer.value("precision.compute")
    torch_name = {"bfloat16": "torch.bfloat16", "float16": "torch.float16",
                  "float32": "torch.float32"}.get(compute)  # fmt: skip
    if torch_name is not None:
        writer.put("load.dtype", Expression(torch_name), "precision.compute")
        writer.put("args.bf16", compute == "bfloat16", "precision.compute")
        writer.put("args.fp16", compute == "float16", "precision.compute")
    weights = writer.value("precision.weights")
    if writer.document.recipe.adapter is not None:
        if weights != "compute":
            why = "no weights are trained but the adapters'"
            writer.lose(Code.TOLD_OTHERWISE, "precision.weights", why, Severity.NOTE, verbose=True)
        return
    if weights == "float32" and compute != "float32":
        why = "weights are kept in the format of the computation, norms in float32"
        writer.lose(Code.LOST_PRECISION, "precision.weights", why, Severity.WARNING)
    elif weights == "compute" and compute != "float32":
        why = "norms are kept in float32"
        writer.lose(Code.LOST_PRECISION, "precision.weights", why, Severity.NOTE)
    elif weights != "float32" and compute == "float32":
        why = "everything is kept in float32, as it is computed"
        writer.lose(Code.TOLD_OTHERWISE, "precision.weights", why, Severity.NOTE, verbose=True)
