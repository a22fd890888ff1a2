"""Rows packed into one sequence attend to one another.

What it does
Looks for packing with an attention implementation that knows no borders within a sequence: Axolotl's
`sample_packing` without an `attn_implementation` of that kind, TRL's `packing` without Unsloth and
without flash attention.

Why it matters
Every row but the first then sees unrelated text before it. The framework warns in its log and trains
on.

When it is fine
In continued pretraining, where documents are put behind one another on purpose. torchtune always keeps
rows apart, and Unsloth's trainer does.

References
axolotl/utils/schemas/enums.py, `ATTN_IMPLS_SUPPORTING_PACKING` (0.19); trl/trainer/sft_trainer.py:1211
(1.9.0).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.axolotl import attention
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA114",
    name="packed-rows-mixed",
    severity=Severity.WARNING,
    formats=("axolotl", "unsloth"),
    words=("packing",),
    bad={"axolotl": "sample_packing: true  # <-\n"},
    good={"axolotl": "sample_packing: true\nattn_implementation: flash_attention_2\n"},
)


_SEPARATE = ("flash_attention_2", "flash_attention_3", "kernels-community/")
"""trl/trainer/sft_trainer.py:385, ``FLASH_ATTENTION_VARIANTS``, by their beginnings."""


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the packing."""
    packing = file.recipe.data.packing
    if packing is None:
        return
    if file.format == "axolotl" and not packing.isolated:
        named = attention(file)
        fix = None
        if named is None:
            line = "attn_implementation: flash_attention_2"
            fix = file.add(line, after="sample_packing", safe=False)
        yield RULE.at(
            file,
            file.at("sample_packing"),
            "rows of one sequence attend to one another: "
            + (f"{named} does not keep them apart" if named else "no attn_implementation is named"),
            help="attn_implementation: flash_attention_2, or flex_attention",
            fix=fix,
        )
    if file.format == "unsloth" and file.document.facts.get("flavour") == "TRL":
        yield from _of_trl(file)


def _of_trl(file: File) -> Iterator[Diagnostic]:
    if file.value("args.packing_strategy") == "wrapped" or file.open_ended:
        return
    for key in ("load.attn_implementation", "args.model_init_kwargs.attn_implementation"):
        node = file.node(key)
        if node is not None and (
            not isinstance(node.value, str) or node.value.startswith(_SEPARATE)
        ):
            return
    if file.node("load") is None or file.node("args.packing") is None:
        return
    yield RULE.at(
        file,
        file.at("args.packing"),
        "rows of one sequence attend to one another: the model is loaded without flash attention",
        help='attn_implementation="flash_attention_2" in from_pretrained',
    )
