"""A run as a script of Unsloth or plain TRL, as a user would write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from run import Run


def _targets(run: Run) -> str:
    return repr(run.targets[0] if run.targets[0] == "all-linear" else list(run.targets))


def unsloth(run: Run) -> str:
    """A script on Unsloth and TRL."""
    gc = {"offload": '"unsloth"', "full": "True", "none": "False"}[run.checkpointing]
    full = run.method == "full"
    peft = "" if full else f"""
model = FastLanguageModel.get_peft_model(
    model,
    r={run.rank},
    lora_alpha={run.rank},
    lora_dropout={run.dropout or 0},
    target_modules={_targets(run)},
    use_gradient_checkpointing={gc},
)"""  # fmt: skip
    if run.objective:
        return _unsloth_pairs(run, peft)
    return f"""from unsloth import FastLanguageModel
from datasets import load_dataset
from trl import SFTConfig, SFTTrainer

model, tokenizer = FastLanguageModel.from_pretrained(
    model_name="./models/{run.model}",
    max_seq_length={run.length},
    load_in_4bit={run.method == "qlora"},
    full_finetuning={full},
){peft}
dataset = load_dataset("json", data_files="data/text-{run.length}.jsonl", split="train")
trainer = SFTTrainer(
    model=model,
    tokenizer=tokenizer,
    train_dataset=dataset,
    args=SFTConfig(
        dataset_text_field="text",
        max_length={run.length},
        per_device_train_batch_size={run.rows},
        gradient_accumulation_steps={run.accumulation},
        max_steps=50,
        optim="{run.optimizer}",
        learning_rate=1e-5,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        bf16=True,
        output_dir="out/{run.name}",
    ),
)
trainer.train()
"""


PAIRS = {
    "dpo": ("from trl import DPOConfig, DPOTrainer", "DPO", ""),
    "orpo": ("from trl.experimental.orpo import ORPOConfig, ORPOTrainer", "ORPO", ""),
    "grpo": (
        "from trl import GRPOConfig, GRPOTrainer",
        "GRPO",
        """
        num_generations={rows},
        max_completion_length={half},
        steps_per_generation=1,
        temperature=1.0,""",
    ),
}
"""How TRL is asked for an objective: import, prefix of its classes, further settings."""


def _trainer(run: Run, *, peft: str = "") -> str:
    """The part of a script from the data on, for preferences and rewards."""
    line, name, more = PAIRS[run.objective]
    reward = "\n    reward_funcs=[lambda completions, **_: [float(len(c)) for c in completions]],"
    return f"""{line}
dataset = load_dataset("json", data_files="data/pairs-{run.length}.jsonl", split="train")
trainer = {name}Trainer(
    model=model,{reward if run.objective == "grpo" else ""}
    processing_class=tokenizer,
    train_dataset=dataset,{peft}
    args={name}Config(
        {"" if run.objective == "grpo" else f"max_length={run.length},"}
        per_device_train_batch_size={run.rows},
        gradient_accumulation_steps={run.accumulation},
        gradient_checkpointing={run.checkpointing != "none"},
        max_steps=50,
        optim="{run.optimizer}",{more.format(rows=run.rows, half=run.length // 2)}
        learning_rate=1e-5,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        bf16=True,
        output_dir="out/{run.name}",
    ),
)
trainer.train()
"""


def _unsloth_pairs(run: Run, peft: str) -> str:
    return f"""from unsloth import FastLanguageModel
from datasets import load_dataset

model, tokenizer = FastLanguageModel.from_pretrained(
    model_name="./models/{run.model}",
    max_seq_length={run.length},
    load_in_4bit={run.method == "qlora"},
    full_finetuning={run.method == "full"},
){peft}
{_trainer(run)}"""


def trl(run: Run) -> str:
    """A plain script on TRL, PEFT and transformers."""
    bits = """BitsAndBytesConfig(
    load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
    bnb_4bit_compute_dtype=torch.bfloat16,
)"""
    peft = "None" if run.method == "full" else (
        f"LoraConfig(r={run.rank}, lora_alpha={run.rank}, lora_dropout={run.dropout}, "
        f"use_dora={run.dora}, target_modules={_targets(run)}, task_type=\"CAUSAL_LM\")"
    )  # fmt: skip
    loss = f'\n        loss_type="{run.loss}",' if run.loss in ("nll", "chunked_nll") else ""
    if run.loss == "liger":
        loss = '\n        use_liger_kernel=True,\n        loss_type="nll",'
    head = f"""import torch
from datasets import load_dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

model = AutoModelForCausalLM.from_pretrained(
    "./models/{run.model}",
    dtype=torch.bfloat16,
    attn_implementation="sdpa",
    device_map={{"": 0}},
    quantization_config={bits if run.method == "qlora" else "None"},
)
tokenizer = AutoTokenizer.from_pretrained("./models/{run.model}")
"""
    if run.objective:
        return head + _trainer(run, peft=f"\n    peft_config={peft},")
    return (
        head
        + f"""from trl import SFTConfig, SFTTrainer
dataset = load_dataset("json", data_files="data/ids-{run.length}.jsonl", split="train")
trainer = SFTTrainer(
    model=model,
    processing_class=tokenizer,
    train_dataset=dataset,
    peft_config={peft},
    args=SFTConfig(
        dataset_text_field="text",
        max_length={run.length},
        per_device_train_batch_size={run.rows},
        gradient_accumulation_steps={run.accumulation},
        gradient_checkpointing={run.checkpointing != "none"},
        max_steps=50,
        optim="{run.optimizer}",{loss}
        learning_rate=1e-5,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        bf16=True,
        output_dir="out/{run.name}",
    ),
)
trainer.train()
"""
    )
