"""The token that torchtune's tokenizers end a text with, whatever the Hub's tokenizer says."""

from __future__ import annotations

from translator.catalog.models import facts

_ENDS = {
    "llama3": "<|end_of_text|>",  # torchtune/models/llama3/_tokenizer.py:90
    "qwen2": "<|im_end|>",  # torchtune/models/qwen2/_tokenizer.py:130
    "qwen2_5": "<|im_end|>",  # torchtune/models/qwen2_5/_tokenizer.py:77
    "phi3": "<|endoftext|>",  # torchtune/models/phi3/_tokenizer.py:75
    "phi4": "<|im_end|>",  # torchtune/models/phi4/_tokenizer.py:65
}


def other_end(component: str, model: str, chosen: str | None = None) -> tuple[str, str] | None:
    """torchtune's end token and the model's own (or the ``chosen`` one), if they are two.

    ``component`` is the path of the tokenizer, ``model`` a Hub id.
    """
    family = component.removeprefix("torchtune.models.").partition(".")[0]
    own = _ENDS.get(family)
    known = facts(model)
    wanted = chosen or (known.eos_token if known else None)
    return (own, wanted) if own and wanted and own != wanted else None
