"""Axolotl's named instruction prompts, as the catalogue describes them."""

from __future__ import annotations

from functools import cache

from translator.catalog.instructions import InstructionStyle, instruction_style, styles
from translator.ir import InstructionRows

_ORCAMINI = InstructionRows(
    instruction="question",
    input=None,
    output="response",
    system="system_prompt",
    with_input="### System:\n{system}\n\n### User:\n{instruction}\n\n### Response:\n",
    without_input="### System:\n{system}\n\n### User:\n{instruction}\n\n### Response:\n",
)
"""Its heading stands above an empty system text too, which no style of the catalogue has
(axolotl/prompt_strategies/orcamini.py:22)."""


@cache
def named_prompt(name: str) -> InstructionRows | None:
    """The rows of a prompt type by its name, ``load`` suffixes and all; None if not described."""
    if name.removesuffix(".load") == "orcamini":
        return _ORCAMINI
    style = instruction_style("axolotl", name)
    return None if style is None else _rows(style)


def _rows(style: InstructionStyle) -> InstructionRows | None:
    """A style of plain text, without words of its own in front of the response."""
    if style.opaque or style.response_prefix or style.eos_count != 1:
        return None
    if style.with_input is None or style.without_input is None or style.output_column is None:
        return None
    lead = style.system or ""
    without = lead + style.without_input
    return InstructionRows(
        instruction=style.instruction_column,
        input=style.input_column,
        output=style.output_column,
        system=style.system_column,
        with_input=lead + style.with_input if style.input_column else without,
        without_input=without,
        style="alpaca" if _is_alpaca(style) else None,
    )


def _is_alpaca(style: InstructionStyle) -> bool:
    """Whether the words are Alpaca's own, whatever the columns are called."""
    alpaca = styles()["alpaca"]
    return style.without_input == alpaca.without_input and style.system is None


def name_of_prompt(rows: InstructionRows) -> str | None:
    """The type whose rows are exactly these, the plainest name first."""
    for style in styles().values():
        for name in dict(style.names).get("axolotl", ())[:1]:
            known = named_prompt(name)
            if known is not None and _same(known, rows):
                return name
    return "orcamini" if _same(_ORCAMINI, rows) else None


def _same(known: InstructionRows, rows: InstructionRows) -> bool:
    texts = (known.instruction, known.input, known.output, known.system, known.without_input)
    if texts != (rows.instruction, rows.input, rows.output, rows.system, rows.without_input):
        return False
    return rows.input is None or known.with_input == rows.with_input
