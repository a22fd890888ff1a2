"""Facts behind torchtune.json that torchtune's own sources do not state.

Read by ``catalog_torchtune.py``. Shapes are those of each repository's ``config.json``.
"""

from __future__ import annotations

from typing import Any

# Which Hub ids have exactly the architecture of a builder (config.json against the builder's
# literals). Base and tuned weights share one unless torchtune has a builder for each.
IDS: dict[str, list[str]] = {
    "llama2.llama2_7b": ["meta-llama/Llama-2-7b-hf", "meta-llama/Llama-2-7b-chat-hf"],
    "llama2.llama2_13b": ["meta-llama/Llama-2-13b-hf", "meta-llama/Llama-2-13b-chat-hf"],
    "llama2.llama2_70b": ["meta-llama/Llama-2-70b-hf", "meta-llama/Llama-2-70b-chat-hf"],
    "code_llama2.code_llama2_7b": ["codellama/CodeLlama-7b-hf", "codellama/CodeLlama-7b-Instruct-hf"],
    "code_llama2.code_llama2_13b": ["codellama/CodeLlama-13b-hf", "codellama/CodeLlama-13b-Instruct-hf"],
    "code_llama2.code_llama2_70b": ["codellama/CodeLlama-70b-hf", "codellama/CodeLlama-70b-Instruct-hf"],
    "llama3.llama3_8b": ["meta-llama/Meta-Llama-3-8B", "meta-llama/Meta-Llama-3-8B-Instruct"],
    "llama3.llama3_70b": ["meta-llama/Meta-Llama-3-70B", "meta-llama/Meta-Llama-3-70B-Instruct"],
    "llama3_1.llama3_1_8b": ["meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B-Instruct"],
    "llama3_1.llama3_1_70b": ["meta-llama/Llama-3.1-70B", "meta-llama/Llama-3.1-70B-Instruct"],
    "llama3_1.llama3_1_405b": ["meta-llama/Llama-3.1-405B", "meta-llama/Llama-3.1-405B-Instruct"],
    "llama3_2.llama3_2_1b": ["meta-llama/Llama-3.2-1B", "meta-llama/Llama-3.2-1B-Instruct"],
    "llama3_2.llama3_2_3b": ["meta-llama/Llama-3.2-3B", "meta-llama/Llama-3.2-3B-Instruct"],
    "llama3_2_vision.llama3_2_vision_11b": ["meta-llama/Llama-3.2-11B-Vision", "meta-llama/Llama-3.2-11B-Vision-Instruct"],
    "llama3_2_vision.llama3_2_vision_90b": ["meta-llama/Llama-3.2-90B-Vision", "meta-llama/Llama-3.2-90B-Vision-Instruct"],
    "llama3_3.llama3_3_70b": ["meta-llama/Llama-3.3-70B-Instruct"],
    "llama4.llama4_scout_17b_16e": ["meta-llama/Llama-4-Scout-17B-16E", "meta-llama/Llama-4-Scout-17B-16E-Instruct"],
    "llama4.llama4_maverick_17b_128e": ["meta-llama/Llama-4-Maverick-17B-128E", "meta-llama/Llama-4-Maverick-17B-128E-Instruct"],
    "mistral.mistral_7b": ["mistralai/Mistral-7B-v0.1", "mistralai/Mistral-7B-Instruct-v0.1"],
    "gemma.gemma_2b": ["google/gemma-2b", "google/gemma-2b-it", "google/gemma-1.1-2b-it", "google/codegemma-2b"],
    "gemma.gemma_7b": ["google/gemma-7b", "google/gemma-7b-it", "google/gemma-1.1-7b-it", "google/codegemma-7b", "google/codegemma-7b-it"],
    "gemma2.gemma2_2b": ["google/gemma-2-2b", "google/gemma-2-2b-it"],
    "gemma2.gemma2_9b": ["google/gemma-2-9b", "google/gemma-2-9b-it"],
    "gemma2.gemma2_27b": ["google/gemma-2-27b", "google/gemma-2-27b-it"],
    "phi3.phi3_mini": ["microsoft/Phi-3-mini-4k-instruct"],
    "phi4.phi4_14b": ["microsoft/phi-4"],
    "qwen2.qwen2_0_5b": ["Qwen/Qwen2-0.5B-Instruct", "Qwen/Qwen2-0.5B"],
    "qwen2.qwen2_1_5b": ["Qwen/Qwen2-1.5B-Instruct", "Qwen/Qwen2-1.5B"],
    "qwen2.qwen2_7b": ["Qwen/Qwen2-7B-Instruct", "Qwen/Qwen2-7B"],
    "qwen2_5.qwen2_5_0_5b": ["Qwen/Qwen2.5-0.5B-Instruct", "Qwen/Qwen2.5-0.5B", "Qwen/Qwen2.5-Coder-0.5B", "Qwen/Qwen2.5-Coder-0.5B-Instruct"],
    "qwen2_5.qwen2_5_1_5b_base": ["Qwen/Qwen2.5-1.5B"],
    "qwen2_5.qwen2_5_1_5b_instruct": ["Qwen/Qwen2.5-1.5B-Instruct", "Qwen/Qwen2.5-Coder-1.5B", "Qwen/Qwen2.5-Coder-1.5B-Instruct"],
    "qwen2_5.qwen2_5_3b": ["Qwen/Qwen2.5-3B-Instruct", "Qwen/Qwen2.5-3B", "Qwen/Qwen2.5-Coder-3B", "Qwen/Qwen2.5-Coder-3B-Instruct"],
    "qwen2_5.qwen2_5_7b_base": ["Qwen/Qwen2.5-7B"],
    "qwen2_5.qwen2_5_7b_instruct": ["Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-Coder-7B", "Qwen/Qwen2.5-Coder-7B-Instruct"],
    "qwen2_5.qwen2_5_14b_base": ["Qwen/Qwen2.5-14B"],
    "qwen2_5.qwen2_5_14b_instruct": ["Qwen/Qwen2.5-14B-Instruct", "Qwen/Qwen2.5-Coder-14B-Instruct"],
    "qwen2_5.qwen2_5_32b_base": ["Qwen/Qwen2.5-32B"],
    "qwen2_5.qwen2_5_32b_instruct": ["Qwen/Qwen2.5-32B-Instruct", "Qwen/Qwen2.5-Coder-32B-Instruct"],
    "qwen2_5.qwen2_5_72b_base": ["Qwen/Qwen2.5-72B"],
    "qwen2_5.qwen2_5_72b_instruct": ["Qwen/Qwen2.5-72B-Instruct"],
    "qwen3.qwen3_0_6b_base": ["Qwen/Qwen3-0.6B-Base"],
    "qwen3.qwen3_0_6b_instruct": ["Qwen/Qwen3-0.6B"],
    "qwen3.qwen3_1_7b_base": ["Qwen/Qwen3-1.7B-Base"],
    "qwen3.qwen3_1_7b_instruct": ["Qwen/Qwen3-1.7B"],
    "qwen3.qwen3_4b_base": ["Qwen/Qwen3-4B-Base"],
    "qwen3.qwen3_4b_instruct": ["Qwen/Qwen3-4B"],
    "qwen3.qwen3_8b_base": ["Qwen/Qwen3-8B-Base"],
    "qwen3.qwen3_8b_instruct": ["Qwen/Qwen3-8B"],
    "qwen3.qwen3_14b_base": ["Qwen/Qwen3-14B-Base"],
    "qwen3.qwen3_14b_instruct": ["Qwen/Qwen3-14B"],
    "qwen3.qwen3_32b": ["Qwen/Qwen3-32B"],
    "llama2.llama2_reward_7b": [],
    "mistral.mistral_reward_7b": ["weqweasdas/RM-Mistral-7B"],
}  # fmt: skip

# Checkpoint `model_type` and tokenizer of builders that no shipped config shows
# (torchtune/training/checkpointing/_utils.py ModelType; each family's _model_builders.py).
MODEL_TYPES = {
    "llama2": "LLAMA2", "code_llama2": "LLAMA2", "llama3": "LLAMA3", "llama3_1": "LLAMA3",
    "llama3_2": "LLAMA3_2", "llama3_2_vision": "LLAMA3_VISION", "llama3_3": "LLAMA3",
    "llama4": "LLAMA4", "mistral": "MISTRAL", "gemma": "GEMMA", "gemma2": "GEMMA2",
    "phi3": "PHI3_MINI", "phi4": "PHI4", "qwen2": "QWEN2", "qwen2_5": "QWEN2", "qwen3": "QWEN3",
}  # fmt: skip
REWARD_TYPE = "REWARD"

# Where a builder does not compute what the published weights were trained with.
CAVEATS = {
    "gemma2": "the builders exchange the soft caps of the published config: 30 on attention and 50 "
    "at the end, instead of 50 and 30 (torchtune/models/gemma2/_model_builders.py)",
    "code_llama2": "the lora_ and qlora_ builders use a rotary base of 10000 where the weights and "
    "the full builder have 1000000 (torchtune/models/code_llama2/_model_builders.py)",
}

_SENTENCEPIECE = {"path": "tokenizer.model"}
_TIKTOKEN = {"path": "original/tokenizer.model"}
_BPE = {"path": "vocab.json", "merges_file": "merges.txt"}
TOKENIZERS: dict[str, tuple[str, dict[str, str]]] = {
    "llama2": ("torchtune.models.llama2.llama2_tokenizer", _SENTENCEPIECE),
    "code_llama2": ("torchtune.models.llama2.llama2_tokenizer", _SENTENCEPIECE),
    "llama3": ("torchtune.models.llama3.llama3_tokenizer", _TIKTOKEN),
    "llama3_1": ("torchtune.models.llama3.llama3_tokenizer", _TIKTOKEN),
    "llama3_2": ("torchtune.models.llama3.llama3_tokenizer", _TIKTOKEN),
    "llama3_2_vision": ("torchtune.models.llama3_2_vision.llama3_2_vision_transform", _TIKTOKEN),
    "llama3_3": ("torchtune.models.llama3.llama3_tokenizer", _TIKTOKEN),
    "llama4": ("torchtune.models.llama4.llama4_transform", _SENTENCEPIECE),
    "mistral": ("torchtune.models.mistral.mistral_tokenizer", _SENTENCEPIECE),
    "gemma": ("torchtune.models.gemma.gemma_tokenizer", _SENTENCEPIECE),
    "gemma2": ("torchtune.models.gemma.gemma_tokenizer", _SENTENCEPIECE),
    "phi3": ("torchtune.models.phi3.phi3_mini_tokenizer", _SENTENCEPIECE),
    "phi4": ("torchtune.models.phi4.phi4_tokenizer",
             {"vocab_path": "vocab.json", "merges_path": "merges.txt"}),
    "qwen2": ("torchtune.models.qwen2.qwen2_tokenizer", _BPE),
    "qwen2_5": ("torchtune.models.qwen2_5.qwen2_5_tokenizer", _BPE),
    "qwen3": ("torchtune.models.qwen3.qwen3_tokenizer", _BPE),
    "huggingface": ("torchtune.modules.transforms.tokenizers.HuggingFaceBaseTokenizer",
                    {"tokenizer_json_path": "tokenizer.json",
                     "tokenizer_config_json_path": "tokenizer_config.json"}),
}  # fmt: skip

# The one tokenizer that reads any Hugging Face tokenizer.json. It knows text, no turns: they are
# worded by the tokenizer of ftx's side file around it.
GENERIC_TOKENIZER = "torchtune.modules.transforms.tokenizers.HuggingFaceBaseTokenizer"
GENERIC = {
    "versions": ["0.6.1", "main"],
    "parameters": {"tokenizer_json_path": "required", "tokenizer_config_json_path": None,
                   "generation_config_path": None},
    "source": "torchtune/modules/transforms/tokenizers/_hf_tokenizer.py",
}  # fmt: skip

# Number of safetensors files of repositories that no shipped config downloads.
FILES = {
    "meta-llama/Llama-2-7b-chat-hf": 2, "meta-llama/Llama-2-13b-chat-hf": 3,
    "meta-llama/Llama-2-70b-chat-hf": 15, "codellama/CodeLlama-7b-hf": 2,
    "codellama/CodeLlama-7b-Instruct-hf": 2, "codellama/CodeLlama-13b-hf": 3,
    "codellama/CodeLlama-13b-Instruct-hf": 3, "meta-llama/Meta-Llama-3-8B": 4,
    "meta-llama/Meta-Llama-3-8B-Instruct": 4, "meta-llama/Meta-Llama-3-70B": 30,
    "meta-llama/Llama-3.1-8B": 4, "meta-llama/Llama-3.1-8B-Instruct": 4,
    "meta-llama/Llama-3.1-70B": 30, "meta-llama/Llama-3.1-70B-Instruct": 30,
    "meta-llama/Llama-3.1-405B": 191, "meta-llama/Llama-3.1-405B-Instruct": 191,
    "meta-llama/Llama-3.2-1B": 1, "meta-llama/Llama-3.2-3B": 2,
    "meta-llama/Llama-3.2-11B-Vision": 5, "meta-llama/Llama-3.2-90B-Vision": 37,
    "mistralai/Mistral-7B-v0.1": 2, "mistralai/Mistral-7B-Instruct-v0.1": 2,
    "mistralai/Mistral-7B-Instruct-v0.2": 3, "mistralai/Mistral-7B-v0.3": 3,
    "mistralai/Mistral-7B-Instruct-v0.3": 3, "google/gemma-2b-it": 2, "google/gemma-7b-it": 4,
    "google/gemma-1.1-2b-it": 2, "google/gemma-1.1-7b-it": 4, "google/gemma-2-2b-it": 2,
    "google/gemma-2-9b-it": 4, "google/gemma-2-27b-it": 12, "Qwen/Qwen2-0.5B": 1,
    "Qwen/Qwen2-1.5B": 1, "Qwen/Qwen2-7B": 4, "Qwen/Qwen2.5-0.5B": 1, "Qwen/Qwen2.5-1.5B": 1,
    "Qwen/Qwen2.5-3B": 2, "Qwen/Qwen2.5-7B": 4, "Qwen/Qwen2.5-14B": 8, "Qwen/Qwen2.5-32B": 17,
    "Qwen/Qwen2.5-72B": 37, "Qwen/Qwen2.5-Coder-0.5B-Instruct": 1,
    "Qwen/Qwen2.5-Coder-1.5B": 1, "Qwen/Qwen2.5-Coder-1.5B-Instruct": 1,
    "Qwen/Qwen2.5-Coder-3B-Instruct": 2, "Qwen/Qwen2.5-Coder-7B": 4,
    "Qwen/Qwen2.5-Coder-7B-Instruct": 4, "Qwen/Qwen3-0.6B-Base": 1, "Qwen/Qwen3-4B-Base": 3,
    "Qwen/Qwen3-8B-Base": 5, "Qwen/Qwen3-14B-Base": 8,
    "TinyLlama/TinyLlama-1.1B-intermediate-step-1431k-3T": 1,
    "TinyLlama/TinyLlama-1.1B-Chat-v1.0": 1, "HuggingFaceTB/SmolLM2-135M": 1,
    "HuggingFaceTB/SmolLM2-360M": 1, "HuggingFaceTB/SmolLM2-1.7B": 1,
    "HuggingFaceTB/SmolLM2-135M-Instruct": 1, "HuggingFaceTB/SmolLM2-360M-Instruct": 1,
    "HuggingFaceTB/SmolLM2-1.7B-Instruct": 1, "microsoft/Phi-3-medium-4k-instruct": 6,
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B": 1,
    "HuggingFaceH4/zephyr-7b-beta": 8,
    "NousResearch/Hermes-3-Llama-3.1-8B": 4, "NousResearch/Hermes-3-Llama-3.2-3B": 2,
    "01-ai/Yi-6B": 2, "01-ai/Yi-34B": 7, "Qwen/QwQ-32B": 14, "Qwen/Qwen2.5-Math-1.5B": 1,
    "Qwen/Qwen2.5-Math-7B": 4, "Qwen/Qwen3-4B-Instruct-2507": 3, "Qwen/Qwen3-4B-Thinking-2507": 3,
    "codellama/CodeLlama-34b-hf": 7, "HuggingFaceTB/SmolLM-135M": 1, "HuggingFaceTB/SmolLM-360M": 1,
    "HuggingFaceTB/SmolLM-1.7B": 1, "mistralai/Codestral-22B-v0.1": 9,
}  # fmt: skip
BIN_FILES = {"TinyLlama/TinyLlama_v1.1": ["pytorch_model.bin"]}
# The same where the total has six digits (model-00001-of-000002.safetensors).
SIX_DIGITS = {
    "deepseek-ai/DeepSeek-R1-Distill-Llama-8B": 2, "deepseek-ai/DeepSeek-R1-Distill-Llama-70B": 17,
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B": 2, "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B": 4,
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B": 8,
}  # fmt: skip


def _shape(component: str, tokenizer: str, model_type: str, **arguments: Any) -> dict[str, Any]:
    return {"component": f"torchtune.models.{component}", "model_type": model_type,
            "tokenizer": tokenizer, "architecture": arguments}  # fmt: skip


_TINY = _shape("llama2.llama2", "llama2", "LLAMA2", vocab_size=32000, num_layers=22, num_heads=32,
               num_kv_heads=4, embed_dim=2048, intermediate_dim=5632, max_seq_len=2048,
               norm_eps=1e-5)  # fmt: skip
_MISTRAL = {"num_layers": 32, "num_heads": 32, "num_kv_heads": 8, "embed_dim": 4096,
            "intermediate_dim": 14336, "max_seq_len": 32768, "norm_eps": 1e-5}  # fmt: skip
_MISTRAL_V2 = _shape("mistral.mistral", "mistral", "MISTRAL", vocab_size=32000, **_MISTRAL,
                     rope_base=1000000)  # fmt: skip
_MISTRAL_V3 = _shape("mistral.mistral", "mistral", "MISTRAL", vocab_size=32768, **_MISTRAL,
                     rope_base=1000000)  # fmt: skip
_ZEPHYR = _shape("mistral.mistral", "mistral", "MISTRAL", vocab_size=32000, **_MISTRAL)
_CHATML_MISTRAL = _shape("mistral.mistral", "mistral", "MISTRAL", vocab_size=32002, **_MISTRAL)


def _smol(layers: int, heads: int, kv: int, embed: int, inner: int, rope: int) -> dict[str, Any]:
    # scale_factor 1 turns the frequency scaling of llama3_2 off, which SmolLM2 does not have.
    return _shape("llama3_2.llama3_2", "huggingface", "LLAMA3_2", vocab_size=49152,
                  num_layers=layers, num_heads=heads, num_kv_heads=kv, embed_dim=embed,
                  intermediate_dim=inner, max_seq_len=8192, norm_eps=1e-5, rope_base=rope,
                  scale_factor=1, tie_word_embeddings=True)  # fmt: skip


_R1_15 = _shape("qwen2.qwen2", "huggingface", "QWEN2", vocab_size=151936, num_layers=28,
                num_heads=12, num_kv_heads=2, embed_dim=1536, intermediate_dim=8960,
                max_seq_len=131072, norm_eps=1e-6, rope_base=10000.0,
                tie_word_embeddings=False)  # fmt: skip
_R1_7 = _shape("qwen2.qwen2", "huggingface", "QWEN2", vocab_size=152064, num_layers=28,
               num_heads=28, num_kv_heads=4, embed_dim=3584, intermediate_dim=18944,
               max_seq_len=131072, norm_eps=1e-6, rope_base=10000.0)  # fmt: skip
_R1_14 = _shape("qwen2.qwen2", "huggingface", "QWEN2", vocab_size=152064, num_layers=48,
                num_heads=40, num_kv_heads=8, embed_dim=5120, intermediate_dim=13824,
                max_seq_len=131072, norm_eps=1e-5, rope_base=1000000.0)  # fmt: skip
_R1_LLAMA = _shape("llama3_1.llama3_1", "huggingface", "LLAMA3", vocab_size=128256, num_layers=32,
                   num_heads=32, num_kv_heads=8, embed_dim=4096, intermediate_dim=14336,
                   max_seq_len=131072, norm_eps=1e-5, rope_base=500000, scale_factor=8)  # fmt: skip

_R1_LLAMA_70 = _shape("llama3_1.llama3_1", "huggingface", "LLAMA3", vocab_size=128256,
                      num_layers=80, num_heads=64, num_kv_heads=8, embed_dim=8192,
                      intermediate_dim=28672, max_seq_len=131072, norm_eps=1e-5,
                      rope_base=500000, scale_factor=8)  # fmt: skip
_R1_32 = _shape("qwen2.qwen2", "huggingface", "QWEN2", vocab_size=152064, num_layers=64,
                num_heads=40, num_kv_heads=8, embed_dim=5120, intermediate_dim=27648,
                max_seq_len=131072, norm_eps=1e-5, rope_base=1000000.0)  # fmt: skip
_HERMES_3B = _shape("llama3_2.llama3_2", "huggingface", "LLAMA3_2", vocab_size=128256,
                    num_layers=28, num_heads=24, num_kv_heads=8, embed_dim=3072,
                    intermediate_dim=8192, max_seq_len=131072, norm_eps=1e-5, rope_base=500000,
                    scale_factor=32, tie_word_embeddings=True)  # fmt: skip


def _llama1(layers: int, heads: int, embed: int, inner: int, **others: Any) -> dict[str, Any]:
    shape = {"vocab_size": 32000, "num_layers": layers, "num_heads": heads, "num_kv_heads": heads,
             "embed_dim": embed, "intermediate_dim": inner, "max_seq_len": 2048,
             "norm_eps": 1e-6}  # fmt: skip
    return _shape("llama2.llama2", "llama2", "LLAMA2", **shape | others)


def _yi(layers: int, heads: int, kv: int, embed: int, inner: int) -> dict[str, Any]:
    return _shape("llama3.llama3", "huggingface", "LLAMA3", vocab_size=64000, num_layers=layers,
                  num_heads=heads, num_kv_heads=kv, embed_dim=embed, intermediate_dim=inner,
                  max_seq_len=4096, norm_eps=1e-5, rope_base=5000000)  # fmt: skip


def _math(layers: int, heads: int, kv: int, embed: int, inner: int, vocabulary: int,
          **others: Any) -> dict[str, Any]:  # fmt: skip
    return _shape("qwen2.qwen2", "qwen2_5", "QWEN2", vocab_size=vocabulary, num_layers=layers,
                  num_heads=heads, num_kv_heads=kv, embed_dim=embed, intermediate_dim=inner,
                  max_seq_len=4096, norm_eps=1e-6, rope_base=10000.0, **others)  # fmt: skip


_QWEN3_2507 = _shape("qwen3._component_builders.qwen3", "qwen3", "QWEN3", vocab_size=151936,
                     num_layers=36, num_heads=32, num_kv_heads=8, embed_dim=2560,
                     intermediate_dim=9728, max_seq_len=262144, head_dim=128, norm_eps=1e-6,
                     rope_base=5000000.0, tie_word_embeddings=True, q_proj_bias=False,
                     k_proj_bias=False, v_proj_bias=False, q_norm=True, k_norm=True)  # fmt: skip
_CODESTRAL = _shape("mistral.mistral", "mistral", "MISTRAL", vocab_size=32768, num_layers=56,
                    num_heads=48, num_kv_heads=8, embed_dim=6144, intermediate_dim=16384,
                    max_seq_len=32768, norm_eps=1e-5, rope_base=1000000)  # fmt: skip
_DEEPSEEK = _shape("llama2.llama2", "huggingface", "LLAMA2", vocab_size=102400, num_layers=30,
                   num_heads=32, num_kv_heads=32, embed_dim=4096, intermediate_dim=11008,
                   max_seq_len=4096, norm_eps=1e-6)  # fmt: skip

# Models without a builder of their own that a component builder can make.
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "TinyLlama/TinyLlama_v1.1": _TINY,
    "TinyLlama/TinyLlama-1.1B-intermediate-step-1431k-3T": _TINY,
    "TinyLlama/TinyLlama-1.1B-Chat-v1.0": _TINY,
    "mistralai/Mistral-7B-Instruct-v0.2": _MISTRAL_V2,
    "alpindale/Mistral-7B-v0.2-hf": _MISTRAL_V2,
    "mistralai/Mistral-7B-v0.3": _MISTRAL_V3,
    "mistralai/Mistral-7B-Instruct-v0.3": _MISTRAL_V3,
    "HuggingFaceH4/mistral-7b-sft-beta": _ZEPHYR,
    "HuggingFaceH4/zephyr-7b-beta": _ZEPHYR,
    "teknium/OpenHermes-2.5-Mistral-7B": _CHATML_MISTRAL,
    "huggyllama/llama-7b": _shape(
        "llama2.llama2", "llama2", "LLAMA2", vocab_size=32000, num_layers=32, num_heads=32,
        num_kv_heads=32, embed_dim=4096, intermediate_dim=11008, max_seq_len=2048,
        norm_eps=1e-6),
    "openlm-research/open_llama_3b_v2": _shape(
        "llama2.llama2", "llama2", "LLAMA2", vocab_size=32000, num_layers=26, num_heads=32,
        num_kv_heads=32, embed_dim=3200, intermediate_dim=8640, max_seq_len=2048,
        norm_eps=1e-6),
    # Of llama3, because lora_llama2 takes no rope_base; the two compute the same otherwise.
    "codellama/CodeLlama-34b-hf": _shape(
        "llama3.llama3", "llama2", "LLAMA2", vocab_size=32000, num_layers=48, num_heads=64,
        num_kv_heads=8, embed_dim=8192, intermediate_dim=22016, max_seq_len=16384,
        norm_eps=1e-5, rope_base=1000000),
    "microsoft/Phi-3-medium-4k-instruct": _shape(
        "phi3.phi3", "phi3", "PHI3_MINI", vocab_size=32064, num_layers=40, num_heads=40,
        num_kv_heads=10, embed_dim=5120, intermediate_dim=17920, max_seq_len=4096,
        norm_eps=1e-5),
    "HuggingFaceTB/SmolLM2-135M": _smol(30, 9, 3, 576, 1536, 100000),
    "HuggingFaceTB/SmolLM2-135M-Instruct": _smol(30, 9, 3, 576, 1536, 100000),
    "HuggingFaceTB/SmolLM2-360M": _smol(32, 15, 5, 960, 2560, 100000),
    "HuggingFaceTB/SmolLM2-360M-Instruct": _smol(32, 15, 5, 960, 2560, 100000),
    "HuggingFaceTB/SmolLM2-1.7B": _smol(24, 32, 32, 2048, 8192, 130000),
    "HuggingFaceTB/SmolLM2-1.7B-Instruct": _smol(24, 32, 32, 2048, 8192, 130000),
    "deepseek-ai/DeepSeek-R1-Distill-Llama-8B": _R1_LLAMA,
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B": _R1_15,
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B": _R1_7,
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B": _R1_14,
    "deepseek-ai/DeepSeek-R1-Distill-Llama-70B": _R1_LLAMA_70,
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B": _R1_32,
    # Its <|im_start|> and <|im_end|> are no tokens of torchtune's own Llama 3 tokenizer.
    "NousResearch/Hermes-3-Llama-3.1-8B": _R1_LLAMA,
    "NousResearch/Hermes-3-Llama-3.2-3B": _HERMES_3B,
    "HuggingFaceTB/SmolLM-135M": _smol(30, 9, 3, 576, 1536, 10000),
    "HuggingFaceTB/SmolLM-135M-Instruct": _smol(30, 9, 3, 576, 1536, 10000),
    "HuggingFaceTB/SmolLM-360M": _smol(32, 15, 5, 960, 2560, 10000),
    "HuggingFaceTB/SmolLM-360M-Instruct": _smol(32, 15, 5, 960, 2560, 10000),
    "HuggingFaceTB/SmolLM-1.7B": _smol(24, 32, 32, 2048, 8192, 10000),
    "HuggingFaceTB/SmolLM-1.7B-Instruct": _smol(24, 32, 32, 2048, 8192, 10000),
    "huggyllama/llama-13b": _llama1(40, 40, 5120, 13824),
    "huggyllama/llama-30b": _llama1(60, 52, 6656, 17920),
    "huggyllama/llama-65b": _llama1(80, 64, 8192, 22016),
    "openlm-research/open_llama_7b_v2": _llama1(32, 32, 4096, 11008),
    "openlm-research/open_llama_13b": _llama1(40, 40, 5120, 13824),
    "lmsys/vicuna-7b-v1.5": _llama1(32, 32, 4096, 11008, max_seq_len=4096, norm_eps=1e-5),
    "lmsys/vicuna-13b-v1.5": _llama1(40, 40, 5120, 13824, max_seq_len=4096, norm_eps=1e-5),
    "JackFram/llama-68m": _llama1(2, 12, 768, 3072),
    "JackFram/llama-160m": _llama1(12, 12, 768, 3072),
    "princeton-nlp/Sheared-LLaMA-1.3B": _llama1(24, 16, 2048, 5504, max_seq_len=4096,
                                                norm_eps=1e-5),
    "upstage/SOLAR-10.7B-v1.0": _llama1(48, 32, 4096, 14336, num_kv_heads=8, max_seq_len=4096,
                                        norm_eps=1e-5),
    "upstage/SOLAR-10.7B-Instruct-v1.0": _llama1(48, 32, 4096, 14336, num_kv_heads=8,
                                                 max_seq_len=4096, norm_eps=1e-5),
    "01-ai/Yi-6B": _yi(32, 32, 4, 4096, 11008),
    "01-ai/Yi-6B-Chat": _yi(32, 32, 4, 4096, 11008),
    "01-ai/Yi-34B": _yi(60, 56, 8, 7168, 20480),
    "01-ai/Yi-34B-Chat": _yi(60, 56, 8, 7168, 20480),
    "deepseek-ai/deepseek-llm-7b-base": _DEEPSEEK,
    "deepseek-ai/deepseek-llm-7b-chat": _DEEPSEEK,
    "Intel/neural-chat-7b-v3-1": _ZEPHYR,
    "openchat/openchat_3.5": _CHATML_MISTRAL,
    "Nexusflow/Starling-LM-7B-beta": _CHATML_MISTRAL,
    "mistralai/Codestral-22B-v0.1": _CODESTRAL,
    "mistralai/Mistral-Small-Instruct-2409": _CODESTRAL,
    "Qwen/Qwen2.5-Math-1.5B": _math(28, 12, 2, 1536, 8960, 151936, tie_word_embeddings=True),
    "Qwen/Qwen2.5-Math-1.5B-Instruct": _math(28, 12, 2, 1536, 8960, 151936,
                                             tie_word_embeddings=True),
    "Qwen/Qwen2.5-Math-7B": _math(28, 28, 4, 3584, 18944, 152064),
    "Qwen/Qwen2.5-Math-7B-Instruct": _math(28, 28, 4, 3584, 18944, 152064),
    "Qwen/QwQ-32B": {**_R1_32, "tokenizer": "qwen2_5"},
    "Qwen/Qwen3-4B-Instruct-2507": _QWEN3_2507,
    "Qwen/Qwen3-4B-Thinking-2507": _QWEN3_2507,
}  # fmt: skip
