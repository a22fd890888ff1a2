"""Model types that Liger has kernels for.

Read from liger-kernel 0.8.1 (``liger_kernel/transformers/monkey_patch.py``,
``MODEL_TYPE_TO_APPLY_LIGER_FN``) and Axolotl 0.19 (``axolotl/integrations/liger/plugin.py``), which
adds some of its own. For all others nothing is fused: Trainer logs it, and Axolotl replaces the
model's loss alone.
"""

from __future__ import annotations

LIGER = frozenset((
    "deepseek_v4", "exaone4", "falcon_h1", "gemma", "gemma2", "gemma3", "gemma3_text", "gemma4",
    "gemma4_text", "glm4", "glm4v", "glm4v_moe", "gpt_oss", "granite", "hunyuan_v1_dense",
    "hunyuan_v1_moe", "internvl", "llama", "llama4", "llama4_text", "llava", "ministral",
    "mistral", "mixtral", "mllama", "mllama_text_model", "nemotron", "olmo2", "olmo3",
    "paligemma", "phi3", "pixtral", "qwen2", "qwen2_5_vl", "qwen2_5_vl_text", "qwen2_vl",
    "qwen2_vl_text", "qwen3", "qwen3_5", "qwen3_5_moe", "qwen3_5_moe_text", "qwen3_5_text",
    "qwen3_moe", "qwen3_next", "qwen3_vl", "qwen3_vl_moe", "qwen3_vl_moe_text", "qwen3_vl_text",
    "smollm3", "smolvlm",
))  # fmt: skip
AXOLOTL = frozenset((
    "cohere_compass", "deepseek_v2", "gemma4_unified", "gemma4_unified_text", "granitemoe",
    "jamba", "ministral3", "mistral3", "muse_glimmer",
))  # fmt: skip
"""Those that Axolotl's plugin knows beside."""


def supported(model_type: str, framework: str) -> bool:
    """Whether the layers of ``model_type`` are replaced by fused ones in ``framework``."""
    return model_type in LIGER or (framework == "axolotl" and model_type in AXOLOTL)
