"""The settings that say what is evaluated, and when, contradict each other.

What it does
Looks at `eval_strategy`, `eval_steps`, `evals_per_epoch`, `val_set_size` and `test_datasets`
together: two ways to say when, an evaluation without rows, rows from two places, benchmarks
without a moment for them.

Why it matters
`axolotl train` ends with an error before it loads anything.

When it is fine
Never.

References
axolotl/utils/schemas/validation.py, `check_evals`, `check_val_w_test_datasets`,
`check_eval_packing`, `check_causal_lm_evals` (0.19).
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.diagnostics import Diagnostic, Severity
from translator.lint.context import File
from translator.lint.refusal import Refusal, refused
from translator.lint.rule import Rule

RULE = Rule(
    code="CFG104",
    name="evaluation-settings",
    severity=Severity.ERROR,
    formats=("axolotl",),
    words=("eval", "val_set_size"),
    bad={"axolotl": "val_set_size: 0\neval_steps: 50  # <-\n"},
    good={"axolotl": "val_set_size: 0.02\neval_steps: 50\n"},
)
METRICS = {"sacrebleu", "comet", "ter", "chrf", "perplexity"}


def zero(value: object) -> bool:
    """Whether a value is the number 0 (``false`` counts as one in YAML's Python)."""
    return value is not None and value == 0


def strategy(file: File) -> object:
    """The strategy under its present or former name."""
    return file.value("eval_strategy") or file.value("evaluation_strategy")


def metrics(file: File) -> list[object]:
    """The metrics; a single text counts as none of the known ones."""
    named = file.value("eval_causal_lm_metrics")
    return named if isinstance(named, list) else [named]


CHECKS = (
    Refusal(
        lambda f: (
            f.on("eval_strategy", "evaluation_strategy")
            and f.on("eval_steps")
            and strategy(f) != "steps"
        ),
        ("eval_strategy", "evaluation_strategy"),
        "eval_strategy: {} does not go with eval_steps",
        "eval_strategy: steps, or no eval_steps",
    ),
    Refusal(
        lambda f: (
            zero(f.value("val_set_size"))
            and (f.on("eval_steps") or f.on("eval_strategy", "evaluation_strategy"))
            and not f.on("test_datasets")
            and strategy(f) != "no"
        ),
        ("eval_steps", "eval_strategy", "evaluation_strategy"),
        "there is nothing to evaluate on: val_set_size is 0 and there are no test_datasets",
        "say val_set_size, or drop the key",
    ),
    Refusal(
        lambda f: f.on("evals_per_epoch") and f.on("eval_steps"),
        ("eval_steps",),
        "eval_steps and evals_per_epoch exclude each other",
        "keep one of them",
    ),
    Refusal(
        lambda f: (
            f.on("evals_per_epoch")
            and f.on("eval_strategy", "evaluation_strategy")
            and strategy(f) != "steps"
        ),
        ("eval_strategy", "evaluation_strategy"),
        "eval_strategy: {} does not go with evals_per_epoch",
        "drop it, or say steps",
    ),
    Refusal(
        lambda f: f.on("do_bench_eval") and not f.on("evals_per_epoch", "eval_steps"),
        ("do_bench_eval",),
        "do_bench_eval needs evals_per_epoch or eval_steps",
    ),
    Refusal(
        lambda f: f.on("test_datasets") and f.on("val_set_size"),
        ("val_set_size",),
        "test_datasets and val_set_size exclude each other: rows come from one or the other",
        "val_set_size: 0",
    ),
    Refusal(
        lambda f: (
            f.on("sample_packing")
            and f.on("eval_table_size")
            and f.value("eval_sample_packing") is not False
        ),
        ("eval_table_size",),
        "eval_table_size cannot show packed rows",
        "eval_sample_packing: false",
    ),
    Refusal(
        lambda f: (
            f.on("do_causal_lm_eval")
            and (
                f.on("eval_sample_packing")
                or (
                    f.on("sample_packing")
                    and f.value("eval_sample_packing") is None
                    and not f.on("eval_table_size")
                )
            )
        ),
        ("do_causal_lm_eval",),
        "do_causal_lm_eval does not work on packed rows",
        "eval_sample_packing: false",
    ),
    Refusal(
        lambda f: f.on("eval_causal_lm_metrics") and not set(metrics(f)) <= METRICS,
        ("eval_causal_lm_metrics",),
        "eval_causal_lm_metrics: {} are not all among sacrebleu, comet, ter, chrf, perplexity",
    ),
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding for each check that holds."""
    return refused(RULE, file, CHECKS)
