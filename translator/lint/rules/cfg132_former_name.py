"""A key stands under a former name that Axolotl still takes.

What it does
Looks for former names that mean exactly what a present one does: the switches for attention
(`flash_attention: true`), `evaluation_strategy`, the `fsdp_` prefix inside `fsdp_config`, and others.

Why it matters
Axolotl warns at every start, and removes such names with some later version: files with
`max_packed_sequence_len` or `type: sharegpt` do not start any more.

When it is fine
For a version of Axolotl from before the present name.

References
axolotl/utils/schemas/config.py, `normalize_attn_implementation`; validation.py, `check_eval_strategy`,
`check_neftune`, `check_fsdp_config_kwargs_prefix`; deprecated.py (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Applicability, Diagnostic, Edit, Fix, Severity
from translator.frameworks.axolotl.attention_flags import ATTENTION_FLAGS
from translator.frameworks.axolotl.schema import recorded_keys
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG132",
    name="former-name",
    severity=Severity.NOTE,
    formats=("axolotl",),
    words=(
        "_attention", "evaluation_strategy", "noisy_embedding_alpha", "dpo_beta",
        "sequence_parallel_degree", "dataset_processes", "pretrain_multipack", "fsdp_",
    ),
    bad={"axolotl": "flash_attention: true  # <-\n"},
    good={"axolotl": "attn_implementation: flash_attention_2\n"},
)  # fmt: skip
SAFE = Applicability.SAFE
RENAMED = {
    "evaluation_strategy": "eval_strategy",
    "noisy_embedding_alpha": "neftune_noise_alpha",
    "dpo_beta": "rl_beta",
    "sequence_parallel_degree": "context_parallel_size",
    "dataset_processes": "dataset_num_proc",
    "pretrain_multipack_buffer_size": "streaming_multipack_buffer_size",
}


def check(file: File) -> Iterator[Diagnostic]:
    """A finding for each former name."""
    for old, new in RENAMED.items():
        if file.node(old) is None or (old == "noisy_embedding_alpha" and not file.value(old)):
            continue  # noise that is off is refused under the present name
        free = file.node(new) is None
        fix = file.rename(old, new, safe=True) if free else None
        yield RULE.at(file, file.at(old), f"{old} is called {new} now", fix=fix)
    on = [name for name in ATTENTION_FLAGS if file.value(name) is True]
    if len(on) == 1 and file.node("attn_implementation") is None:
        present = f"attn_implementation: {ATTENTION_FLAGS[on[0]]}"
        yield RULE.at(
            file,
            file.at(on[0]),
            f"{on[0]}: true is {present} now",
            fix=_line(file, on[0], present),
        )
    yield from _prefixes(file)


def _prefixes(file: File) -> Iterator[Diagnostic]:
    """Keys of ``fsdp_config`` that carry its name; the reader has taken it from them already."""
    config = file.node("fsdp_config")
    children = config.value if config is not None and config.is_mapping else {}
    text = file.document.text
    edits = []
    for name, node in children.items():
        place = node.key_span
        known = f"fsdp_config.{name}" in recorded_keys()
        if known and place is not None and text[place.start : place.end] == f"fsdp_{name}":
            edits.append(Edit(start=place.start, end=place.end, text=name))
    if not edits:
        return
    first, more = text[edits[0].start : edits[0].end], len(edits) - 1
    said = f"{first} and {more} more are" if more else f"{first} is"
    message = f"fsdp_config: {said} written without fsdp_ now"
    fix = Fix(message="without fsdp_", edits=tuple(edits), applicability=SAFE)
    yield RULE.at(file, file.at("fsdp_config"), message, fix=fix)


def _line(file: File, key: str, text: str) -> Fix | None:
    """A fix that writes another key and value in the place of one."""
    node = file.node(key)
    if node is None or node.key_span is None or node.key_span.line != node.span.end_line:
        return None
    edit = Edit(start=node.key_span.start, end=node.span.end, text=text)
    return Fix(message=text, edits=(edit,), applicability=SAFE)
