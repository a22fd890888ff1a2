"""Tokens are added, but the embeddings that they get are frozen.

What it does
Looks for new tokens beside an adapter that trains neither the embeddings nor the head.

Why it matters
A new token starts with a random (or mean) vector. With frozen embeddings it keeps it, and the
model can neither read nor write the token.

When it is fine
When the token's row exists already, because the vocabulary has spare places that were trained.

References
axolotl/loaders/tokenizer.py (asks for lora_modules_to_save); peft, `modules_to_save` and
`trainable_token_indices`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="TRAIN106",
    name="new-tokens-untrained",
    severity=Severity.WARNING,
    words=("tokens", "add_"),
    formats=("axolotl", "unsloth"),
    bad={
        "axolotl": "adapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\ntokens:\n  - <tool>  # <-\n"
    },
    good={
        "axolotl": "adapter: lora\nlora_r: 8\nlora_alpha: 16\nlora_target_linear: true\nlora_modules_to_save: [embed_tokens, lm_head]\ntokens:\n  - <tool>\n"
    },
)


EMBEDDINGS = {
    "embed_tokens", "wte", "embed_in", "word_embeddings", "tok_embeddings", "embeddings",
}  # fmt: skip
"""What families call their input embeddings (transformers/models/*/modeling_*.py)."""


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the tokens."""
    adapter, tokens = file.recipe.adapter, file.recipe.model.new_tokens
    if adapter is None or not tokens or file.on("peft_trainable_token_indices"):
        return
    trained = {*adapter.trained_modules, *adapter.modules}
    if EMBEDDINGS & set(trained):
        return
    shown = ", ".join(tokens[:3])
    yield RULE.at(
        file,
        file.where("model.new_tokens"),
        f"{len(tokens)} new tokens ({shown}) get random embeddings that stay frozen",
        help="train embed_tokens and lm_head in full beside the adapter",
    )
