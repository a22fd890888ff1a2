"""Prints the signatures that an imported Unsloth really has, in the form of
``tests/oracles/unsloth_signatures.json``, and the arguments that its configuration classes add to
TRL's. Needs a GPU.
"""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import Any

RECORD = Path(__file__).resolve().parents[1] / "oracles" / "unsloth_signatures.json"
CONFIGS = ("SFTConfig", "DPOConfig", "KTOConfig", "GRPOConfig", "RewardConfig")


def told(function: Any) -> list[list[Any]]:
    """[name, kind, required] of each parameter."""
    return [
        [p.name, p.kind.name, p.default is p.empty and p.kind.name[:3] != "VAR"]
        for p in inspect.signature(function).parameters.values()
        if p.name != "self"
    ]


def main() -> None:
    """Print as JSON."""
    import trl

    usual = {
        n: set(inspect.signature(getattr(trl, n)).parameters) for n in CONFIGS if hasattr(trl, n)
    }
    import unsloth
    import unsloth.chat_templates
    import unsloth.save
    import unsloth.trainer

    places = (unsloth, unsloth.chat_templates, unsloth.trainer, unsloth.save)
    calls: dict[str, Any] = {}
    for name in json.loads(RECORD.read_text(encoding="utf-8"))["calls"]:
        for place in places:
            value: Any = place
            for step in name.split("."):
                value = getattr(value, step, getattr(value, f"unsloth_{step}", None))
            if value is not None:
                calls[name] = told(value)
                break
    configs = {}
    for name, names in usual.items():
        found = inspect.signature(getattr(trl, name)).parameters
        defaults = {
            key: repr(parameter.default)
            for key, parameter in found.items()
            if key in ("optim", "warmup_steps", "learning_rate", "weight_decay", "seed",
                       "per_device_train_batch_size", "gradient_accumulation_steps", "max_length",
                       "padding_free", "packing", "loss_type", "lr_scheduler_type")
        }  # fmt: skip
        configs[name] = {"added": sorted(set(found) - names), "defaults": defaults}
    json.dump({"calls": calls, "configs": configs}, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
