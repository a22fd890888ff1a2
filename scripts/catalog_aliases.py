"""Write translator/catalog/aliases.json from Unsloth's model mapper and the re-uploads below.

    python scripts/catalog_aliases.py MAPPER.py [OLDER_MAPPER.py ...]

The mapper is executed by itself (it imports nothing) and read as facts: which repositories hold
the same weights. Later files only add names.
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

OUT = Path(__file__).parent.parent / "translator" / "catalog" / "aliases.json"

# Mapper entries that name no original, or one that is itself a copy.
ORIGINALS = {
    "unsloth/Phi-3-mini-4k-instruct-v0": "microsoft/Phi-3-mini-4k-instruct",
    "unsloth/Kimi-K2-Instruct": "moonshotai/Kimi-K2-Instruct",
}

# Copies and former names of repositories that hold the same weights: seen in Axolotl's example
# configs and torchtune's `tune download` lines; the Hub redirects the renamed ones.
MIRROR_OF = {
    "meta-llama/Llama-2-7b-hf": ["NousResearch/Llama-2-7b-hf", "TheBloke/Llama-2-7B-fp16",
                                 "TheBloke/Llama-2-7B-GPTQ"],
    "meta-llama/Llama-2-13b-hf": ["NousResearch/Llama-2-13b-hf", "TheBloke/Llama-2-13B-fp16"],
    "meta-llama/Llama-2-70b-hf": ["NousResearch/Llama-2-70b-hf"],
    "meta-llama/Llama-2-7b-chat-hf": ["NousResearch/Llama-2-7b-chat-hf"],
    "meta-llama/Llama-2-13b-chat-hf": ["NousResearch/Llama-2-13b-chat-hf"],
    "codellama/CodeLlama-7b-hf": ["meta-llama/CodeLlama-7b-hf", "NousResearch/CodeLlama-7b-hf"],
    "codellama/CodeLlama-13b-hf": ["meta-llama/CodeLlama-13b-hf", "NousResearch/CodeLlama-13b-hf"],
    "codellama/CodeLlama-34b-hf": ["meta-llama/CodeLlama-34b-hf", "NousResearch/CodeLlama-34b-hf"],
    "codellama/CodeLlama-70b-hf": ["meta-llama/CodeLlama-70b-hf"],
    "meta-llama/Meta-Llama-3-8B": ["NousResearch/Meta-Llama-3-8B", "meta-llama/Llama-3-8B"],
    "meta-llama/Meta-Llama-3-8B-Instruct": ["NousResearch/Meta-Llama-3-8B-Instruct",
                                            "meta-llama/Llama-3-8B-Instruct"],
    "meta-llama/Meta-Llama-3-70B": ["NousResearch/Meta-Llama-3-70B", "meta-llama/Llama-3-70B",
                                    "casperhansen/llama-3-70b-fp16"],
    "meta-llama/Meta-Llama-3-70B-Instruct": ["NousResearch/Meta-Llama-3-70B-Instruct"],
    "meta-llama/Llama-3.1-8B": ["meta-llama/Meta-Llama-3.1-8B", "NousResearch/Meta-Llama-3.1-8B",
                                "NousResearch/Llama-3.1-8B"],
    "meta-llama/Llama-3.1-8B-Instruct": ["meta-llama/Meta-Llama-3.1-8B-Instruct",
                                         "NousResearch/Meta-Llama-3.1-8B-Instruct"],
    "meta-llama/Llama-3.1-70B": ["meta-llama/Meta-Llama-3.1-70B",
                                 "NousResearch/Meta-Llama-3.1-70B"],
    "meta-llama/Llama-3.1-70B-Instruct": ["meta-llama/Meta-Llama-3.1-70B-Instruct",
                                          "NousResearch/Meta-Llama-3.1-70B-Instruct"],
    "meta-llama/Llama-3.1-405B": ["meta-llama/Meta-Llama-3.1-405B",
                                  "hugging-quants/Meta-Llama-3.1-405B-BNB-NF4-BF16"],
    "meta-llama/Llama-3.1-405B-Instruct": ["meta-llama/Meta-Llama-3.1-405B-Instruct"],
    "meta-llama/Llama-3.2-1B": ["NousResearch/Llama-3.2-1B", "meta-llama/Meta-Llama-3.2-1B"],
    "meta-llama/Llama-3.2-1B-Instruct": ["NousResearch/Llama-3.2-1B-Instruct"],
    "meta-llama/Llama-3.2-3B": ["NousResearch/Llama-3.2-3B", "meta-llama/Meta-Llama-3.2-3B"],
    "meta-llama/Llama-3.2-11B-Vision-Instruct": ["alpindale/Llama-3.2-11B-Vision-Instruct"],
    "google/gemma-7b": ["mhenrichsen/gemma-7b"],
    "google/gemma-7b-it": ["mhenrichsen/gemma-7b-it"],
    "google/gemma-2b": ["mhenrichsen/gemma-2b"],
    "google/gemma-2b-it": ["mhenrichsen/gemma-2b-it"],
    "mistralai/Mixtral-8x22B-v0.1": ["mistral-community/Mixtral-8x22B-v0.1"],
    "mistralai/Pixtral-12B-2409": ["mistral-community/pixtral-12b"],
    "CohereLabs/c4ai-command-r7b-12-2024": ["CohereForAI/c4ai-command-r7b-12-2024"],
    "databricks/dbrx-base": ["LnL-AI/dbrx-base-converted-v2"],
    "zai-org/GLM-4-32B-0414": ["THUDM/GLM-4-32B-0414"],
    "openai/gpt-oss-120b": ["axolotl-ai-co/gpt-oss-120b-dequantized"],
    "meta-llama/Llama-4-Scout-17B-16E": [
        "axolotl-quants/Llama-4-Scout-17B-16E-Linearized-bnb-nf4-bf16"],
    "meta-llama/Llama-4-Maverick-17B-128E": [
        "axolotl-quants/Llama-4-Maverick-17B-128E-Linearized-bnb-nf4-bf16"],
    "deepseek-ai/DeepSeek-V2.5": ["axolotl-quants/DeepSeek-V2.5-bnb-nf4-bf16"],
    "mistralai/Mistral-Medium-3.5-128B": ["axolotl-ai-co/Mistral-Medium-3.5-128B-BF16"],
    "mistralai/Mistral-Small-4-119B-2603": ["axolotl-ai-co/Mistral-Small-4-119B-2603-BF16"],
    "huggyllama/llama-7b": ["decapoda-research/llama-7b-hf", "yahma/llama-7b-hf"],
}  # fmt: skip

# Models that frameworks' own examples train and that have no other name here.
ORIGINALS_SEEN = [
    "01-ai/Yi-34B-Chat",
    "ByteDance-Seed/Seed-OSS-36B-Instruct",
    "EleutherAI/gpt-j-6b",
    "EleutherAI/pythia-1.4b-deduped",
    "EleutherAI/pythia-12b-deduped",
    "HuggingFaceTB/SmolLM2-135M",
    "HuggingFaceTB/SmolVLM2-2.2B-Instruct",
    "LiquidAI/LFM2-350M",
    "LiquidAI/LFM2-8B-A1B",
    "LiquidAI/LFM2-VL-450M",
    "MiniMaxAI/MiniMax-M2",
    "OpenGVLab/InternVL3_5-8B-HF",
    "PaddlePaddle/PaddleOCR-VL-1.6",
    "Qwen/Qwen-7B",
    "Qwen/Qwen1.5-MoE-A2.7B",
    "Qwen/Qwen2.5-72B",
    "Qwen/Qwen2-0.5B",
    "Qwen/Qwen2-1.5B",
    "Qwen/Qwen3-30B-A3B-Instruct-2507",
    "Qwen/Qwen3-Next-80B-A3B-Instruct",
    "Qwen/Qwen3.5-122B-A10B",
    "Qwen/Qwen3.5-27B",
    "Qwen/Qwen3.5-35B-A3B",
    "Qwen/Qwen3.5-35B-A3B-Base",
    "Qwen/Qwen3.5-4B",
    "Qwen/Qwen3.5-9B",
    "Salesforce/xgen-7b-8k-base",
    "Skywork/Skywork-Reward-V2-Qwen3-8B",
    "TinyLlama/TinyLlama_v1.1",
    "XiaomiMiMo/MiMo-7B-RL",
    "agentica-org/DeepCoder-14B-Preview",
    "ai21labs/AI21-Jamba-1.5-Large",
    "ai21labs/Jamba-v0.1",
    "allenai/Olmo-3-7B-Instruct-SFT",
    "arcee-ai/AFM-4.5B",
    "arcee-ai/Trinity-Nano-Preview",
    "axolotl-ai-co/Falcon-E-1.2-3B-Exp-prequantized",
    "bigcode/starcoder2-3b",
    "canopylabs/orpheus-3b-0.1-pretrained",
    "cerebras/Cerebras-GPT-1.3B",
    "cerebras/btlm-3b-8k-base",
    "deepcogito/cogito-v1-preview-llama-3B",
    "deepcogito/cogito-v1-preview-qwen-14B",
    "deepseek-ai/DeepSeek-V2-Lite",
    "google/gemma-4-12B-it",
    "google/gemma-4-26B-A4B",
    "ibm-granite/granite-4.0-tiny-preview",
    "katanemo/Plano-Orchestrator-4B",
    "llava-hf/llava-1.5-7b-hf",
    "meta-llama/Llama-4-Scout-17B-16E-Instruct",
    "meta-llama/Llama-4-Maverick-17B-128E-Instruct",
    "microsoft/phi-1_5",
    "microsoft/phi-2",
    "mistralai/Mistral-7B-Instruct-v0.1",
    "mistralai/Magistral-Small-2507",
    "mistralai/Ministral-3-3B-Reasoning-2512",
    "mistralai/Ministral-8B-Instruct-2410",
    "mistralai/Mixtral-8x7B-v0.1",
    "mistralai/Voxtral-Mini-3B-2507",
    "moonshotai/Kimi-Linear-48B-A3B-Instruct",
    "mosaicml/mpt-7b",
    "neuralmagic/Sparse-Llama-3.1-8B-2of4",
    "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16",
    "nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-BF16",
    "nvidia/Nemotron-Mini-4B-Instruct",
    "openai/gpt-oss-safeguard-20b",
    "openlm-research/open_llama_3b_v2",
    "replit/replit-code-v1-3b",
    "stabilityai/stablelm-2-1_6b",
    "state-spaces/mamba-2.8b",
    "swiss-ai/Apertus-8B-Instruct-2509",
    "tencent/Hunyuan-0.5B-Instruct",
    "tiiuae/Falcon-E-3B-Base-prequantized",
    "tiiuae/Falcon-H1-1.5B-Base",
    "tiiuae/Falcon-H1-1.5B-Deep-Base",
    "tiiuae/Falcon-H1-34B-Base",
    "tiiuae/Falcon-H1-3B-Base",
    "tiiuae/Falcon-H1-7B-Base",
    "tiiuae/falcon-7b",
    "togethercomputer/RedPajama-INCITE-Chat-3B-v1",
    "zai-org/GLM-4.5-Air",
    "zai-org/GLM-4.6V-Flash",
    "zai-org/GLM-4.7-Flash",
]


def same_weights(mapper: Path) -> dict[str, list[str]]:
    """Original repository -> every other name the mapper has for the same model."""
    entries = runpy.run_path(str(mapper))["__INT_TO_FLOAT_MAPPER"]
    models: dict[str, list[str]] = {}
    for quantised, others in entries.items():
        floats = others["16"] if isinstance(others, dict) else others
        extra = others.get("8", ()) if isinstance(others, dict) else ()
        original = next((name for name in floats if not name.startswith("unsloth/")), floats[0])
        original = ORIGINALS.get(original, original)
        names = models.setdefault(original, [])
        for name in (*floats, quantised, *extra):
            if name and name != original and name not in names:
                names.append(name)
    return models


def main(mappers: list[str]) -> None:
    current = {former: now for now, formers in MIRROR_OF.items() for former in formers}
    models: dict[str, list[str]] = {}
    for mapper in mappers:
        for original, names in same_weights(Path(mapper)).items():
            known = models.setdefault(current.get(original, original), [])
            known += [name for name in names if name not in known]
    content = {
        "unsloth": {"source": "unsloth/models/mapper.py (2026.10.9 and main)",
                    "models": dict(sorted(models.items(), key=lambda item: item[0].lower()))},
        "mirror_of": {"source": "axolotl examples/*; torchtune recipes/configs `tune download`; "
                                "Hub redirects of renamed repositories",
                      "models": MIRROR_OF},
        "originals": {"source": "axolotl examples/*, torchtune recipes/configs",
                      "models": ORIGINALS_SEEN},
    }  # fmt: skip
    OUT.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
