"""Whether a file that a walk comes upon can be a configuration at all, from its bytes.

Quick, and never wrong in the one direction: what fails here is none of ours.
"""

from __future__ import annotations

_SCRIPT = (b"unsloth", b"SFTTrainer")
_YAML = (b"_component_:", b"base_model", b"datasets", b"lora_", b"micro_batch_size", b"adapter")
_IR = (b'"ftx"',)


def may_be_ours(path: str, data: bytes) -> bool:
    """Whether any of the words stands in it without which no reader takes the file."""
    if path.endswith((".py", ".ipynb")):
        words: tuple[bytes, ...] = _SCRIPT
    elif path.endswith(".json"):
        words = _IR
    else:
        words = _YAML
    return any(word in data for word in words)
