"""What several rules ask about the weights that are loaded."""

from __future__ import annotations

from translator.lint.context import File


def loaded_quantized(file: File) -> bool:
    """Whether weights of 4 or 8 bits are asked for. Such weights are trained with an adapter or not at
    all, so a file without one is no full fine-tuning."""
    if file.recipe.quantization is not None:
        return True
    return file.format == "axolotl" and file.on("load_in_4bit", "load_in_8bit") is not None
