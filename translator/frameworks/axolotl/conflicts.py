"""Keys of one file that Axolotl refuses together, though each has its meaning.

axolotl/utils/schemas/validation.py and config.py, version 0.19: what ``axolotl train`` stops at
before it starts. Pairs that change how a key is read are told where the key is read.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import NamedTuple

from translator.codes import Code
from translator.diagnostics import Severity
from translator.reading import Reader
from translator.record import Record
from translator.tree import Node, Unresolved, steps


class File(Record, kw_only=False):
    """The file as Axolotl's validators see it: an absent key, null, 0 and '' are all off."""

    reader: Reader

    def __getitem__(self, name: str) -> object:
        """The plain value of a dotted key, None when absent or not known."""
        node = self.node(name)
        if node is None or isinstance(node.value, Unresolved):
            return None
        return node.plain()

    def node(self, name: str) -> Node | None:
        address = steps(name)
        if address[0] not in self.reader.top:  # as most are
            return None
        return self.reader.peek(*address)

    def all(self, *names: str) -> bool:
        return all(self[name] for name in names)

    def any(self, *names: str) -> bool:
        return any(self[name] for name in names)

    def count(self, name: str, default: int = 1) -> float:
        """A number; what is none counts as ``default``."""
        value = self[name]
        return value if isinstance(value, int | float) and value and isfinite(value) else default

    @property
    def fsdp(self) -> int | None:
        """The version of FSDP that the file asks for, None without it."""
        strategy = str(self.reader.values["parallelism.strategy"])
        return int(strategy[-1]) if strategy.startswith("fsdp") else None

    @property
    def model(self) -> str:
        return str(self["base_model"] or "").lower()


class Conflict(NamedTuple):
    """``key`` is where the finding points, and without it there is none; ``why`` completes "Axolotl
    refuses the combination"."""

    key: str
    when: Callable[[File], object]
    why: str


_LORA_KERNELS = ("lora_mlp_kernel", "lora_qkv_kernel", "lora_o_kernel")
_LOSSES = ("cut_cross_entropy", "chunked_cross_entropy", "liger_cross_entropy",
           "liger_fused_linear_cross_entropy")  # fmt: skip


def _divides(file: File) -> bool:
    """Whether evaluation falls on every step at which a checkpoint is written."""
    every, save = file["eval_steps"], file["save_steps"]
    if not (isinstance(every, int | float) and isinstance(save, int | float)):
        return False
    return bool(every and save and save % every == 0)


def _evaluates_nothing(file: File) -> bool:
    size = file["val_set_size"]
    return (
        isinstance(size, int | float)
        and size == 0
        and file.any("eval_steps", "eval_strategy")
        and not file["test_datasets"]
        and file["eval_strategy"] != "no"
    )


def _odd_groups(file: File) -> bool:
    """GRPO samples whole groups of answers."""
    if file["rl"] != "grpo" or not file["trl.num_generations"]:
        return False
    rows = file.count("micro_batch_size") * file.count("gradient_accumulation_steps")
    return (
        file.count("trl.generation_batch_size", int(rows)) % file.count("trl.num_generations") > 0
    )


CONFLICTS = (
    # evaluation and checkpoints
    Conflict("eval_steps", lambda f: f["eval_steps"] and _evaluates_nothing(f),
             "val_set_size: 0 leaves nothing to evaluate"),
    Conflict("eval_strategy", lambda f: not f["eval_steps"] and _evaluates_nothing(f),
             "val_set_size: 0 leaves nothing to evaluate"),
    Conflict("eval_strategy", lambda f: f["evals_per_epoch"] and f["eval_strategy"] not in
             (None, False, "", "steps"), "evals_per_epoch goes with eval_strategy: steps only"),
    Conflict("early_stopping_patience", lambda f: f["early_stopping_patience"] and not _divides(f),
             "it needs eval_steps and save_steps, the first a divisor of the second"),
    Conflict("eval_table_size", lambda f: f.all("sample_packing", "eval_table_size")
             and f["eval_sample_packing"] is not False,
             "with sample_packing it needs eval_sample_packing: false"),
    Conflict("save_strategy", lambda f: f["save_strategy"] == "best"
             and not f["metric_for_best_model"], "it needs metric_for_best_model"),
    Conflict("save_safetensors", lambda f: f["save_safetensors"] is False,
             "transformers 5 writes safetensors only"),
    Conflict("do_causal_lm_eval", lambda f: f.all("do_causal_lm_eval", "eval_sample_packing"),
             "it needs eval_sample_packing: false"),
    Conflict("do_bench_eval", lambda f: f["do_bench_eval"]
             and not f.any("evals_per_epoch", "eval_steps"),
             "it needs evals_per_epoch or eval_steps"),
    # data
    Conflict("val_set_size", lambda f: f.all("pretraining_dataset", "val_set_size"),
             "rows of pretraining_dataset cannot be held out; test_datasets can name others"),
    Conflict("val_set_size", lambda f: f.all("streaming", "val_set_size"),
             "rows of a stream cannot be held out; test_datasets can name others"),
    Conflict("pretraining_dataset", lambda f: f["pretraining_dataset"] and not f["max_steps"],
             "a stream needs max_steps, as its length is not known"),
    Conflict("streaming", lambda f: f["streaming"] and not f["pretraining_dataset"]
             and not f["max_steps"], "a stream needs max_steps, as its length is not known"),
    Conflict("include_tokens_per_second",
             lambda f: f.all("pretraining_dataset", "include_tokens_per_second"),
             "it counts the tokens of all rows, which a stream does not have at hand"),
    Conflict("push_dataset_to_hub", lambda f: f["push_dataset_to_hub"]
             and f["hf_use_auth_token"] is not True, "it needs hf_use_auth_token: true"),
    Conflict("chat_template", lambda f: f["chat_template"] == "jinja"
             and not f["chat_template_jinja"], "it needs the template's text in chat_template_jinja"),
    *(Conflict(key, lambda f, key=key: f.all("tokenizer_use_mistral_common", key),  # type: ignore[misc]
               "a mistral-common tokenizer cannot be changed")
      for key in ("special_tokens", "tokens", "chat_template", "added_tokens_overrides",
                  "processor_kwargs")),
    # objectives
    Conflict("rl", lambda f: f["rl"] == "kto" and f["remove_unused_columns"] is not False,
             "kto needs remove_unused_columns: false"),
    Conflict("warmup_ratio", lambda f: f["rl"] == "simpo" and f["warmup_ratio"],
             "simpo takes warmup_steps only"),
    Conflict("trl.num_generations", lambda f: f["rl"] == "grpo"
             and f["trl.num_generations"] in (0, 1), "a group needs two answers or more"),
    Conflict("trl.num_generations", _odd_groups,
             "it must divide micro_batch_size times gradient_accumulation_steps"),
    Conflict("load_in_4bit", lambda f: f.fsdp == 2 and f["load_in_4bit"] and f["rl"] in
             ("dpo", "kto", "orpo", "ipo"), "FSDP2 takes no quantised weights in this training"),
    Conflict("load_in_8bit", lambda f: f.fsdp == 2 and f["load_in_8bit"] and f["rl"] in
             ("dpo", "kto", "orpo", "ipo"), "FSDP2 takes no quantised weights in this training"),
    Conflict("ebft", lambda f: f["rl"] == "ebft" and f["ebft.mode"] == "strided"
             and f["torch_compile"] is True and f["gradient_checkpointing"],
             "in strided mode torch_compile and gradient_checkpointing exclude one another"),
    # optimizer and adapter
    Conflict("neftune_noise_alpha", lambda f: isinstance(f["neftune_noise_alpha"], int | float)
             and f.count("neftune_noise_alpha", 0) <= 0, "it must be above 0"),
    Conflict("optimizer", lambda f: f["optimizer"] == "muon" and f["deepspeed"],
             "muon does not go with DeepSpeed"),
    Conflict("optimizer", lambda f: f["optimizer"] == "muon" and f.fsdp == 1,
             "muon goes with FSDP2 only"),
    Conflict("optimizer", lambda f: f.fsdp == 2
             and f["optimizer"] in ("adamw_8bit", "adamw_bnb_8bit"),
             "FSDP2 wants adamw_torch_8bit instead"),
    Conflict("optimizer", lambda f: f.fsdp == 1 and "8bit" in str(f["optimizer"])
             and f.reader.values["parallelism.offload_parameters"],
             "FSDP1 with offloading takes no 8-bit optimizer"),
    Conflict("lr_groups", lambda f: f.all("lr_groups", "loraplus_lr_ratio"),
             "loraplus_lr_ratio makes groups of its own"),
    Conflict("peft_layers_pattern", lambda f: f["peft_layers_pattern"]
             and not f["peft_layers_to_transform"], "it needs peft_layers_to_transform"),
    Conflict("flash_attn_fuse_mlp", lambda f: f["flash_attn_fuse_mlp"] and f["adapter"],
             "adapters need the layers as they are"),
    *(Conflict(key, lambda f, key=key: f[key] and f["adapter"] == "lora" and f["load_in_8bit"],  # type: ignore[misc]
               "the kernel takes no 8-bit weights") for key in _LORA_KERNELS),
    *(Conflict(key, lambda f, key=key: f.all(key, "trust_remote_code"),  # type: ignore[misc]
               "the kernel does not know layers of a model's own code") for key in _LORA_KERNELS),
    Conflict("relora", lambda f: f["relora"] and not f["jagged_restart_steps"],
             "it needs jagged_restart_steps"),
    Conflict("relora", lambda f: f["relora"] and (f.fsdp or f["deepspeed"]),
             "ReLoRA does not go with FSDP or DeepSpeed"),
    # memory and speed
    Conflict("gradient_checkpointing", lambda f: "mpt" in f.model and f["gradient_checkpointing"],
             "MPT models cannot checkpoint activations"),
    Conflict("fsdp", lambda f: "falcon" in f.model and f["fsdp"],
             "Falcon models do not go with FSDP"),
    Conflict("fsdp_config.cpu_ram_efficient_loading", lambda f: f.fsdp == 2
             and f.all("fsdp_config.cpu_ram_efficient_loading", "load_in_4bit"),
             "FSDP2 cannot load 4-bit weights like this; set it to false"),
    Conflict("fsdp_config.cpu_offload_pin_memory", lambda f: f.fsdp == 1
             and f["fsdp_config.cpu_offload_pin_memory"] is False, "FSDP1 always pins memory"),
    Conflict("max_memory", lambda f: f["max_memory"] is not None
             and f["gpu_memory_limit"] is not None, "it excludes gpu_memory_limit"),
    Conflict("model_quantization_config", lambda f: f["model_quantization_config"]
             and f.any("load_in_4bit", "load_in_8bit"), "it excludes load_in_4bit and load_in_8bit"),
    Conflict("revision_of_model", lambda f: f.all("gptq", "revision_of_model"),
             "a GPTQ checkpoint has to be downloaded for another revision"),
    Conflict("batch_flattening", lambda f: f["batch_flattening"] is True and f["sample_packing"],
             "packed rows are flat already"),
    Conflict("selective_checkpointing", lambda f: f["selective_checkpointing"]
             and not f["gradient_checkpointing"], "it needs gradient_checkpointing"),
    Conflict("context_parallel_size", lambda f: f.count("context_parallel_size") > 1
             and f["sample_packing"] and f.count("micro_batch_size") > 1,
             "with sample_packing it needs micro_batch_size: 1"),
    Conflict("fp8_config", lambda f: f["fp8_config"] is not None and not f["fp8"],
             "it needs fp8: true"),
    *(Conflict(key, lambda f, key=key: f[key] and any(f[k] for k in _LOSSES if k != key)  # type: ignore[misc]
               and key == next(k for k in reversed(_LOSSES) if f[k]),
               "one fused loss excludes another") for key in _LOSSES),
)  # fmt: skip


_BY_OUTERMOST = [(steps(conflict.key)[0], conflict) for conflict in CONFLICTS]


def check(reader: Reader) -> None:
    """Reports combinations that stop ``axolotl train`` before it starts."""
    file = File(reader)
    for outermost, conflict in _BY_OUTERMOST:
        if outermost in reader.top and conflict.when(file):
            _tell(reader, file, conflict)


def _tell(reader: Reader, file: File, conflict: Conflict) -> None:
    node = file.node(conflict.key)
    long = node is None or node.is_mapping or node.is_sequence
    shown = "" if node is None or long else f" ({node.plain()!r})"
    if node is not None and long:
        node = Node(None, node.key_span or node.span)
    reader.say(
        Code.CONTRADICTION,
        Severity.WARNING,
        f"{conflict.key}{shown}: Axolotl refuses the combination: {conflict.why}",
        node,
        key=conflict.key,
    )
