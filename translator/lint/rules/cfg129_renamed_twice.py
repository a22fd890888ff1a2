"""A key stands under its former and its present name.

What it does
Looks for pairs of names of the same thing that Axolotl refuses to choose between:
`noisy_embedding_alpha` and `neftune_noise_alpha`, `pretrain_multipack_buffer_size` and
`streaming_multipack_buffer_size`, `message_field_role` and `message_property_mappings.role`.

Why it matters
`axolotl train` ends with an error.

When it is fine
Never; for other pairs the present name counts.

References
axolotl/utils/schemas/validation.py, `check_neftune` and `check_multipack_buffer_size`;
schemas/utils.py (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG129",
    name="renamed-twice",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("noisy_embedding_alpha", "pretrain_multipack_buffer_size", "message_field", "neftune"),
    bad={"axolotl": "noisy_embedding_alpha: 5  # <-\nneftune_noise_alpha: 5\n"},
    good={"axolotl": "neftune_noise_alpha: 5\n"},
)


def zero(value: object) -> bool:
    """Whether a value is the number 0."""
    return value is not None and not isinstance(value, bool) and value == 0


CHECKS = (
    Refusal(
        lambda f: f.on("noisy_embedding_alpha") and f.on("neftune_noise_alpha"),
        ("noisy_embedding_alpha",),
        "noisy_embedding_alpha is the former name of neftune_noise_alpha, and both are set",
    ),
    Refusal(
        lambda f: (
            float(f.value("neftune_noise_alpha") or f.value("noisy_embedding_alpha") or 1) <= 0
            or zero(f.value("neftune_noise_alpha"))
        ),
        ("neftune_noise_alpha", "noisy_embedding_alpha"),
        "the noise must be above 0, or not there at all",
    ),
    Refusal(
        lambda f: (
            f.on("pretrain_multipack_buffer_size") and f.on("streaming_multipack_buffer_size")
        ),
        ("pretrain_multipack_buffer_size",),
        "pretrain_multipack_buffer_size is the former name of streaming_multipack_buffer_size, and "
        "both are set",
    ),
    Refusal(
        lambda f: any(
            f.value((*address, f"message_field_{part}")) is not None
            and f.value((*address, "message_property_mappings", part)) is not None
            and f.value((*address, f"message_field_{part}"))
            != f.value((*address, "message_property_mappings", part))
            for address, _ in f.elements("datasets")
            for part in ("role", "content")
        ),
        ("datasets",),
        "message_field_role or message_field_content differs from message_property_mappings",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
