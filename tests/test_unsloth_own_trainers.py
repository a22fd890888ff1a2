"""Trainers that a script derives or changes: what is not carried of them is said."""

from __future__ import annotations

import pytest

from translator.api import convert, loads
from translator.document import Document

SCRIPT = """\
from unsloth import FastLanguageModel
from datasets import load_dataset
from trl import DPOTrainer, SFTConfig, SFTTrainer

model, tokenizer = FastLanguageModel.from_pretrained("unsloth/Llama-3.2-1B", max_seq_length=2048)
model = FastLanguageModel.get_peft_model(model, r=16)


class Distiller({base}):
    def __init__(self, *args, teacher=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.teacher = teacher

    def {method}(self, *args, **kwargs):
        return super().{method}(*args, **kwargs)


dataset = load_dataset("roneneldan/TinyStories", split="train")
trainer = {maker}(
    model=model,
    train_dataset=dataset,
    args=SFTConfig(dataset_text_field="text", max_steps=60, output_dir="out"),{more}
)
{after}
trainer.train()
"""


def read(
    method: str = "compute_loss", base: str = "SFTTrainer", maker: str = "Distiller",
    more: str = "", after: str = "",
) -> Document:  # fmt: skip
    text = SCRIPT.format(method=method, base=base, maker=maker, more=more, after=after)
    return loads(text, name="run.py", format="unsloth")


def overrides(document: Document) -> object:
    return next((e.value for e in document.leftovers if e.key == "trainer.overrides"), None)


@pytest.mark.parametrize("method", ["compute_loss", "create_optimizer", "get_train_dataloader"])
def test_a_method_that_trains_is_lost_and_refused(method: str) -> None:
    document = read(method)
    assert overrides(document) == [method]
    result = convert(document, to="axolotl", strict=False)
    lost = next(loss for loss in result.losses if loss.key == "trainer.overrides")
    assert lost.severity.value == "error"
    assert lost.span is not None
    assert SCRIPT.splitlines()[lost.span.line - 1] == "    def {method}(self, *args, **kwargs):"


@pytest.mark.parametrize("method", ["log", "evaluate", "save_model", "helper"])
def test_methods_that_do_not_train_lose_nothing(method: str) -> None:
    assert overrides(read(method)) is None


def test_a_function_that_is_assigned_counts_as_well() -> None:
    document = read(maker="SFTTrainer", after="trainer.compute_loss = lambda *given: 0.0")
    assert "trainer.compute_loss" in {entry.key for entry in document.leftovers}


def test_its_own_arguments_are_no_keys_that_unsloth_drops() -> None:
    document = read(more='\n    teacher={"name": "acme/teacher"},')
    assert not [d for d in document.diagnostics if d.code == "CFG001"]
    assert [d for d in document.diagnostics if "acme/teacher" in d.message]


def test_the_trainer_that_it_extends_tells_the_objective() -> None:
    assert type(read("log", "DPOTrainer").recipe.objective).__name__ == "PreferenceObjective"


@pytest.mark.parametrize(
    ("files", "held_out"), [('"rows.json"', False), ('{"validation": "v.json"}', True)]
)
def test_a_split_that_files_do_not_have_is_not_evaluated_on(files: str, held_out: bool) -> None:
    text = SCRIPT.format(
        method="log", base="SFTTrainer", maker="SFTTrainer", after="",
        more='\n    eval_dataset=dataset["validation"] if "validation" in dataset else None,',
    ).replace('load_dataset("roneneldan/TinyStories", split="train")',
              f'load_dataset("json", data_files={files})')  # fmt: skip
    text = text.replace("train_dataset=dataset,", 'train_dataset=dataset["train"],')
    validation = loads(text, name="run.py", format="unsloth").recipe.data.validation
    assert (validation is not None) == held_out
