"""Records the signatures that a script may call in Unsloth, which no machine without a GPU imports.

    python scripts/corpus_signatures.py FOLDER_WITH_unsloth FOLDER_WITH_unsloth_zoo

writes ``tests/oracles/unsloth_signatures.json`` from the two packages' sources: names, kinds and
whether an argument must be given. Nothing of them is run.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path
from typing import Any

RECORD = Path(__file__).parent.parent / "tests" / "oracles" / "unsloth_signatures.json"

CALLS = {
    "FastLanguageModel.from_pretrained": "unsloth/models/loader.py:FastLanguageModel",
    "FastModel.from_pretrained": "unsloth/models/loader.py:FastModel",
    "FastLanguageModel.get_peft_model": "unsloth/models/llama.py:FastLlamaModel",
    "FastModel.get_peft_model": "unsloth/models/vision.py:FastBaseModel",
    "FastLanguageModel.for_inference": "unsloth/models/loader.py:FastLanguageModel",
    "FastLanguageModel.for_training": "unsloth/models/loader.py:FastLanguageModel",
    "get_chat_template": "unsloth/chat_templates.py",
    "to_sharegpt": "unsloth/chat_templates.py",
    "train_on_responses_only": "unsloth_zoo/dataset_utils.py",
    "standardize_data_formats": "unsloth_zoo/dataset_utils.py",
    "add_new_tokens": "unsloth_zoo/tokenizer_utils.py",
    "is_bfloat16_supported": "unsloth/models/_utils.py",
    "PatchFastRL": "unsloth/models/rl.py",
    "PatchDPOTrainer": "unsloth/models/dpo.py",
    "save_pretrained_merged": "unsloth/save.py:.unsloth_save_pretrained_merged",
    "push_to_hub_merged": "unsloth/save.py:.unsloth_push_to_hub_merged",
    "save_pretrained_gguf": "unsloth/save.py:.unsloth_save_pretrained_gguf",
    "push_to_hub_gguf": "unsloth/save.py:.unsloth_push_to_hub_gguf",
    "UnslothTrainingArguments": "unsloth/trainer.py:UnslothTrainingArguments.__init__",
    "UnslothVisionDataCollator": "unsloth_zoo/vision_utils.py:UnslothVisionDataCollator.__init__",
}
"""What scripts call, and the file (``:class``, ``:class.method`` or ``:.function``) that has it."""
SAME_AS = {
    "FastVisionModel.from_pretrained": "FastModel.from_pretrained",
    "FastVisionModel.get_peft_model": "FastModel.get_peft_model",
    "FastVisionModel.for_training": "FastLanguageModel.for_training",
    "FastVisionModel.for_inference": "FastLanguageModel.for_inference",
    "FastModel.for_training": "FastLanguageModel.for_training",
    "FastModel.for_inference": "FastLanguageModel.for_inference",
    "standardize_sharegpt": "standardize_data_formats",
    "is_bf16_supported": "is_bfloat16_supported",
}
CONFIG_EXTRAS = "unsloth/models/rl.py"
"""Holds the text of the configuration classes that Unsloth puts in place of TRL's."""


def signature(source: Path, call: str, place: str) -> list[list[Any]]:
    """[name, kind, required] of each parameter; kinds as :mod:`inspect` spells them."""
    _, _, inside = place.partition(":")
    path = (inside or call).split(".")
    if inside and path[0] and len(path) == 1:
        path.append(call.split(".")[-1])
    body: list[ast.stmt] = ast.parse(source.read_text(encoding="utf-8")).body
    node: ast.AST | None = None
    for step in filter(None, path):
        node = next(n for n in body if getattr(n, "name", None) == step)
        body = getattr(node, "body", [])
    assert isinstance(node, ast.FunctionDef), place
    arguments = node.args
    plain = [*arguments.posonlyargs, *arguments.args]
    first_default = len(plain) - len(arguments.defaults)
    rows: list[list[Any]] = [
        [a.arg, "POSITIONAL_OR_KEYWORD", i < first_default] for i, a in enumerate(plain)
    ]
    if arguments.vararg:
        rows.append([arguments.vararg.arg, "VAR_POSITIONAL", False])
    for a, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        rows.append([a.arg, "KEYWORD_ONLY", default is None])
    if arguments.kwarg:
        rows.append([arguments.kwarg.arg, "VAR_KEYWORD", False])
    return [row for row in rows if row[0] != "self"]


def main(unsloth: Path, zoo: Path) -> None:
    """Writes the record."""
    record: dict[str, Any] = {"calls": {}}
    for package, root in (("unsloth", unsloth), ("unsloth_zoo", zoo)):
        info = next(root.glob(f"{package}-*.dist-info"))
        record[package] = info.name.split("-")[1].removesuffix(".dist")
    for call, place in CALLS.items():
        file = place.partition(":")[0]
        root = zoo if file.startswith("unsloth_zoo") else unsloth
        record["calls"][call] = signature(root / file, call, place)
    for call, other in SAME_AS.items():
        record["calls"][call] = record["calls"][other]
    text = (unsloth / CONFIG_EXTRAS).read_text(encoding="utf-8")
    extras = [n for n in ("vllm_sampling_params", "unsloth_num_chunks", "unsloth_grpo_mini_batch",
                          "unsloth_logit_chunk_multiplier", "max_seq_length") if re.search(f"{n} ?:", text)]  # fmt: skip
    record["config_extras"] = extras
    calls = ",\n".join(
        f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in record.pop("calls").items()
    )
    rest = ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in record.items())
    RECORD.write_text(f'{{\n{rest},\n "calls": {{\n{calls}\n }}\n}}\n', encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
