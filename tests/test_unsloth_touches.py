"""What a script does to model and trainer beside the calls that are read is never passed over."""

from __future__ import annotations

import pytest

from translator import ir
from translator.api import convert, loads
from translator.diagnostics import Severity
from translator.document import Document

SCRIPT = """\
import torch
from datasets import load_dataset
from peft import PeftModel
from transformers import EarlyStoppingCallback, TrainerCallback
from trl import SFTConfig, SFTTrainer
from unsloth import FastLanguageModel

model, tokenizer = FastLanguageModel.from_pretrained("unsloth/Llama-3.2-1B", max_seq_length=2048)
model = FastLanguageModel.get_peft_model(model, r=16)
{model}
dataset = load_dataset("roneneldan/TinyStories", split="train")
trainer = SFTTrainer(
    model=model,
    train_dataset=dataset,
    args=SFTConfig(dataset_text_field="text", max_steps=60, output_dir="out"),
)
{trainer}
{train}
"""


def read(model: str = "", trainer: str = "", train: str = "trainer.train()") -> Document:
    text = SCRIPT.format(model=model, trainer=trainer, train=train)
    return loads(text, name="run.py", format="unsloth")


FREEZE = """for name, weight in model.named_parameters():
    if "layers.0." in name:
        weight.requires_grad = False"""
DROPOUT = """for part in model.modules():
    if isinstance(part, torch.nn.Dropout):
        part.p = 0.3"""
ON_MODEL = {
    FREEZE: "requires_grad",
    DROPOUT: "p",
    "model.lm_head.weight.requires_grad = True": "requires_grad",
    "model.forward = lambda *given: None": "model.forward",
    "model.half()": "model.half()",
    "model.config.attention_dropout = 0.3": "model.config.attention_dropout",
    'model.load_adapter("acme/adapter")': "model.load_adapter()",
    "model = model.merge_and_unload()": "model.merge_and_unload()",
    "model.resize_token_embeddings(len(tokenizer))": "model.resize_token_embeddings()",
    'model = PeftModel.from_pretrained(model, "acme/adapter")': "PeftModel.from_pretrained()",
    "model.get_input_embeddings().weight.data.normal_()": "model.normal_()",
    "for weight in model.parameters():\n    weight.mul_(0.5)": "model.mul_()",
    "model.register_forward_hook(lambda *given: None)": "model.register_forward_hook()",
    "SFTTrainer.compute_loss = lambda *given: 0.0": "trainer.compute_loss",
}
ON_TRAINER = {
    "trainer.args.__dict__.update(learning_rate=1e-3)": "__dict__.update()",
    "trainer.optimizer = torch.optim.SGD(model.parameters(), lr=1.0)": "trainer.optimizer",
    "trainer.data_collator = lambda rows: rows": "trainer.data_collator",
}


@pytest.mark.parametrize(("code", "key"), [*ON_MODEL.items(), *ON_TRAINER.items()])
def test_each_touch_is_a_loss_at_its_line(code: str, key: str) -> None:
    document = read(trainer=code) if code in ON_TRAINER else read(code)
    losses = convert(document, to="axolotl", strict=False).losses
    lost = next(loss for loss in losses if loss.key == key)
    assert lost.severity in (Severity.ERROR, Severity.WARNING)
    assert lost.span is not None
    line = document.text.splitlines()[lost.span.line - 1]
    assert line.strip() in (text.strip() for text in code.splitlines())


def test_where_a_stored_adapter_lies_is_no_setting_of_an_adapter() -> None:
    path = 'pathlib.Path("adapters", "first")'
    for given in (path, f"model_id={path}", '"acme/adapter", "second"'):
        code = (
            f"import pathlib\nmodel = PeftModel.from_pretrained(model, {given}, is_trainable=True)"
        )
        document = read(code)
        assert "CFG001" not in {d.code for d in document.diagnostics}
        (left,) = document.leftovers
        assert isinstance(left.value, dict)
        assert {"model", "model_id", "is_trainable"} <= left.value.keys()


def test_two_lines_that_do_alike_are_told_as_two() -> None:
    code = "model.lm_head.weight.requires_grad = True\nmodel.embed.weight.requires_grad = True"
    found = read(code).leftovers
    assert [entry.key for entry in found] == ["requires_grad", "requires_grad"]
    assert len({entry.span.line for entry in found if entry.span}) == 2


def test_a_compiled_model_is_noted_as_quicker_and_no_other() -> None:
    found = read("model = torch.compile(model)").leftovers
    assert [(entry.key, entry.severity) for entry in found] == [("torch.compile()", Severity.NOTE)]


@pytest.mark.parametrize(
    "code",
    ["model.config.use_cache = False", "model.print_trainable_parameters()", "model.train()"],
)
def test_what_changes_nothing_is_no_loss(code: str) -> None:
    assert not read(code).leftovers


def test_what_comes_after_the_training_is_no_loss() -> None:
    assert not read(train="trainer.train()\nmodel = model.merge_and_unload()").leftovers


def test_arguments_that_are_set_on_the_trainer_are_read() -> None:
    assert read(trainer="trainer.args.learning_rate = 1e-3").recipe.optimizer.learning_rate == 1e-3


def test_callbacks_that_are_added_are_read_like_those_that_are_given() -> None:
    stopping = read(
        trainer="trainer.add_callback(EarlyStoppingCallback(early_stopping_patience=3))"
    )
    assert stopping.recipe.evaluation.patience == 3
    own = "class Stop(TrainerCallback):\n    pass\n\n\ntrainer.add_callback(Stop())"
    assert [entry.key for entry in read(trainer=own).leftovers] == ["trainer.callbacks[0]"]


def test_a_training_in_a_loop_is_told() -> None:
    found = read(train="for _ in range(3):\n    trainer.train()").leftovers
    assert [(entry.key, entry.value) for entry in found] == [("trainer.train()", 3)]


ON_ROWS = {
    'dataset.set_transform(lambda rows: {"text": ["x"]})': "rows.set_transform()",
    "dataset = dataset.repeat(2)": "data.repeat:{line}",
    "dataset = dataset.map(lambda r: tokenizer(r['text'], truncation=True, max_length=99))": (
        "data.map.max_length"
    ),
    "dataset = dataset.map(lambda r: tokenizer(r['text'], add_special_tokens=False))": (
        "data.map.add_special_tokens"
    ),
    "rows = [r for r in dataset]\nrows.append({'text': 'x'})\ndataset = Dataset.from_list(rows)": (
        "rows.append()"
    ),
}


@pytest.mark.parametrize(("code", "key"), ON_ROWS.items())
def test_rows_that_are_changed_on_the_way_are_told(code: str, key: str) -> None:
    loading = 'dataset = load_dataset("roneneldan/TinyStories", split="train")\n'
    text = SCRIPT.format(model="", trainer="", train="trainer.train()")
    text = text.replace(loading, f"from datasets import Dataset\n{loading}{code}\n")
    line = text[: text.index(code)].count("\n") + 1
    document = loads(text, name="run.py", format="unsloth")
    assert key.format(line=line) in {entry.key for entry in document.leftovers}


def test_the_length_that_the_model_has_anyway_is_no_loss() -> None:
    code = "dataset = dataset.map(lambda r: tokenizer(r['text'], truncation=True, max_length=2048))"
    loading = 'split="train")\n'
    text = SCRIPT.format(model="", trainer="", train="trainer.train()")
    text = text.replace(loading, f"{loading}{code}\n")
    assert not loads(text, name="run.py", format="unsloth").leftovers


def test_attributes_of_a_model_are_no_arguments_of_its_making() -> None:
    code = "if torch.cuda.device_count() > 1:\n    model.is_parallelizable = True"
    document = read(code)
    assert not [d for d in document.diagnostics if d.code == "CFG001"]
    assert not document.leftovers


def test_settings_that_are_replaced_are_read() -> None:
    text = SCRIPT.format(model="", trainer="", train="trainer.train()")
    text = text.replace("import torch", "import torch\nfrom dataclasses import replace")
    text = text.replace("args=SFTConfig(", "args=replace(SFTConfig(").replace(
        'output_dir="out"),', 'output_dir="out"), learning_rate=1e-3),'
    )
    recipe = loads(text, name="run.py", format="unsloth").recipe
    assert recipe.optimizer.learning_rate == 1e-3
    assert recipe.duration == ir.Steps(count=60)
