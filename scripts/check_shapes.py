"""Counts the parameters of every catalogued model on the meta device, with transformers.

Runs in an environment that has torch and transformers (``make oracles`` builds one):

    .oracles/axolotl/bin/python scripts/check_shapes.py            say what differs, exit 1 if so
    .oracles/axolotl/bin/python scripts/check_shapes.py --write    record the counts

A model of a family that transformers does not have keeps the count of the formula, and says so.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
CATALOG = Path(__file__).parent.parent / "translator" / "estimate" / "shapes.json"
OURS = ("text_parameters", "parameters", "vision_parameters")
SAME_LAYERS = {
    "qwen2_vl_text": "qwen2",
    "qwen2_5_vl_text": "qwen2",
    "qwen3_vl_text": "qwen3",
    "qwen3_vl_moe_text": "qwen3_moe",
    "internlm2": "llama",
    "baichuan": "llama",
    "kimi_k2": "deepseek_v3",
    "paddleocr_vl_text": "ernie4_5",
    "qwen": "qwen2",
}
"""Families without a text-only class of their own, and the one with the same decoder layers."""


def count(config: dict[str, Any]) -> int:
    """Unique parameters of the text model."""
    import torch
    from transformers import (
        CONFIG_MAPPING,
        MODEL_FOR_CAUSAL_LM_MAPPING,
        AutoModel,
        AutoModelForCausalLM,
    )

    fields = {k: v for k, v in config.items() if k not in (*OURS, "model_type")}
    model_type = SAME_LAYERS.get(config["model_type"], config["model_type"])
    if config["model_type"] == "qwen":
        fields["intermediate_size"] //= 2  # its own code counts gate and up together
    if model_type == "mllama_text_model":  # a part of Mllama that is not registered by itself
        from transformers.models.mllama import MllamaForCausalLM, MllamaTextConfig

        settings, build = MllamaTextConfig(**fields), MllamaForCausalLM
    elif model_type == "mistral4":  # likewise, with a class of its own
        from transformers.models.mistral4 import Mistral4Config, Mistral4ForCausalLM

        settings, build = Mistral4Config(**fields), Mistral4ForCausalLM
    else:
        settings = CONFIG_MAPPING[model_type](**fields)
        known = type(settings) in MODEL_FOR_CAUSAL_LM_MAPPING
        build = AutoModelForCausalLM.from_config if known else AutoModel.from_config
    with torch.device("meta"):
        model = build(settings)
    model.tie_weights()
    count = sum(p.numel() for p in {id(p): p for p in model.parameters()}.values())
    if model.get_output_embeddings() is None and not getattr(
        settings, "tie_word_embeddings", False
    ):
        count += settings.vocab_size * settings.hidden_size  # the head, which lies outside
    return int(count)


def main() -> int:
    """Counts all; returns the exit code."""
    warnings.filterwarnings("ignore")
    import transformers

    from translator.estimate.configuration import shape_from_config

    write = "--write" in sys.argv[1:]
    catalog = json.loads(CATALOG.read_text(encoding="utf-8"))
    wrong = 0
    for entry in catalog["models"]:
        config = {k: v for k, v in entry["config"].items() if k not in OURS[:2]}
        formula = shape_from_config(config).parameters
        try:
            counted, how = count(config), f"transformers {transformers.__version__}, meta device"
        except (KeyError, ValueError, TypeError, AttributeError, NotImplementedError) as error:
            counted, how = formula, f"formula only ({type(error).__name__})"
        if write:
            entry["config"] = config | {
                "text_parameters": counted,
                "parameters": counted + config.get("vision_parameters", 0),
            }
            entry["counted"] = how
        elif entry["config"].get("text_parameters") != counted:
            wrong += 1
            print(f"{entry['ids'][0]}: {entry['config'].get('text_parameters')} is {counted}")
        gap = abs(counted - formula) / counted
        if gap > 0.001:
            print(f"note: {entry['ids'][0]} ({config['model_type']}): the formula alone is "
                  f"{(formula - counted) / counted:+.2%}; {how}")  # fmt: skip
    if write:
        lines = ",\n".join(json.dumps(e, ensure_ascii=False) for e in catalog["models"])
        head = json.dumps({"about": catalog["about"]})[:-1]
        CATALOG.write_text(f'{head}, "models": [\n{lines}\n]}}\n', encoding="utf-8")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
