"""The intermediate representation: what a fine-tuning run *is*, whoever runs it.

A :class:`Recipe` holds effective values. Nothing in it is "unset": a reader supplies what its
framework would have done. It names no framework and holds no framework's default. Two recipes
that compare equal train the same thing, as far as a configuration can say.

Units, used throughout: a *token* is one id of the model's tokenizer; a *micro batch* is what one
device processes in one forward pass; an *optimizer step* is one parameter update, after
``batching.accumulation`` micro batches on each of ``parallelism.gpus`` devices.

Alternatives are types (``WarmupSteps | WarmupRatio``), never two optional fields.
"""

import math
from collections.abc import Iterable
from typing import Literal

from translator.record import Record

# --- model ---------------------------------------------------------------------------------------


class Model(Record):
    """The network that is trained and the tokenizer that feeds it."""

    id: str
    """Hub id of the 16-bit weights (``meta-llama/Llama-3.1-8B``), or a local path."""
    revision: str | None = None
    """Commit, tag or branch of the weights; None means the default branch."""
    directory: str | None = None
    """A local folder that already holds the weights, when the source names one beside the id."""
    files: tuple[str, ...] = ()
    """Weight files inside ``directory``, in order; empty means all of them."""
    tokenizer: str | None = None
    """Hub id or path of the tokenizer; None means the model's own."""
    trust_remote_code: bool = False
    """Whether code shipped with the weights is run."""
    modality: Literal["text", "vision", "audio"] = "text"
    """What the rows hold besides text."""
    special_tokens: tuple[tuple[str, str], ...] = ()
    """Role (``eos_token``, ``pad_token``) and text of special tokens that replace the
    tokenizer's own, sorted by role."""
    new_tokens: tuple[str, ...] = ()
    """Tokens added to the vocabulary, in order."""
    rope_scaling: tuple[tuple[str, str | float | int], ...] = ()
    """Changes to the rotary embedding, as sorted (name, value) pairs; empty means none."""


# --- what is trained -----------------------------------------------------------------------------


class Adapter(Record):
    """Low-rank adapters (LoRA) on frozen weights."""

    rank: int
    """Inner dimension of the update, > 0."""
    alpha: float
    """Numerator of the scale; see ``rank_stabilized``."""
    dropout: float = 0.0
    """Probability of dropping an input of the adapter, in [0, 1)."""
    modules: tuple[str, ...] = ()
    """Leaf names of the linear layers that get an adapter (``q_proj``), in the order of
    :data:`MODULE_ORDER`; or the word ``all-linear``: every one except the output head, which may
    stand beside it, as may ``embed_tokens``."""
    module_pattern: str | None = None
    """A regular expression over full module names, instead of ``modules``."""
    parameters: tuple[str, ...] = ()
    """Ends of the names of stacked weights that get adapters although they are no layers of their
    own (``mlp.experts.gate_up_proj``), in the source's order."""
    trained_modules: tuple[str, ...] = ()
    """Modules trained in full beside the adapters (``embed_tokens``, ``lm_head``), sorted."""
    bias: Literal["none", "all", "lora_only"] = "none"
    """Which bias vectors are trained."""
    rank_stabilized: bool = False
    """Scale by alpha / sqrt(rank) instead of alpha / rank (arXiv:2312.03732)."""
    weight_decomposed: bool = False
    """DoRA (arXiv:2402.09353)."""
    initialization: str = "default"
    """``default`` (Kaiming A, zero B), or gaussian, pissa, olora, loftq, eva, corda."""
    layers: tuple[int, ...] | None = None
    """Indices of the decoder layers that get adapters; None means all."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """In what the adapter's weights and their optimizer states are kept."""
    start_from: str | None = None
    """Path or Hub id of an adapter to continue, None for a fresh one."""
    b_learning_rate_ratio: float | None = None
    """LoRA+ (arXiv:2402.12354): learning rate of B over that of A; None means equal."""


MODULE_ORDER = ("q_proj", "k_proj", "v_proj", "qkv_proj", "o_proj", "gate_proj", "up_proj",
                "gate_up_proj", "down_proj", "lm_head", "embed_tokens")  # fmt: skip


def beside_all_linear(modules: Iterable[str]) -> tuple[str, ...]:
    """The names that stand beside the word ``all-linear``, in their order."""
    return tuple(name for name in modules if name != "all-linear")


class Quantization(Record):
    """How the frozen weights are stored while training."""

    kind: Literal["nf4", "fp4", "int8", "fp8", "other"]
    """``nf4`` and ``fp4``: 4 bits in blocks of 64; ``int8``: LLM.int8(); ``fp8``; ``other``: a
    checkpoint that is stored quantised in some further way."""
    double: bool = True
    """Whether the block scales are quantised too (4 bit only)."""


# --- data ----------------------------------------------------------------------------------------


class TextRows(Record):
    """A column of plain text; all of it is trained."""

    column: str = "text"


class InstructionRows(Record):
    """Columns that a template turns into a prompt, followed by a response."""

    instruction: str | None = "instruction"
    """Column behind ``{instruction}``."""
    input: str | None = "input"
    """Column behind ``{input}``; None when there is none."""
    output: str = "output"
    """Column of the response."""
    system: str | None = None
    """Column behind ``{system}``; None when there is none."""
    with_input: str = "{instruction}\n{input}"
    """Prompt text of a row whose input is not empty; fields are ``{instruction}``, ``{input}``
    and ``{system}``, braces doubled otherwise."""
    without_input: str = "{instruction}"
    """Prompt text of a row whose input is empty or missing."""
    style: str | None = None
    """Name of the template in the catalogue (``alpaca``) when it is a known one."""
    fields: tuple[tuple[str, str], ...] = ()
    """Further fields of the prompt and the columns behind them."""
    images: str | None = None
    """Column of the row's pictures; ``{images}`` marks their place in the prompt."""


class MessageRows(Record):
    """A column with a list of turns."""

    column: str = "messages"
    role_key: str = "role"
    content_key: str = "content"
    roles: tuple[tuple[str, str], ...] = ()
    """(name in the data, canonical role) for names other than system, user, assistant, tool."""
    tools: str | None = None
    """Column with tool descriptions."""
    drop_system: bool = False
    """Whether system turns of the data are left out."""
    images: str | None = None
    """Column of the pictures that the turns speak of, when it is one beside them."""


class PreferenceRows(Record):
    """A prompt with a preferred and a rejected answer."""

    prompt: str | None = "prompt"
    """Column of the prompt; None when chosen and rejected hold the whole conversation."""
    chosen: str = "chosen"
    rejected: str = "rejected"
    system: str | None = None
    messages: bool = False
    """Whether the columns hold lists of turns rather than text."""
    text: str = "{prompt}"
    """What is asked, around the column behind ``{prompt}``; braces doubled otherwise."""
    fields: tuple[tuple[str, str], ...] = ()
    """Further fields of ``text`` and the columns behind them."""


class LabelledRows(Record):
    """A prompt, one answer, and whether it is a good one (KTO)."""

    prompt: str = "prompt"
    completion: str = "completion"
    label: str = "label"


class PromptRows(Record):
    """Prompts that the model answers itself during training (online RL)."""

    prompt: str = "prompt"
    text: str = "{prompt}"
    """What is asked, around the column behind ``{prompt}``; braces doubled otherwise."""
    fields: tuple[tuple[str, str], ...] = ()
    """Further fields of ``text`` and the columns behind them."""
    images: str | None = None
    """Column of the pictures that come with a prompt."""


class TokenRows(Record):
    """Rows that are tokenized already (``input_ids``, ``labels``)."""


class CustomRows(Record):
    """Code of the user's own makes the rows; ``reference`` names or quotes it."""

    reference: str
    code: str | None = None
    """Python source of a function ``text_of(row, tokenizer)`` that stands alone and gives a row's
    text, or None for a row that is left out; None when there is no such function."""
    marks: tuple[str, ...] = ()
    """What opens questions and answers in that text, where only answers count; else empty. Two
    empty ones stand for what the tokenizer's own template puts there."""


Rows = (
    TextRows
    | InstructionRows
    | MessageRows
    | PreferenceRows
    | LabelledRows
    | PromptRows
    | TokenRows
    | CustomRows
)


class PlainFormat(Record):
    """Prompt and response follow one another as text, without turn markers."""

    joined: Literal["separately", "whole"] = "separately"
    """Whether prompt and response are tokenized on their own or as one string: a byte-pair merge
    across the boundary makes the difference."""
    end: Literal["eos", "none"] = "eos"
    """Whether the tokenizer's end-of-sequence token follows the response (and is trained)."""


class ChatFormat(Record):
    """Turns are wrapped in a chat template."""

    template: str
    """Catalogue id of the format (``chatml``, ``llama3``); ``tokenizer`` for the template that
    the model's tokenizer ships; ``jinja`` for the text in ``jinja``."""
    jinja: str | None = None
    system_prompt: str | None = None
    """System turn put before conversations that have none; None leaves that to the template."""
    end_is_eos: bool | None = None
    """Whether the template's end-of-turn token is made the end-of-sequence token; None leaves the
    tokenizer as it is."""


Format = PlainFormat | ChatFormat


class Supervision(Record):
    """Which tokens of a row count in the loss."""

    prompt: bool
    """Everything that is no answer (prompt, user and system turns)."""
    roles: tuple[str, ...] = ("assistant",)
    """Whose turns are answers."""
    turns: Literal["all", "last"] = "all"
    """Every answer of a conversation, or the last one."""
    turn_headers: bool = False
    """The markers that open an answer (``<|im_start|>assistant\\n``), and white space between the
    end of an answer and the next turn."""
    turn_ends: Literal["answers", "all", "last", "none"] = "answers"
    """End-of-turn tokens: those of answers, of every turn, of the last turn, or none."""


class Source(Record):
    """One data set, and how its rows become tokens."""

    path: str
    """Hub id, local file or folder, URL; or the name of a file format (``json``) with ``files``."""
    subset: str | None = None
    """Configuration name of a Hub data set."""
    split: str = "train"
    """Split, with slices as the ``datasets`` library writes them (``train[:10%]``)."""
    files: tuple[str, ...] = ()
    """Data files inside or instead of ``path``."""
    file_format: str | None = None
    """``json``, ``csv``, ``parquet``, ``arrow`` or ``text`` for local files; None if not said."""
    revision: str | None = None
    rows: Rows
    format: Format
    supervision: Supervision


class HeldOutRows(Record):
    """Part of the training rows is kept for evaluation; a ``size`` below 1 is a share, from 1 on a
    number of rows."""

    size: float


class SeparateRows(Record):
    """Evaluation has data sets of its own."""

    sources: tuple[Source, ...]


class Packing(Record):
    """Several rows share one sequence."""

    isolated: bool = True
    """Whether attention is kept inside each row."""
    fill: Literal["best-fit", "in-order", "wrapped"] = "best-fit"
    """How rows are chosen for a sequence; ``wrapped`` cuts one stream of tokens into pieces."""


class Data(Record):
    """What is learned from."""

    sources: tuple[Source, ...]
    validation: HeldOutRows | SeparateRows | None = None
    max_length: int | None
    """Longest sequence in tokens; None for no limit."""
    overlong: Literal["truncate", "drop", "split", "error"] = "truncate"
    """What happens to a row that is longer."""
    packing: Packing | None = None
    shuffle: bool = True
    """Whether rows are visited in random order."""
    streaming: bool = False
    """Whether rows are read as they are needed, so that their number is not known."""


# --- objective -----------------------------------------------------------------------------------


class SupervisedObjective(Record):
    """Next-token cross entropy on the supervised tokens (fine-tuning or continued pretraining)."""


class PreferenceObjective(Record):
    """Learning from pairs: DPO and its relatives."""

    method: Literal["dpo", "ipo", "orpo", "simpo", "cpo"]
    beta: float = 0.1
    label_smoothing: float = 0.0
    loss: str | None = None
    """Further variant of the loss by its field name (``hinge``), None for the method's own."""
    margin: float | None = None
    """Target margin gamma of SimPO."""
    reference: Literal["base", "copy", "none"] = "base"
    """Reference model: the frozen base under the adapter, a copy of the start, or none at all."""
    max_prompt_length: int | None = None


class LabelObjective(Record):
    """KTO (arXiv:2402.01306)."""

    beta: float = 0.1
    desirable_weight: float = 1.0
    undesirable_weight: float = 1.0


class OnlineObjective(Record):
    """Group-relative policy optimisation (GRPO) on the model's own answers."""

    generations: int
    """Answers sampled per prompt."""
    max_prompt_length: int | None = None
    max_completion_length: int | None = None
    beta: float = 0.0
    """Weight of the KL term."""
    epsilon: float = 0.2
    temperature: float = 1.0
    loss: str = "grpo"
    scale_rewards: str = "group"
    rewards: tuple[str, ...] = ()
    """Names of the reward functions, in order; their code is the user's own."""
    reward_weights: tuple[float, ...] = ()
    inference_server: bool = False
    """Whether an inference engine samples the answers."""


class OtherObjective(Record):
    """An objective that only some frameworks have (PPO, distillation, reward modelling, …)."""

    name: str
    settings: tuple[tuple[str, str | float | int | bool | None], ...] = ()


Objective = (
    SupervisedObjective | PreferenceObjective | LabelObjective | OnlineObjective | OtherObjective
)


# --- optimisation --------------------------------------------------------------------------------


class Optimizer(Record):
    """How gradients become updates."""

    name: str
    """The implementation in the field's usual spelling: ``adamw_torch``, ``adamw_bnb_8bit``
    (block-wise 8-bit states), ``paged_adamw_8bit``, ``paged_adamw_32bit``, ``adamw_torch_8bit``,
    ``sgd``, ``adafactor``, …; never an alias of one."""
    learning_rate: float
    """Peak rate."""
    weight_decay: float
    decays_norms: bool = False
    """Whether norms and biases decay as well; without effect when only adapters train."""
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    fused: bool | None = None
    """A fused kernel for the update; None leaves it to the implementation."""
    arguments: tuple[tuple[str, str | float | int | bool | None], ...] = ()
    """Further arguments of the implementation, as sorted (name, value) pairs."""
    max_grad_norm: float | None = None
    """Gradients are scaled down to this L2 norm; None for no clipping."""
    embedding_learning_rate: float | None = None
    """Own rate of the embeddings; None means ``learning_rate``."""
    in_backward: bool = False
    """Whether updates happen during the backward pass (no accumulation, no clipping)."""


class WarmupSteps(Record):
    """Linear warm-up over a number of optimizer steps."""

    steps: int


class WarmupRatio(Record):
    """Linear warm-up over a share of all optimizer steps, rounded as ``rounding`` says and not
    above ``at_most`` steps."""

    ratio: float
    rounding: Literal["down", "up"] = "up"
    """To whole steps; where it is ``down``, a single step (which leaves the rate at zero for it and
    has no other effect) becomes two."""
    at_most: int | None = None

    def steps(self, total: int) -> int:
        """The warm-up of a run of ``total`` optimizer steps, in steps."""
        exact = self.ratio * total
        count = math.ceil(exact) if self.rounding == "up" else math.floor(exact)
        if self.at_most is not None:
            count = min(count, self.at_most)
        return 2 if count == 1 and self.rounding == "down" else count


class Schedule(Record):
    """The learning rate over the run."""

    shape: str
    """``linear``, ``cosine``, ``constant``, ``cosine_with_restarts``, ``polynomial``,
    ``inverse_sqrt``, ``warmup_stable_decay``, …: the shape after warm-up, which may be zero steps
    long."""
    warmup: WarmupSteps | WarmupRatio
    min_ratio: float = 0.0
    """Floor of the rate as a share of the peak."""
    cycles: float | None = None
    """Number of waves of a cosine; None for the shape's own (half a wave, or one restart)."""
    arguments: tuple[tuple[str, str | float | int | bool | None], ...] = ()
    """Further arguments of the shape, sorted."""


class Epochs(Record):
    """Passes over the data, as a real number."""

    count: float


class Steps(Record):
    """Optimizer steps, however many passes over the data that takes."""

    count: int


class Batching(Record):
    """How rows become gradients."""

    micro_batch: int
    """Rows (or packed sequences) per device and forward pass."""
    accumulation: int
    """Micro batches per optimizer step on each device."""
    eval_micro_batch: int | None = None
    """The same in evaluation; None when there is no evaluation."""
    drop_last: bool = False
    """Whether an incomplete last batch is left out."""
    group_by_length: bool = False
    """Whether rows of like length are batched together."""
    normalization: Literal["token", "micro_batch"] = "token"
    """Whether a step's loss is the mean over its supervised tokens or the mean of the means of
    its micro batches; equal when ``accumulation`` is 1 on one device."""
    neftune_alpha: float | None = None
    """Noise on input embeddings (arXiv:2310.05914); None for none."""


# --- how it is computed --------------------------------------------------------------------------


class Precision(Record):
    """Number formats of the computation."""

    compute: Literal["bfloat16", "float16", "float32", "auto"]
    """Format of the forward pass; ``auto`` is bfloat16 where the hardware has it, else float16."""
    weights: Literal["float32", "mixed", "compute"] = "compute"
    """Format of weights that are trained in full: ``mixed`` keeps norms and embeddings in
    float32. Without effect when only adapters train."""
    tf32: bool | None = None
    """TensorFloat-32 in float32 matrix products; None leaves it to the framework."""


class Kernels(Record):
    """Speed and memory, same mathematics."""

    activation_checkpointing: Literal["none", "full", "selective"] = "none"
    activation_offload: bool = False
    """Whether saved activations wait in host memory."""
    attention: str | None = None
    """Implementation (``sdpa``, ``flash_attention_2``, ``eager``, …); None for the framework's
    choice."""
    compile: bool = False
    fused_loss: Literal["none", "chunked", "cut", "liger"] | None = None
    """Cross entropy without the full logits in memory; None for the framework's own."""
    fused_layers: bool = False
    """Fused norms, rotary embeddings and gated activations."""
    data_workers: int | None = None
    """Processes that load data; None for the framework's choice."""


class Parallelism(Record):
    """Over how many devices, and what they share."""

    strategy: Literal["single", "auto", "ddp", "fsdp1", "fsdp2", "zero1", "zero2", "zero3"]
    """``single``: written for one device; ``auto``: data-parallel over whatever it is launched
    on."""
    gpus: int | None = None
    """Devices in all, when the source says."""
    offload_parameters: bool = False
    offload_optimizer: bool = False
    reshard_after_forward: bool = True
    """Fully sharded strategies: whether parameters are dropped again after the forward pass."""
    layer_class: str | None = None
    """Class of the layer that is sharded as a unit; None for the framework's choice."""
    tensor: int = 1
    """Devices that share each matrix."""
    context: int = 1
    """Devices that share each sequence."""


# --- the run -------------------------------------------------------------------------------------


class Every(Record):
    """Something that happens every ``steps`` optimizer steps."""

    steps: int


class PerEpoch(Record):
    """Something that happens ``times`` times in each epoch."""

    times: float


class Evaluation(Record):
    """When the held-out rows are looked at."""

    interval: Every | PerEpoch | None = None
    """None: never."""
    patience: int | None = None
    """Early stopping after so many evaluations without progress; None: never."""


class Checkpoints(Record):
    """What is kept of the run."""

    directory: str | None
    """Where the result goes; None when the source names none."""
    interval: Every | PerEpoch | None
    """None: only at the end, if at all."""
    keep: int | None = None
    """How many checkpoints stay; None: all."""
    adapter_only: bool = True
    """Whether only adapter weights are written; without effect in full fine-tuning."""
    keep_best: bool = False
    """Whether the best checkpoint is loaded at the end."""
    resume_from: str | None = None
    """Checkpoint to go on from; ``auto`` for the newest of ``directory``."""
    hub_id: str | None = None
    """Hub repository that the result is pushed to."""


class Logging(Record):
    """What is told while it runs."""

    every: int | None
    """Optimizer steps between two lines; None leaves it to the framework."""
    trackers: tuple[str, ...] = ()
    """``wandb``, ``tensorboard``, ``mlflow``, ``comet``, ``swanlab``, ``trackio``, ``disk``,
    ``stdout``, sorted."""
    project: str | None = None
    entity: str | None = None
    run_name: str | None = None


class Recipe(Record):
    """One fine-tuning run."""

    model: Model
    adapter: Adapter | None
    """None: all weights are trained."""
    quantization: Quantization | None
    """None: weights stay in 16 or 32 bits."""
    data: Data
    objective: Objective
    optimizer: Optimizer
    schedule: Schedule
    duration: Epochs | Steps
    batching: Batching
    precision: Precision
    kernels: Kernels
    parallelism: Parallelism
    evaluation: Evaluation
    checkpoints: Checkpoints
    logging: Logging
    seed: int | None
    """Of initialisation, dropout and order; None: a different one each time."""
