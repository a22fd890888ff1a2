"""Wordings of instruction prompts that are built into torchtune, now or formerly."""

from __future__ import annotations


def prompt(*fields: str) -> str:
    """A prompt that is nothing but columns."""
    return "\n".join(f"{{{name}}}" for name in fields)


_TASK = "Below is an instruction that describes a task"
_WRITE = "Write a response that appropriately completes the request.\n\n"

ALPACA = (
    f"{_TASK}, paired with an input that provides further context. {_WRITE}"
    "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n",
    f"{_TASK}. {_WRITE}### Instruction:\n{{instruction}}\n\n### Response:\n",
)
"""torchtune/data/_messages.py: AlpacaToMessages, with and without an input."""

OLD_PROMPTS: dict[str, tuple[str, str | None, str, str, str]] = {
    "AlpacaInstructTemplate": ("instruction", "input", "output", *ALPACA),
    "GrammarErrorCorrectionTemplate": (
        "sentence", None, "output",
        *("Correct this to standard English: {instruction}\n---\nCorrected: ",) * 2,
    ),
    "SummarizeTemplate": (
        "dialogue", None, "output",
        *("Summarize this dialogue:\n{instruction}\n---\nSummary:\n",) * 2,
    ),
}  # fmt: skip
"""``instruct_dataset(template=...)`` until 0.3: columns for instruction, input and output, and the
prompt with and without an input."""

OLD_CHAT_FORMATS = {
    "Llama2ChatFormat": "llama2-torchtune",
    "MistralChatFormat": "mistral-torchtune",
    "ChatMLFormat": "chatml",
}
"""``chat_dataset(chat_format=...)`` until 0.3, as catalogue ids."""
