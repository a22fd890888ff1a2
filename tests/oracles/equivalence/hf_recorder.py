"""Watches any run of a ``transformers.Trainer`` (Axolotl's and TRL's are subclasses), from
outside: a callback and a wrapped ``training_step``, nothing of the framework is replaced."""

from __future__ import annotations

import re
from typing import Any

from trajectory import Recorder, same_start
from transformers import Trainer, TrainerCallback


class _StepWatcher(TrainerCallback):
    """Notes learning rate and loss at the moment the optimizer steps."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.loss = 0.0

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.recorder.step(float(kwargs["optimizer"].param_groups[0]["lr"]), self.loss)
        self.loss = 0.0


def start_adapters(model: Any) -> None:
    """Give every LoRA A matrix of a PEFT model its common start."""
    for name, weight in model.named_parameters():
        found = re.search(r"layers\.(\d+)\.\w+\.(\w+)\.lora_A\.", name)
        if found:
            same_start(f"{found[1]}.{found[2]}", weight)


def watch(recorder: Recorder) -> None:
    """Have every later ``Trainer.train`` report to ``recorder``."""
    train = Trainer.train

    def watched_train(self: Trainer, *args: Any, **kwargs: Any) -> Any:
        watcher = _StepWatcher(recorder)
        self.add_callback(watcher)
        start_adapters(self.model)
        trainable = (p.numel() for p in self.model.parameters() if p.requires_grad)
        recorder.trajectory.trainable_parameters = sum(trainable)
        training_step = self.training_step

        def watched_step(model: Any, inputs: Any, *rest: Any, **named: Any) -> Any:
            recorder.micro_batch(inputs["input_ids"], inputs["labels"])
            loss = training_step(model, inputs, *rest, **named)
            watcher.loss += float(loss)
            return loss

        self.training_step = watched_step
        return train(self, *args, **kwargs)

    Trainer.train = watched_train
