"""From a document to a YAML file for Axolotl 0.19."""

from __future__ import annotations

import re
from pathlib import PurePath
from shlex import quote

from translator.diagnostics import Diagnostic
from translator.document import Document, Entry, Leftover
from translator.frameworks.axolotl.memory import add_plugin
from translator.frameworks.axolotl.table import table
from translator.frameworks.base import WriteOptions, Written
from translator.record import replace
from translator.syntax.yaml_write import write_yaml
from translator.tree import Address
from translator.writing import Writer

VERSION = "0.19"

_SECTIONS: dict[str, str] = {
    "Model": """
        base_model revision_of_model tokenizer_config trust_remote_code processor_type
        special_tokens tokens overrides_of_model_config load_in_4bit load_in_8bit gptq
        bnb_config_kwargs model_quantization_config plugins""",
    "Adapter": """
        adapter lora_model_dir lora_r lora_alpha peft_use_rslora lora_dropout lora_target_linear
        lora_target_modules lora_target_parameters lora_modules_to_save peft_use_dora peft_init_lora_weights peft
        peft_layers_to_transform peft_autocast_adapter_dtype loraplus_lr_ratio""",
    "Data": """
        chat_template chat_template_jinja eot_tokens datasets pretraining_dataset test_datasets
        val_set_size streaming train_on_inputs sequence_len excess_length_strategy sample_packing
        sample_packing_sequentially shuffle_merged_datasets curriculum_sampling
        skip_prepare_dataset remove_unused_columns""",
    "Objective": """
        rl rl_beta reward_model process_reward_model dpo_loss_type dpo_label_smoothing
        simpo_gamma kto_desirable_weight kto_undesirable_weight max_prompt_len trl""",
    "Batches and steps": """
        micro_batch_size gradient_accumulation_steps eval_batch_size num_epochs max_steps
        dataloader_drop_last group_by_length neftune_noise_alpha""",
    "Optimizer and schedule": """
        optimizer optim_args learning_rate embedding_lr weight_decay adam_beta1 adam_beta2
        adam_epsilon max_grad_norm lr_scheduler lr_scheduler_kwargs cosine_min_lr_ratio
        cosine_constant_lr_ratio lr_quadratic_warmup warmup_steps warmup_ratio""",
    "Precision, memory and speed": """
        bf16 fp16 tf32 gradient_checkpointing gradient_checkpointing_kwargs
        selective_checkpointing activation_offloading attn_implementation torch_compile
        cut_cross_entropy chunked_cross_entropy liger_rope liger_rms_norm liger_glu_activation
        liger_layer_norm liger_fused_linear_cross_entropy dataloader_num_workers""",
    "Several GPUs": """
        deepspeed fsdp fsdp_version fsdp_config tensor_parallel_size context_parallel_size""",
    "Evaluation, checkpoints and logs": """
        eval_steps evals_per_epoch eval_strategy early_stopping_patience load_best_model_at_end
        save_steps saves_per_epoch save_strategy save_total_limit resume_from_checkpoint
        auto_resume_from_checkpoints output_dir hub_model_id logging_steps use_wandb
        wandb_project wandb_entity wandb_name use_mlflow mlflow_experiment_name mlflow_run_name
        use_comet comet_project_name comet_workspace use_tensorboard use_trackio
        trackio_project_name trackio_run_name use_swanlab swanlab_project swanlab_experiment_name
        swanlab_workspace seed""",
}
_ORDER = {
    key: position
    for position, key in enumerate(key for keys in _SECTIONS.values() for key in keys.split())
}


def write_config(document: Document, options: WriteOptions) -> Written:
    """Writes a recipe as a configuration that ``axolotl train`` takes."""
    own = document.format == "axolotl"
    leftovers = () if own else document.leftovers
    writer = Writer(
        document=replace(document, leftovers=leftovers),
        target="Axolotl",
        version=options.version or VERSION,
        stem=options.stem,
    )
    table().write(writer)
    if own:
        for left in document.leftovers:
            _put_back(writer, left)
    entries = _said_once(sorted(writer.entries.values(), key=_rank))
    text = write_yaml(_in_order(entries), _head(writer, options), _headings(entries))
    return Written(text=text, losses=tuple(writer.losses), files=writer.files)


def _put_back(writer: Writer, left: Leftover) -> None:
    """A key that only Axolotl has goes back to where it was."""
    address: Address = tuple(
        int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", left.key)
    )
    if address[0] == "plugins":
        add_plugin(writer, str(left.value))
    else:
        writer.entries[address] = Entry(address=address, value=left.value)


def _rank(entry: Entry) -> tuple[int, list[tuple[int, int | str]]]:
    head = str(entry.address[0])
    positions = [(step, "") if isinstance(step, int) else (-1, "") for step in entry.address[1:2]]
    return (_ORDER.get(head, len(_ORDER)), [(p, s) for p, s in positions])


def _in_order(entries: list[Entry]) -> list[Entry]:
    """Keys of one block together; a key that a whole mapping already holds is left out."""
    whole = {e.address for e in entries if isinstance(e.value, dict)}
    return [
        entry
        for entry in entries
        if not any(entry.address[:length] in whole for length in range(1, len(entry.address)))
    ]


def _said_once(entries: list[Entry]) -> list[Entry]:
    """A comment of the user's stands at the first of the keys that its line became."""
    said: set[str] = set()
    kept = []
    for entry in entries:
        comment = entry.comment
        if comment is not None and comment in said:
            entry = replace(entry, comment=None)
        elif comment is not None:
            said.add(comment)
        kept.append(entry)
    return kept


def _headings(entries: list[Entry]) -> dict[str, str]:
    present = [str(entry.address[0]) for entry in entries]
    headings = {}
    for section, keys in _SECTIONS.items():
        first = next((key for key in present if key in keys.split()), None)
        if first is not None:
            headings[first] = section
    rest = next((key for key in present if key not in _ORDER), None)
    if rest is not None:
        headings[rest] = "Further settings"
    return headings


def _head(writer: Writer, options: WriteOptions) -> list[str]:
    document = writer.document
    name = PurePath(document.path).name
    run = writer.facts.get("environment", "") + writer.facts.get("run", "axolotl train")
    lines = [
        f"Made by ftx from {name} ({document.format}), for Axolotl {VERSION}.",
        f"Run it with: {run} {quote(f'{options.stem}.yaml')}{writer.facts.get('options', '')}",
    ]
    told = sorted((d for d in writer.losses if not d.verbose), key=lambda d: d.severity.rank)
    differences = list(dict.fromkeys(_difference(loss) for loss in told))
    if differences:
        lines += ["", "What differs:"]
        lines += [f"- {difference}" for difference in differences]
    return lines


def _difference(loss: Diagnostic) -> str:
    """One line about a loss; a default that the source does not even mention goes unnamed."""
    text = " ".join(loss.message.split())
    name, _, why = text.partition(": ")
    return why if name.endswith("by default)") else text
