"""What of a run matters for memory: a flat description that a reader of any source fills in.

The arithmetic (:mod:`translator.estimate.instants`) sees nothing but a :class:`Workload`. Recipes
become one in :mod:`translator.estimate.reading`; published measurements in the scoring script.
"""

from __future__ import annotations

from typing import Literal

from translator.estimate.shape import Shape
from translator.record import Record

Storage = Literal["float32", "16bit", "int8", "nf4", "nf4-double", "gptq4", "fp8", "nvfp4", "mxfp4"]
"""How the base weights lie in memory; ``nf4-double`` has its scales quantised as well."""

Strategy = Literal["none", "ddp", "fsdp1", "fsdp2", "zero1", "zero2", "zero3"]

Checkpointing = Literal["none", "full", "offload"]

Attention = Literal["flash", "efficient", "eager", "compiled"]
"""``flash``: nothing quadratic; ``efficient``: likewise, but keys and values are repeated for each
query head and a mask may lie in memory; ``eager``: scores are materialised, ``compiled``: once, and
in float32 on the way back."""

LossPath = Literal[
    "fp32",
    "fp32-kept",
    "fp32-entropy",
    "in-place",
    "in-place-kept",
    "compute",
    "chunked",
    "compiled-chunks",
    "fused",
    "fused-cast",
    "cut",
    "unsloth",
    "tuned-chunks",
    "tile",
    "pieces",
    "pairs",
    "pairs-copied",
    "odds",
    "odds-copied",
    "policy",
    "unsloth-policy",
]
"""How cross entropy is computed; see :mod:`translator.estimate.loss`."""


class Lora(Record):
    """Adapters on the linear layers named in ``targets``."""

    rank: int
    targets: tuple[str, ...]
    """Names of matrices (``q_proj``); see :class:`translator.estimate.shape.Matrix`."""
    bytes: int = 4
    """Of an element of A and B."""
    dropout: bool = False
    decomposed: bool = False
    """DoRA."""
    layers: int | None = None
    """How many decoder layers get adapters; None for all."""
    trained_head: bool = False
    trained_embedding: bool = False
    """Whether head or embedding are trained in full beside the adapters."""
    expert_targets: tuple[str, ...] = ()
    """Names of the experts' stacked matrices with adapters of their own for every expert."""
    share: float = 1.0
    """Share of a fused matrix's outputs that its adapter reaches; the rest is filled with zeros
    (litgpt's ``LoRAQKVLinear.zero_pad``)."""


class OptimizerCost(Record):
    """Bytes an optimizer takes for each trained parameter."""

    name: str
    states: tuple[int | float, ...]
    """Bytes per parameter of each state; 0.0 entries follow the parameter (see ``follows``)."""
    follows: int = 0
    """How many further states have the parameter's own number format."""
    foreach: bool = False
    """Whether a step makes a list of updates as large as the parameters."""
    master: int = 0
    """Bytes of a further copy of each trained parameter."""
    root_in_float: bool = False
    """Whether states of embeddings stay in float32, as Trainer asks of bitsandbytes
    (transformers/trainer_optimizer.py, ``GlobalOptimManager``)."""
    paged: bool = False
    """Whether states may move to host memory."""
    factored: bool = False
    """Whether the second moment is kept as rows and columns."""


class Sharding(Record):
    """What devices share."""

    strategy: Strategy = "none"
    gpus: int = 1
    reshard: bool = True
    root_at_loss: bool = True
    """Fully sharded strategies: whether embeddings and head are still gathered while the loss is
    computed; torchtune drops them with the layers and gathers them anew."""
    offload_parameters: bool = False
    offload_optimizer: bool = False
    bucket: int = 500_000_000
    """Elements of a DeepSpeed bucket (``reduce_bucket_size``)."""
    overlapped: bool = False
    """Whether one bucket is sent while the next one fills (``overlap_comm``): there are two."""
    live: int = 1_000_000_000
    """Elements that ZeRO-3 lets be gathered at once (``stage3_max_live_parameters``)."""
    group: int = 1_000_000_000
    """Elements of its part that ZeRO-3 updates at once (``sub_group_size``)."""
    tensor: int = 1
    context: int = 1

    @property
    def by_fsdp(self) -> bool:
        """Whether FSDP spreads the weights over several devices, and gathers them in 16 bits."""
        return self.strategy in ("fsdp1", "fsdp2") and self.gpus > 1

    @property
    def data(self) -> int:
        """Devices that see different rows, or shards."""
        return max(1, self.gpus // max(1, self.tensor))


class Kernels(Record):
    """Which implementation of a layer runs."""

    norm: Literal["eager", "fused", "torch"] = "eager"
    mlp: Literal["eager", "fused", "recompute", "traced"] = "eager"
    """``fused``: one kernel for the gated activation (Liger); ``recompute``: its backward step
    works in place and computes the activation anew (Unsloth); ``traced``: the same inside a
    compiled layer, which makes new tensors (Unsloth's preference trainers)."""
    redraws: bool = False
    """Whether the backward pass draws dropout anew from its seed, so that nothing of it is kept
    (adapters that Unsloth has compiled)."""
    lora: Literal["eager", "lean", "fused"] = "eager"
    """``lean``: no float32 copy of the input; ``fused``: adapters and base in one autograd step
    that keeps the shared input only."""
    casts_over_bits: bool = False
    """Whether adapters over quantised weights make a float32 copy of their input under autocast,
    as PEFT did up to 0.13."""
    keeps_inputs: bool = False
    """Whether every linear layer keeps its input, trained or not: ZeRO-3 puts its own in their place
    (deepspeed/runtime/zero/linear.py)."""
    keeps_quantized_inputs: bool = False
    """Whether products with quantised weights save their input, as bitsandbytes did up to 0.43."""
    wide_heads: Literal["efficient", "math"] = "efficient"
    """How grouped heads go that are too wide for flash attention: keys repeated for the efficient
    kernel, or, in transformers before 5.16, no kernel at all."""
    window_mask: bool = False
    """Whether a sliding window is told by a mask in memory (SDPA in transformers)."""
    attention_copy: bool = False
    """Whether the result of attention is copied, because it was padded."""
    rope: Literal["eager", "fused"] = "eager"
    attention: Attention = "flash"
    recurrence: Literal["fused", "torch"] = "fused"
    """Whether a hybrid model's mixers run their own kernels or transformers' PyTorch code."""
    experts: Literal["grouped", "loop"] = "grouped"
    """``grouped``: all experts in one product (transformers 5); ``loop``: one after the other, so
    that gradients exist for one expert at a time (transformers 4)."""
    compiled: bool = False
    """Whether the model's own code is compiled block by block: what is cheap is computed anew, and the
    16-bit copies of float32 adapters that autocast makes stay for the backward pass."""
    merges_experts: bool = True
    """Whether adapters of experts are multiplied out and added to the weights, a layer's experts at
    a time (peft/tuners/lora/layer.py, ``ParamWrapper``), rather than applied to the tokens."""
    reentrant: bool = False
    """Whether a recomputed layer's result stays until its backward pass is over
    (torch/utils/checkpoint.py, ``CheckpointFunction``)."""
    autocast: bool = False
    """Whether a mixed-precision context casts inputs and weights of each matrix product."""
    stream: Literal[2, 4] = 2
    """Bytes of an element of the hidden state between layers."""
    compute: Literal[2, 4] = 2
    """Bytes of an element inside matrix products."""


class Workload(Record):
    """One device's part of a run."""

    shape: Shape
    rows: int
    """Sequences of a micro batch, after packing."""
    length: int
    """Tokens of a sequence, padded or packed."""
    pairs: bool = False
    """Whether every row is two sequences that go through together (DPO, ORPO)."""
    reference: Literal["none", "pass", "copy"] = "none"
    """A further pass through the frozen model without gradients, or a second copy of it."""
    accumulation: int = 1
    base: Storage = "16bit"
    embedding_bytes: int = 2
    """Of an element of embeddings and head."""
    norm_bytes: int = 2
    quantized: Literal["linear", "adapted"] = "linear"
    """Which matrices a quantised ``base`` covers: all, or those that carry adapters."""
    quantized_share: float = 1.0
    """Share of them that is really quantised (Unsloth's dynamic checkpoints leave some out)."""
    unpacking: int = 2
    """Bytes per element that exist while a quantised matrix is dequantised: 2 in bitsandbytes, 4 there
    when it was quantised from another 16-bit format than the run's, 14 in torchao's NF4, which
    unpacks through tables of indices (torchao/dtypes/nf4tensor.py)."""
    quantized_head: bool = False
    """Whether the output head is quantised with the layers (Lightning's plugin; bitsandbytes in
    transformers leaves it out)."""
    left_out: tuple[str, ...] = ()
    """Names of matrices that quantisation leaves out (Mamba's projections)."""
    experts_quantized: bool = True
    prequantized: bool = False
    """Whether the checkpoint holds the quantised weights, experts included."""
    trains_vision: bool = False
    keeps_vision: bool = True
    """Whether towers beside the text model are loaded at all."""
    lora: Lora | None = None
    """None: every parameter is trained."""
    weight_bytes: int = 2
    """Of a trained parameter in full training."""
    root_bytes: int | None = None
    """Of an element of embedding, head and norms in full training; None: ``weight_bytes``."""
    grad_bytes: int | None = None
    """Of a gradient; None: as the parameter."""
    optimizer: OptimizerCost
    in_backward: bool = False
    """Whether updates happen during the backward pass."""
    checkpointing: Checkpointing = "full"
    checkpointed_layers: float = 1.0
    """Share of the layers that checkpointing covers."""
    kernels: Kernels = Kernels()
    loss: LossPath = "fp32"
    loss_tokens: float = 1.0
    """Share of the tokens whose logits are computed."""
    sharding: Sharding = Sharding()
    workspaces: int = 2 * (8 << 20) + (1 << 18)
    """Bytes of cuBLAS workspaces: 8 MiB before Hopper and 32 MiB there, for the main thread and
    for the one of the backward pass (ATen/cuda/CublasHandlePool.cpp)."""
    buffers: int = 0
    """Bytes of tables the framework keeps (rotary caches)."""
    holds_graph: bool = False
    """Whether a variable of the loop holds the graph of one micro batch until the next one's forward
    pass is over: its logits, and inputs that ``keeps_quantized_inputs`` put on it."""
    unrecorded: int = 0
    """How many times the rows of a micro batch go through together without gradients before it
    (AgileRL: actor and reference)."""
    reference_bytes: int = 0
    """Of an element of the reference copy; 0: as the model's own."""
    samples: float = 0.0
    """How often keys and values of all tokens lie in memory while the trainer samples answers;
    more than once where the cache is copied to grow (Unsloth)."""
    loose_bytes: int = 2
    """Of an element inside the layers that quantisation leaves out (fused experts)."""
    widens_at_load: bool = False
    """Whether embeddings and head are float32 for a moment before training."""
    retains_grads: bool = False
    """Whether gradients stay allocated between steps (set to zero instead of None)."""

    @property
    def mask_elements(self) -> int:
        """Elements of the mask that tells a sliding window; 0 where there is none."""
        window = self.shape.sliding_window
        if not self.kernels.window_mask or window is None or self.length <= window:
            return 0
        return self.sequences * self.length * self.length

    @property
    def sequences(self) -> int:
        """Sequences in one forward pass."""
        return self.rows * (2 if self.pairs else 1)

    @property
    def tokens(self) -> int:
        """Tokens in one forward pass on this device."""
        return max(1, self.sequences * self.length // max(1, self.sharding.context))

    @property
    def base_quantized(self) -> bool:
        """Whether the base's matrices take fewer than 16 bits an element."""
        return self.base not in ("16bit", "float32")

    @property
    def trains_all(self) -> bool:
        """Full fine-tuning."""
        return self.lora is None

    @property
    def input_gradient(self) -> bool:
        """Whether the first layer's input has a gradient: of a trained embedding, or because
        checkpointing asked for it (PEFT's ``enable_input_require_grads``)."""
        lora = self.lora
        if lora is None or self.checkpointing != "none":
            return True
        return lora.trained_embedding or "embed_tokens" in lora.targets
