"""Tiny random models with the tokenizers of their families.

    python models.py FOLDER      writes FOLDER/<name> for every name in FAMILIES

Each folder is what a Hub repository holds: config.json, model.safetensors, the tokenizer in the
Hub's format *and* in the one torchtune reads (``vocab.json`` and ``merges.txt``, or
``original/tokenizer.model``). One vocabulary serves both sides, so token ids can be compared.
Needs torch, transformers and tokenizers (the Axolotl environment).
"""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rows import sentences, write_rows

LAYERS, HIDDEN, HEADS, KV_HEADS, MLP, POSITIONS = 2, 256, 4, 2, 512, 16384
VOCABULARY = 512
"""Ids below are learned pieces, ids from here on special tokens."""

QWEN_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3_SPLIT = QWEN_SPLIT.replace(r"|\p{N}|", r"|\p{N}{1,3}|").replace(
    r"|\p{N}| ", r"|\p{N}{1,3}| "
)

QWEN_SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>")
LLAMA3_SPECIAL = (
    "<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>",
    "<|reserved_special_token_1|>", "<|finetune_right_pad_id|>", "<|step_id|>",
    "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>", "<|python_tag|>",
    "<|image|>", "<|video|>",
)  # fmt: skip

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
QWEN_DEFAULT_SYSTEM = (
    "{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\nYou are Qwen, created by "
    "Alibaba Cloud. You are a helpful assistant.<|im_end|>\\n' }}{% endif %}"
)
LLAMA3_CHAT = (
    "{{ bos_token }}{% for m in messages %}{{ '<|start_header_id|>' + m['role'] + "
    "'<|end_header_id|>\\n\\n' + m['content'] | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}"
    "{% endif %}"
)


@dataclass(frozen=True)
class Family:
    """What sets one repository apart: which Hub id it stands for, and its special tokens."""

    stands_for: str
    kind: str
    eos: str
    pad: str | None
    chat_template: str | None


FAMILIES = {
    "qwen-instruct": Family(
        stands_for="Qwen/Qwen2.5-0.5B-Instruct",
        kind="qwen2",
        eos="<|im_end|>",
        pad="<|endoftext|>",
        chat_template=QWEN_DEFAULT_SYSTEM + CHATML,
    ),
    "qwen-base": Family(
        stands_for="Qwen/Qwen2.5-0.5B",
        kind="qwen2",
        eos="<|endoftext|>",
        pad="<|endoftext|>",
        chat_template=QWEN_DEFAULT_SYSTEM + CHATML,
    ),
    "llama-instruct": Family(
        stands_for="meta-llama/Meta-Llama-3-8B-Instruct",
        kind="llama3",
        eos="<|eot_id|>",
        pad="<|finetune_right_pad_id|>",
        chat_template=LLAMA3_CHAT,
    ),
    "llama-base": Family(
        stands_for="meta-llama/Llama-3.1-8B",
        kind="llama3_1",
        eos="<|end_of_text|>",
        pad=None,
        chat_template=None,
    ),
}


def train_tokenizer(kind: str) -> Any:
    """A byte-level BPE with the family's way of splitting words and its special tokens."""
    from tokenizers import (
        AddedToken,
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
        trainers,
    )

    qwen = kind == "qwen2"
    tokenizer = Tokenizer(models.BPE(ignore_merges=not qwen))
    if qwen:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN_SPLIT if qwen else LLAMA3_SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sentences(), trainer)
    if tokenizer.get_vocab_size() != VOCABULARY:
        raise RuntimeError(f"learned {tokenizer.get_vocab_size()} pieces, not {VOCABULARY}")
    special = QWEN_SPECIAL if qwen else LLAMA3_SPECIAL
    tokenizer.add_special_tokens([AddedToken(text, special=True) for text in special])
    if not qwen:
        bos = "<|begin_of_text|>"
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A",
            pair=f"{bos} $A {bos} $B",
            special_tokens=[(bos, tokenizer.token_to_id(bos))],
        )
    return tokenizer


def byte_of_piece() -> dict[str, int]:
    """The printable character that stands for each byte in a byte-level vocabulary, reversed."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {chr(byte): byte for byte in shown}
    hidden = (byte for byte in range(256) if byte not in set(shown))
    table.update({chr(256 + k): byte for k, byte in enumerate(hidden)})
    return table


def write_tokenizer(tokenizer: Any, family: Family, folder: Path) -> None:
    """The Hub's files, and beside them what torchtune's tokenizer of the family reads."""
    tokenizer.save(str(folder / "tokenizer.json"))
    settings: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": family.eos,
        "pad_token": family.pad,
        "bos_token": None if family.kind == "qwen2" else "<|begin_of_text|>",
        "chat_template": family.chat_template,
        "model_max_length": POSITIONS,
        "clean_up_tokenization_spaces": False,
    }
    settings = {key: value for key, value in settings.items() if value is not None}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1))
    if family.kind == "qwen2":
        tokenizer.model.save(str(folder))
        return
    bytes_by_piece = byte_of_piece()
    pieces = json.loads(tokenizer.to_str())["model"]["vocab"]
    lines = []
    for piece, rank in sorted(pieces.items(), key=lambda item: item[1]):
        raw = bytes(bytes_by_piece[character] for character in piece)
        lines.append(f"{base64.b64encode(raw).decode()} {rank}")
    (folder / "original").mkdir(exist_ok=True)
    (folder / "original" / "tokenizer.model").write_text("\n".join(lines) + "\n")


def model_config(kind: str, tokenizer: Any, family: Family) -> Any:
    """The architecture of the family, in small; wide random weights, so that positions matter."""
    from transformers import LlamaConfig, Qwen2Config

    shared: dict[str, Any] = {
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": HIDDEN,
        "intermediate_size": MLP,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "max_position_embeddings": POSITIONS,
        "initializer_range": 0.08,
        "eos_token_id": tokenizer.token_to_id(family.eos),
        "bos_token_id": None,
        "dtype": "float32",
    }
    if kind == "qwen2":
        rope = {"rope_type": "default", "rope_theta": 1e6}
        return Qwen2Config(
            **shared, rms_norm_eps=1e-6, rope_parameters=rope, tie_word_embeddings=True
        )
    shared["bos_token_id"] = tokenizer.token_to_id("<|begin_of_text|>")
    rope: dict[str, Any] = {"rope_type": "default", "rope_theta": 5e5}
    if kind == "llama3":
        return LlamaConfig(**shared, rms_norm_eps=1e-5, rope_parameters=rope)
    rope = {
        "rope_type": "llama3",
        "rope_theta": 5e5,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    return LlamaConfig(**shared, rms_norm_eps=1e-5, rope_parameters=rope)


def make_model(family: Family, folder: Path) -> None:
    """Write one repository."""
    import torch
    from transformers import AutoModelForCausalLM

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = train_tokenizer(family.kind)
    write_tokenizer(tokenizer, family, folder)
    torch.manual_seed(20)
    model = AutoModelForCausalLM.from_config(model_config(family.kind, tokenizer, family))
    model.float().save_pretrained(folder)


def main() -> None:
    """Write every model, and the rows, below the folder that is named."""
    folder = Path(sys.argv[1])
    for name, family in FAMILIES.items():
        make_model(family, folder / "models" / name)
    write_rows(folder / "data")


if __name__ == "__main__":
    main()
