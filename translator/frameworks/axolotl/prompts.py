"""Axolotl's named instruction prompts: which columns they read and what text they make.

Facts from axolotl/prompters.py:37-150, axolotl/prompt_tokenizers.py:160-250 and
axolotl/prompt_strategies/{alpaca_chat,alpaca_instruct,alpaca_w_system,orcamini}.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from translator.ir import InstructionRows


@dataclass(frozen=True, slots=True)
class Style:
    """How a preamble, an instruction and an input become text."""

    system: str
    with_input: str
    without_input: str


STYLES = {
    "instruct": Style(
        "{system}\n\n",
        "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n",
        "### Instruction:\n{instruction}\n\n### Response:\n",
    ),
    "chat": Style(
        "SYSTEM: {system}\n",
        "USER: {instruction}\n{input}\nASSISTANT:",
        "USER: {instruction}\nASSISTANT:",
    ),
    "chatml": Style(
        "<|im_start|>system\n{system}<|im_end|>\n",
        "<|im_start|>user\n{instruction}\n{input}<|im_end|>\n<|im_start|>assistant\n",
        "<|im_start|>user\n{instruction}<|im_end|>\n<|im_start|>assistant\n",
    ),
    "phi": Style(
        "<|system|>\n{system}<|end|>\n",
        "<|user|>\n{instruction}<|end|>{input}<|assistant|>",
        "<|user|>\n{instruction}<|end|>\n<|assistant|>\n",
    ),
    "orca": Style(
        "### System:\n{system}\n",
        "### Human:\n{instruction}\n### Additional Context:\n{input}\n### Assistant:\n",
        "### Human:\n{instruction}\n### Assistant:\n",
    ),
    "orcamini": Style(
        "### System:\n{system}\n\n", "", "### User:\n{instruction}\n\n### Response:\n"
    ),
    "tldr": Style(
        "{system}",
        "USER: Summarize the following article as a TL;DR.\n{instruction}\n{input}\nASSISTANT:",
        "USER: Summarize the following article as a TL;DR.\n{instruction}\nASSISTANT:",
    ),
}

_TASK = "that describes a task"
_INPUT = f"{_TASK}, paired with an input that provides further context"
_COMPLETE = "Write a response that appropriately completes the request."
PREAMBLES = {
    "none": ("", ""),
    "alpaca": (
        f"Below is an instruction {_INPUT}. {_COMPLETE}",
        f"Below is an instruction {_TASK}. {_COMPLETE}",
    ),
    "concise": (
        f"Below is an instruction from a USER {_INPUT}. The ASSISTANT writes a response that "
        "concisely and appropriately completes the request.\n\n",
        f"Below is an instruction from a USER {_TASK}. The ASSISTANT writes a response that "
        "appropriately and concisely completes the request.\n\n",
    ),
    "column": ("{system}", "{system}"),
}

_ALPACA = ("instruction", "input", "output")
_STYLED = ("instruct", "chat", "chatml", "phi")


@dataclass(frozen=True, slots=True)
class _Prompt:
    columns: tuple[str, str | None, str]
    style: str = "instruct"
    preamble: str = "alpaca"
    system: str | None = None


_ORCA = ("question", None, "response")
_NAMED: dict[str, _Prompt] = {
    "alpaca": _Prompt(_ALPACA),
    **{f"alpaca:{style}": _Prompt(_ALPACA, style) for style in _STYLED},
    "alpaca_instruct": _Prompt(_ALPACA),
    "alpaca_instruct.load_no_prompt": _Prompt(_ALPACA, preamble="none"),
    "alpaca_chat": _Prompt(_ALPACA, "chat"),
    "alpaca_chat.load_concise": _Prompt(_ALPACA, "chat", "concise"),
    "alpaca_chat.load_qa": _Prompt(("question", None, "answer"), "chat", "concise"),
    "alpaca_chat.load_camel_ai": _Prompt(("message_1", None, "message_2"), "chat", "concise"),
    "alpaca_chat.load_no_prompt": _Prompt(_ALPACA, "chat", "none"),
    "alpaca_w_system": _Prompt(_ALPACA, "chat", "column", "system"),
    "alpaca_w_system.load_chat": _Prompt(_ALPACA, "chat", "column", "system"),
    "alpaca_w_system.load_instruct": _Prompt(_ALPACA, "instruct", "column", "system"),
    "alpaca_w_system.load_open_orca": _Prompt(_ORCA, "orca", "column", "system_prompt"),
    "alpaca_w_system.load_open_orca_chatml": _Prompt(_ORCA, "chatml", "column", "system_prompt"),
    "orcamini": _Prompt(_ORCA, "orcamini", "column", "system_prompt"),
    "gpteacher": _Prompt(("instruction", "input", "response")),
    **{
        f"gpteacher:{style}": _Prompt(("instruction", "input", "response"), style)
        for style in _STYLED
    },
    "oasst": _Prompt(("INSTRUCTION", None, "RESPONSE")),
    "summarizetldr": _Prompt(("article", None, "summary"), "tldr", "none"),
}


def _text(preamble: str, style: Style, turn: str) -> str:
    # ``alpaca_w_system`` has a heading of its own for systems from a column
    return (style.system.replace("{system}", preamble) if preamble else "") + turn


@cache
def named_prompt(name: str) -> InstructionRows | None:
    """The rows of a prompt type by its name, ``load`` suffixes and all; None if not described."""
    prompt = _NAMED.get(name.removesuffix(".load"))
    if prompt is None:
        return None
    style = STYLES[prompt.style]
    if prompt.preamble == "column" and prompt.style == "instruct":
        style = Style("### System:\n{system}\n\n", style.with_input, style.without_input)
    with_preamble, without_preamble = PREAMBLES[prompt.preamble]
    instruction, further, output = prompt.columns
    without = _text(without_preamble, style, style.without_input)
    return InstructionRows(
        instruction=instruction,
        input=further,
        output=output,
        system=prompt.system,
        with_input=_text(with_preamble, style, style.with_input) if further else without,
        without_input=without,
        style="alpaca" if (prompt.style, prompt.preamble) == ("instruct", "alpaca") else None,
    )


def name_of_prompt(rows: InstructionRows) -> str | None:
    """The type whose rows are exactly these, the plainest name first."""
    for name in _NAMED:
        known = named_prompt(name)
        if known is None:
            continue
        texts = (known.instruction, known.output, known.system, known.without_input)
        if texts != (rows.instruction, rows.output, rows.system, rows.without_input):
            continue
        if known.input == rows.input and (
            rows.input is None or known.with_input == rows.with_input
        ):
            return name
    return None
