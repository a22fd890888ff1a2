"""What each framework makes of a recipe: number formats, kernels, loss paths.

Versions: Axolotl 0.19 (transformers 5, PEFT 0.20), torchtune 0.6.1, Unsloth 2026.10 (TRL 1.9).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from translator.catalog.liger import supported
from translator.document import Document
from translator.estimate.workload import Attention, Kernels, LossPath, Workload
from translator.ir import Adapter, OnlineObjective, PreferenceObjective, Recipe
from translator.record import replace


def _sampling(recipe: Recipe, copies: float) -> float:
    """How often keys and values of all tokens lie in memory while answers are sampled."""
    objective = recipe.objective
    if not isinstance(objective, OnlineObjective) or objective.inference_server:
        return 0.0
    return copies


_FUSED: dict[str, LossPath] = {"liger": "fused", "cut": "cut", "chunked": "compiled-chunks"}


def behaviour(document: Document, work: Workload, said: list[str]) -> Workload:
    """The workload as the document's framework runs it; ``said`` takes what was assumed."""
    return _BEHAVIOURS.get(document.format, _transformers)(document, work, said)


def _leftover(document: Document, name: str) -> object:
    return next((entry.value for entry in document.leftovers if entry.key == name), None)


def _attention(recipe: Recipe) -> Attention:
    kind = recipe.kernels.attention
    if kind == "eager":
        return "eager"
    return "flash"


def _preference(recipe: Recipe) -> bool:
    return isinstance(recipe.objective, (PreferenceObjective, OnlineObjective))


def _policy_loss(recipe: Recipe, *, copied: bool) -> LossPath:
    """TRL's trainers; ``copied``: with Axolotl's function for the log-probabilities."""
    objective = recipe.objective
    if isinstance(objective, OnlineObjective):
        return "policy"
    alone = isinstance(objective, PreferenceObjective) and objective.method in (
        "orpo", "simpo", "cpo",
    )  # fmt: skip
    if alone:
        return "odds-copied" if copied else "odds"
    return "pairs-copied" if copied else "pairs"


def _transformers(document: Document, work: Workload, said: list[str]) -> Workload:
    """Trainer, accelerate and PEFT: mixed precision casts the inputs of matrix products, adapters
    are float32, eager norms work in float32."""
    recipe = document.recipe
    fused = recipe.kernels.fused_loss
    half = recipe.precision.compute != "float32" and not _stays_wide(work)
    loss: LossPath = _FUSED.get(fused or "", "fp32")
    if _preference(recipe):
        loss = _policy_loss(recipe, copied=document.format == "axolotl")
    layers = recipe.kernels.fused_layers and supported(work.shape.family, document.format)
    kernels = Kernels(
        norm="fused" if layers else "eager",
        mlp="fused" if layers else "eager",
        rope="fused" if layers else "eager",
        # no kernel takes grouped heads in float32
        attention="eager"
        if _stays_wide(work) and work.shape.kv_heads < work.shape.heads
        else _attention(recipe),
        window_mask=recipe.kernels.attention in (None, "sdpa"),
        autocast=half,
        compute=2 if half else 4,
        stream=2 if half else 4,
    )
    weights = 2 if half and recipe.precision.weights != "float32" else 4
    base = work.base if half or work.base != "16bit" else "float32"
    sharded = work.sharding.strategy not in ("none", "ddp") and work.sharding.gpus > 1
    if work.sharding.strategy == "fsdp1" and sharded and half and recipe.adapter is None:
        # accelerate upcasts what is trained to float32 under FSDP mixed precision
        # (accelerate/utils/fsdp_utils.py)
        weights = 4
        said.append("FSDP1 with mixed precision keeps trained weights in float32 (accelerate)")
    lora = work.lora
    if work.sharding.strategy.startswith("zero") and half:
        # DeepSpeed casts the model itself, except what stage 3 has spread by then, and there is no
        # autocast (deepspeed/runtime/engine.py, accelerate/accelerator.py)
        kernels = replace(kernels, autocast=False, keeps_inputs=work.sharding.strategy == "zero3")
        if lora is not None and work.sharding.strategy != "zero3":
            lora = replace(lora, bytes=2)
        if loss == "fused" and lora is None:
            loss = "fused-cast"
    wide = 2 if half else 4
    root = None
    if recipe.adapter is None and recipe.precision.weights == "mixed" and not sharded:
        # embeddings and norms in float32 make the hidden state float32 as well
        root, kernels = 4, replace(kernels, stream=4)
    if half and widens(replace(work, base=base)):
        kernels = replace(kernels, stream=4)
    if base == "int8":
        # bitsandbytes/autograd/_functions.py (0.50), ``MatMul8bitLt``
        kernels = replace(kernels, keeps_quantized_inputs=True)
    if work.shape.family == "kimi_linear":
        work, kernels = _kimi(replace(work, base=base), kernels, said)
    return replace(
        work, kernels=kernels, loss=loss, weight_bytes=weights, base=base, embedding_bytes=wide,
        norm_bytes=wide, root_bytes=root, lora=lora,
    )  # fmt: skip


def _kimi(work: Workload, kernels: Kernels, said: list[str]) -> tuple[Workload, Kernels]:
    """Kimi Linear's own code, as Axolotl carries it (model_support/kimi_linear/modeling_kimi.py):
    experts one after the other, weighted in float32, which makes the hidden state float32, and
    nothing that recomputes a layer."""
    kernels = replace(kernels, experts="loop")
    if work.base_quantized:
        kernels = replace(kernels, compute=4)  # bitsandbytes answers in the format it is asked in
    if work.checkpointing != "none":
        said.append("the code of Kimi Linear never recomputes a layer, whatever is asked for: the "
                    "activations of all layers stay")  # fmt: skip
    return replace(work, checkpointing="none"), kernels


def _stays_wide(work: Workload) -> bool:
    """Whether ZeRO-3 trains in float32 whatever the file asks for: weights that begin on the host are
    read in float32, and DeepSpeed casts none that are spread already (measured with Axolotl 0.19)."""
    shared = work.sharding
    return shared.strategy == "zero3" and shared.offload_parameters and work.lora is None


def widens(work: Workload) -> bool:
    """Whether mixed precision leaves the hidden state in float32: Mamba asks for it; bitsandbytes answers in the format
    it is asked in, and autocast's layer norms ask in float32; DoRA over 4 and 8 bits adds a part
    in the adapter's format that nobody casts back (peft/tuners/lora/bnb.py)."""
    if work.shape.float_residual:
        return True
    if work.shape.norm == "layer" and work.base in ("nf4", "nf4-double"):
        return True
    lora = work.lora
    if lora is None or not lora.decomposed or lora.bytes != 4:
        return False
    if work.base not in ("nf4", "nf4-double", "int8"):
        return False
    return not {"o_proj", "down_proj"}.isdisjoint(lora.targets)


def _axolotl(document: Document, work: Workload, said: list[str]) -> Workload:
    """As transformers; PEFT's upcast of embeddings for 4 and 8 bit bases is undone again
    (axolotl/loaders/model.py, ``_convert_embedding_modules_dtype``)."""
    work = _transformers(document, work, said)
    kernels = replace(work.kernels, reentrant=True)
    if _leftover(document, "lora_mlp_kernel") and work.lora is not None:
        kernels = replace(kernels, mlp="recompute")
    if _leftover(document, "lora_qkv_kernel") and work.lora is not None:
        kernels = replace(kernels, lora="fused")
    data = document.recipe.data
    if data.packing is not None and document.recipe.kernels.attention in (None, "sdpa"):
        # rows apart in one sequence: keys and values are repeated for the varlen kernel
        # (axolotl/monkeypatch/attention/sdpa_varlen.py)
        kernels = replace(kernels, attention="efficient")
    covers_experts = work.prequantized or bool(_leftover(document, "quantize_moe_experts"))
    covers_experts |= work.shape.experts is not None and work.shape.experts.apart
    if any(_leftover(document, name) for name in ("use_scattermoe", "use_sonicmoe")):
        kernels = replace(kernels, merges_experts=False)
    # embeddings become float32 and 16 bits again before training
    # (axolotl/loaders/model.py, ``_configure_embedding_dtypes``)
    shared = work.sharding.strategy == "zero3" or work.sharding.by_fsdp
    widened = work.lora is not None and not shared
    # PEFT's preparation makes float32 of what is not quantised; only embeddings and norms go back
    loose = 4 if work.base in ("nf4", "nf4-double", "int8") else 2
    work = replace(work, left_out=_left_out(work))
    return replace(work, kernels=kernels, experts_quantized=covers_experts, widens_at_load=widened,
                   loose_bytes=loose, samples=_sampling(document.recipe, 1.1))  # fmt: skip


def _left_out(work: Workload) -> tuple[str, ...]:
    """Parts of mixers that Axolotl keeps from bitsandbytes (axolotl/loaders/model.py,
    ``_set_quantization_config``)."""
    mixer = work.shape.mixer
    if work.shape.family == "falcon_h1":
        return ("out_proj",)
    if work.shape.family == "jamba" and work.base == "int8" and mixer is not None:
        return tuple(matrix.name for matrix in mixer.matrices)
    return ()


def _torchtune(document: Document, work: Workload, said: list[str]) -> Workload:
    """Everything in the run's number format, adapters too; norms through ``F.rms_norm`` in float32;
    keys and values are repeated for SDPA; nobody asks bitsandbytes for float32 embeddings."""
    recipe = document.recipe
    half = recipe.precision.compute != "float32"
    element = 2 if half else 4
    loss: LossPath = "tuned-chunks" if recipe.kernels.fused_loss == "chunked" else "fp32"
    if _preference(recipe):
        loss = "compute"
    lora = None if work.lora is None else replace(work.lora, bytes=element)
    kernels = Kernels(norm="torch", attention="efficient", compute=element, stream=element)  # type: ignore[arg-type]
    if _attention(recipe) == "flash" and work.shape.kv_heads == work.shape.heads:
        kernels = replace(kernels, attention="flash")
    if work.shape.softcap:  # torchtune/models/gemma2/_attention.py multiplies, caps and masks
        kernels = replace(kernels, attention="eager")
    return replace(
        work, kernels=kernels, loss=loss, lora=lora, weight_bytes=element, norm_bytes=element,
        embedding_bytes=element,
        optimizer=replace(work.optimizer, root_in_float=False),
        sharding=replace(work.sharding, root_at_loss=False), buffers=_rotary_cache(document, work),
        unpacking=14,
        base=work.base if half or work.base != "16bit" else "float32",
    )  # fmt: skip


_POSITIONS = {"llama": 4096, "phi3": 4096, "gemma": 8192, "gemma2": 8192}
"""Positions that components without a builder's name are likely to be given; 32768 elsewhere."""


def _rotary_cache(document: Document, work: Workload) -> int:
    """Sines and cosines for every position the builder was made for, in float32; builders with
    adapters make them for each layer, but for Llama 3.1 and 3.2 (torchtune/models/*,
    ``lora_*_self_attention``)."""
    shape = work.shape
    long = shape.vocab > 100_000 and shape.family == "llama"
    told = document.facts.get("positions")
    positions = 131072 if long else _POSITIONS.get(shape.family, 32768)
    positions = int(told) if told else positions
    wide = 2 if shape.family in ("qwen2", "phi3") else 1
    shared = long or shape.family == "phi3"
    copies = shape.layers if work.lora is not None and not shared else 1
    return positions * shape.head_dim * 4 * wide * copies


def _unsloth(document: Document, work: Workload, said: list[str]) -> Workload:
    """Unsloth's kernels: norms, rotary embedding, gated network and adapters keep their inputs and
    recompute; the loss is computed in pieces; norms of a trained model are float32."""
    recipe = document.recipe
    half = recipe.precision.compute != "float32"
    kernels = Kernels(norm="fused", mlp="recompute", lora="fused", rope="fused",
                      attention="flash", compute=2 if half else 4, stream=2 if half else 4)  # fmt: skip
    kernels = replace(kernels, attention_copy=True, reentrant=True, merges_experts=False)
    if work.shape.softcap and work.shape.family == "gemma2":
        # unsloth/models/gemma2.py caps scores by itself where flash-attn is not installed
        kernels = replace(kernels, attention="compiled")
    loss: LossPath = "unsloth-policy" if _preference(recipe) else "unsloth"
    weights = 4 if recipe.adapter is None and recipe.precision.weights == "float32" else 2
    if recipe.adapter is not None:
        kernels = replace(kernels, **_layers(recipe.adapter, work))
    if _preference(recipe) and kernels.mlp == "recompute":
        kernels = replace(kernels, mlp="traced")
    kernels = replace(kernels, autocast=weights == 4 or kernels.lora != "fused")
    if work.shape.mixer is not None and work.shape.mixer.kind == "mamba2":
        # unsloth_zoo/peft_utils.py, ``SKIP_QUANTIZATION_MODULES``
        work = replace(work, left_out=("in_proj", "out_proj"))
    # a buffer for the largest dequantised matrix stays (unsloth/kernels/utils.py, WEIGHT_BUFFERS)
    scratch = 2 * work.shape.largest_matrix if work.base_quantized else 0
    if work.checkpointing == "offload":
        # and one for the checkpoint on its way back (unsloth_zoo/gradient_checkpointing.py)
        scratch += work.shape.hidden * work.tokens * 2
    return replace(work, kernels=kernels, loss=loss, weight_bytes=weights, norm_bytes=2,
                   buffers=scratch, samples=_sampling(recipe, 2.2))  # fmt: skip


_BY_HAND = ("llama", "mistral", "gemma", "gemma2", "qwen2", "qwen3")
"""Families whose layers Unsloth has rewritten (unsloth/models/loader.py, ``dispatch_model``); it
compiles the code of the others."""


def _layers(adapter: Adapter, work: Workload) -> dict[str, Any]:
    """Which kernels run beside adapters. PEFT's own code, compiled, where biases are trained or
    weights decomposed; the fused network only when all three of its matrices have adapters
    (unsloth/models/llama.py, ``patch_peft_model``; kernels/fast_lora.py drops out as well, in
    2026.10 and not yet in 2026.8.19)."""
    if adapter.bias != "none" or adapter.weight_decomposed:
        return {"lora": "lean", "mlp": "eager", "redraws": True}
    if work.shape.family not in _BY_HAND:
        return {"mlp": "fused", "compiled": True, "redraws": True}
    targets = work.lora.targets if work.lora is not None else ()
    whole = {"gate_proj", "up_proj", "down_proj"} <= set(targets)
    return {} if whole else {"mlp": "eager"}


_BEHAVIOURS: dict[str, Callable[[Document, Workload, list[str]], Workload]] = {
    "axolotl": _axolotl,
    "torchtune": _torchtune,
    "unsloth": _unsloth,
}
