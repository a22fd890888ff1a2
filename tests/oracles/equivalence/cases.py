"""The files that are trained as they are and as converted, and what does not come out equal.

A case is a file of ``fixtures/equivalence``, whose name begins with its format, and the tiny model
it is trained on. For each target, ``differs`` names what the two runs do not share and the field
of the diagnostic in which ftx says so; what is not named must be equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

CASES_FOLDER = Path(__file__).parents[3] / "fixtures" / "equivalence"
FORMATS = ("axolotl", "torchtune", "unsloth")
SUFFIX = {"axolotl": ".yaml", "torchtune": ".yaml", "unsloth": ".py"}

Differences = dict[str, str]
"""What differs (a name of ``comparing.ASPECTS``) -> field of the diagnostic that says so."""

MEANS = "batching.normalization"
DECAY = "optimizer.decays_norms"
HEADERS = "data.sources[0].supervision.turn_headers"
ENDS = "data.sources[0].supervision.turn_ends"
WARMUP = "schedule.warmup"
LAST = "batching.drop_last"
FORMAT = "data.sources[0].format"
ORDER = "data.shuffle"
NO_EFFECT = ""
"""In place of a field: torchtune counts the marker in front of an answer, but both answers of a
pair have it after the same prompt, so that it cancels in the loss."""


@dataclass(frozen=True)
class Case:
    """One file, and its run on a tiny model."""

    name: str
    """The file without its suffix."""
    model: str
    """A tiny model of ``models.FAMILIES``."""
    differs: dict[str, Differences] = field(default_factory=dict)
    needs_gpu: bool = False

    @property
    def source(self) -> str:
        """The file's format."""
        return self.name.partition("_")[0]

    @property
    def path(self) -> Path:
        """The file."""
        return CASES_FOLDER / f"{self.name}{SUFFIX[self.source]}"

    @property
    def targets(self) -> tuple[str, ...]:
        """The formats it is converted to."""
        return tuple(name for name in FORMATS if name != self.source)


def losses(field: str) -> Differences:
    """Both the first loss and what follows from it."""
    return {"first loss": field, "later losses": field}


def masks(field: str) -> Differences:
    """Other tokens count, so that their number and the loss differ too."""
    return {"masks": field, "targets": field, **losses(field)}


ALL = (
    Case(
        "torchtune_dpo_llama",
        "llama-instruct",
        {
            "axolotl": {"tokens": FORMAT, "masks": FORMAT, "targets": ORDER, "later losses": ORDER},
            "unsloth": {"masks": NO_EFFECT, "targets": NO_EFFECT},
        },
    ),
    Case("unsloth_qlora_chat_llama", "llama-instruct", needs_gpu=True),
    Case("axolotl_full_alpaca_llama", "llama-base", {"torchtune": {"later losses": DECAY}}),
    Case("axolotl_full_chat_qwen", "qwen-instruct"),
    Case(
        "axolotl_lora_chat_qwen",
        "qwen-instruct",
        {"torchtune": losses(MEANS)},
    ),
    Case("axolotl_lora_completion_llama", "llama-base"),
    Case(
        "axolotl_lora_prompt_llama",
        "llama-instruct",
        {
            "torchtune": {"steps": LAST, "targets": LAST, "rates": LAST, **losses(MEANS)},
        },
    ),
    Case("torchtune_full_alpaca_llama", "llama-base", {"axolotl": masks(HEADERS)}),
    Case(
        "torchtune_full_chat_llama",
        "llama-instruct",
        {"axolotl": {**masks(HEADERS), "rates": WARMUP}},
    ),
    Case(
        "torchtune_lora_alpaca_qwen",
        "qwen-instruct",
        {"axolotl": masks(ENDS), "unsloth": masks(ENDS)},
    ),
    Case("torchtune_lora_chat_qwen", "qwen-instruct", {"axolotl": masks(HEADERS)}),
    Case("torchtune_lora_completion_llama", "llama-base"),
    Case(
        "unsloth_full_chat_llama",
        "llama-instruct",
        {"axolotl": {**masks(HEADERS), "rates": WARMUP}},
    ),
    Case(
        "unsloth_full_completion_qwen",
        "qwen-base",
        {"axolotl": losses(MEANS), "torchtune": losses(MEANS)},
    ),
    Case("unsloth_lora_alpaca_llama", "llama-base", {"axolotl": losses(MEANS)}),
    Case("unsloth_lora_chat_qwen", "qwen-instruct", {"axolotl": losses(MEANS)}),
    Case(
        "unsloth_lora_text_chat_qwen",
        "qwen-instruct",
        {"axolotl": {**masks(HEADERS), "rates": WARMUP}},
    ),
)

CASES = tuple(case for case in ALL if not case.needs_gpu)
ON_GPU = ("axolotl_full_chat_qwen", "axolotl_lora_chat_qwen", "axolotl_lora_completion_llama",
          "torchtune_dpo_llama", "unsloth_full_completion_qwen", "unsloth_lora_alpaca_llama",
          "unsloth_lora_chat_qwen", "unsloth_qlora_chat_llama")  # fmt: skip
"""Cases that are also trained on a GPU, with the real Unsloth (see ``tests/gpu``)."""
