"""Unsloth's interface on the CPU, for running a written script with the real TRL.

Unsloth itself needs a GPU to be imported. This package does what a script can see of it, and no
more: loads with transformers, puts adapters on with peft, gives TRL's configuration classes the
defaults that Unsloth gives them (``translator.frameworks.unsloth.defaults`` says where that was
seen), tokenizes rows as ``unsloth_zoo.dataset_utils.sft_prepare_dataset`` does, and masks as
``train_on_responses_only`` does. Quantisation is left out: weights are loaded as they are.
"""

from __future__ import annotations

from typing import Any

import torch
import trl
from peft import LoraConfig
from peft import get_peft_model as peft_get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from unsloth import chat_templates, patching

__all__ = ["FastLanguageModel", "FastModel", "PatchDPOTrainer", "add_new_tokens", "chat_templates",
           "is_bf16_supported", "is_bfloat16_supported"]  # fmt: skip

LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


class FastLanguageModel:
    """The two functions that every script calls."""

    @staticmethod
    def from_pretrained(
        model_name: str = "unsloth/Llama-3.2-1B-Instruct",
        max_seq_length: int = 2048,
        dtype: torch.dtype | None = None,
        load_in_4bit: bool = True,
        full_finetuning: bool = False,
        tokenizer_name: str | None = None,
        revision: str | None = None,
        trust_remote_code: bool = False,
        **unused: Any,
    ) -> tuple[Any, Any]:
        model = AutoModelForCausalLM.from_pretrained(
            model_name,
            dtype=dtype or torch.float32,
            revision=revision,
            trust_remote_code=trust_remote_code,
        )
        tokenizer = AutoTokenizer.from_pretrained(tokenizer_name or model_name)
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        return _prepared(model, max_seq_length), tokenizer

    @staticmethod
    def get_peft_model(
        model: Any,
        r: int = 16,
        target_modules: list[str] | str = LINEAR,
        lora_alpha: float = 16,
        lora_dropout: float = 0.0,
        bias: str = "none",
        use_gradient_checkpointing: bool | str = "unsloth",
        random_state: int = 3407,
        use_rslora: bool = False,
        use_dora: bool = False,
        modules_to_save: list[str] | None = None,
        init_lora_weights: bool | str = True,
        layers_to_transform: list[int] | None = None,
        **unused: Any,
    ) -> Any:
        length = model.max_seq_length
        config = LoraConfig(
            r=r,
            target_modules=target_modules,
            lora_alpha=lora_alpha,
            lora_dropout=lora_dropout,
            bias=bias,
            use_rslora=use_rslora,
            use_dora=use_dora,
            modules_to_save=modules_to_save,
            init_lora_weights=init_lora_weights,
            layers_to_transform=layers_to_transform,
            task_type="CAUSAL_LM",
        )
        torch.manual_seed(random_state)
        return _prepared(peft_get_peft_model(model, config), length)


def _prepared(model: Any, length: int) -> Any:
    """The model with what Unsloth adds to it: its longest sequence, and a way to save it merged."""
    model.max_seq_length = length

    def save_pretrained_merged(folder: str, tokenizer: Any = None, **unused: Any) -> None:
        model.save_pretrained(folder)

    model.save_pretrained_merged = save_pretrained_merged
    return model


FastModel = FastLanguageModel


def add_new_tokens(model: Any, tokenizer: Any, new_tokens: list[str]) -> None:
    """Grows the vocabulary."""
    tokenizer.add_tokens(new_tokens)
    model.resize_token_embeddings(len(tokenizer))


def PatchDPOTrainer() -> None:
    """Nothing: what it patched in TRL is gone, or done on import."""


def is_bfloat16_supported() -> bool:
    """There is no GPU here."""
    return False


is_bf16_supported = is_bfloat16_supported

patching.patch(trl)
