"""What a training argument is when a script does not give it.

Three sets. Importing Unsloth before TRL replaces TRL's configuration classes by ones with other
defaults; a script that imports TRL first, or uses ``UnslothTrainingArguments`` (built on the class
as it was), has TRL's; ``transformers.TrainingArguments`` is never replaced.

Citations: unsloth 2026.10.9 ``unsloth/models/rl.py:3310`` (the replacements, confirmed by
``inspect.signature`` after import), TRL 1.9.0, transformers 5.16.
"""

from __future__ import annotations

from enum import Enum

from translator.record import Record


class Flavour(Enum):
    """Whose defaults a training has."""

    PATCHED = "unsloth/models/rl.py:3310 (2026.10.9)"
    TRL = "trl/trainer/base_config.py:54, sft_config.py:143 (1.9.0)"
    HF = "transformers/training_args.py:769 (5.16)"

    @property
    def why(self) -> str:
        """The citation of a default of this set."""
        return self.value


class Defaults(Record, kw_only=False):
    """One argument's value in each set."""

    patched: object
    trl: object
    hf: object

    def of(self, flavour: Flavour) -> object:
        """The value in a set."""
        match flavour:
            case Flavour.PATCHED:
                return self.patched
            case Flavour.TRL:
                return self.trl
            case Flavour.HF:
                return self.hf


def _same(value: object) -> Defaults:
    return Defaults(value, value, value)


ARGUMENTS: dict[str, Defaults] = {
    "per_device_train_batch_size": Defaults(4, 8, 8),
    "per_device_eval_batch_size": Defaults(4, 8, 8),
    "gradient_accumulation_steps": Defaults(2, 1, 1),
    "learning_rate": Defaults(5e-5, 2e-5, 5e-5),
    "weight_decay": Defaults(0.001, 0.0, 0.0),
    "optim": Defaults("adamw_8bit", "adamw_torch_fused", "adamw_torch_fused"),
    "seed": Defaults(3407, 42, 42),
    "warmup_steps": Defaults(0.1, 0, 0),
    "logging_steps": Defaults(1, 10, 500),
    "gradient_checkpointing": Defaults(True, True, False),
    "max_length": Defaults(1024, 1024, 1024),
    "num_train_epochs": _same(3.0),
    "max_steps": _same(-1),
    "max_grad_norm": _same(1.0),
    "adam_beta1": _same(0.9),
    "adam_beta2": _same(0.999),
    "adam_epsilon": _same(1e-8),
    "lr_scheduler_type": _same("linear"),
    "save_strategy": _same("steps"),
    "save_steps": _same(500),
    "eval_strategy": _same("no"),
    "dataloader_drop_last": _same(False),
    "dataloader_num_workers": _same(0),
    "neftune_noise_alpha": _same(None),
    "packing": _same(False),
    "dataset_text_field": _same("text"),
}

PREFERENCE_RATE = 1e-6
"""TRL's own learning rate for DPO, KTO, ORPO, CPO and GRPO (trl/trainer/dpo_config.py, 1.9.0)."""


def default(name: str, flavour: Flavour, *, supervised: bool = True) -> object:
    """The value of an argument that a script leaves out."""
    if name == "learning_rate" and flavour is Flavour.TRL and not supervised:
        return PREFERENCE_RATE
    if name == "train_sampling_strategy":
        return "random"
    return ARGUMENTS[name].of(flavour)
