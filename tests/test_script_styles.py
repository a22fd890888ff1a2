"""Scripts in the styles of the wild: every core value is read, or asked for by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from translator.frameworks.unsloth.script import Script, Training, read_script
from translator.frameworks.unsloth.script_tree import Depends, Symbol
from translator.source import decode, read_source
from translator.tree import Unresolved

FOLDER = Path(__file__).parent.parent / "fixtures" / "scripts"


def read(name: str, **overrides: str) -> Script:
    return read_script(read_source(FOLDER / name), overrides)


def training_of(name: str, overrides: dict[str, str] | None = None) -> Training:
    training = read_script(read_source(FOLDER / name), overrides).default
    assert training is not None
    return training


def at(training: Training, *address: str | int) -> Any:
    node = training.tree.get(address)
    assert node is not None, address
    return node.plain()


VALUES: dict[str, dict[str, object]] = {
    "argparse_main.py": {
        "load.class": "FastLanguageModel",
        "load.model_name": "unsloth/Qwen2.5-3B-Instruct",
        "load.max_seq_length": 4096,
        "load.load_in_4bit": True,
        "peft.r": 32,
        "peft.lora_alpha": 64,
        "args.class": "TrainingArguments",
        "args.learning_rate": 2e-4,
        "args.num_train_epochs": 3,
        "args.warmup_steps": 10,
        "args.output_dir": "runs/Qwen2.5-3B-Instruct-r32",
        "train.resume_from_checkpoint": None,
    },
    "dataclass_config.py": {
        "load.model_name": "unsloth/Llama-3.2-1B-Instruct",
        "peft.target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"],
        "peft.lora_alpha": 32,
        "args.learning_rate": 5e-5,
        "args.num_train_epochs": 1,
        "args.run_name": "Llama-3.2-1B-Instruct-1ep",
        "template.chat_template": "llama-3.1",
        "responses.instruction_part": "<|start_header_id|>user<|end_header_id|>\n\n",
    },
    "class_config.py": {
        "load.model_name": "unsloth/mistral-7b-v0.3-bnb-4bit",
        "load.max_seq_length": 2048,
        "load.dtype": None,
        "load.load_in_4bit": True,
        "peft.r": 8,
        "peft.target_modules": ["q_proj", "v_proj"],
        "peft.lora_alpha": 16,
        "args.gradient_accumulation_steps": 8,
        "args.learning_rate": 3e-4,
        "data.train.load.split": "train",
    },
    "trainer_class.py": {
        "load.model_name": "unsloth/gemma-2-9b",
        "peft.r": 64,
        "peft.bias": "none",
        "args.learning_rate": 1e-4,
        "args.num_train_epochs": 1,
        "args.optim": "adamw_8bit",
        "trainer.max_seq_length": 2048,
        "data.train.load.data_files.train": "data/train.jsonl",
    },
    "yaml_beside.py": {
        "load.model_name": "unsloth/Phi-4",
        "load.max_seq_length": 8192,
        "load.load_in_4bit": True,
        "peft.r": 24,
        "peft.target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"],
        "args.learning_rate": 2e-4,
        "args.per_device_train_batch_size": 3,
        "args.warmup_ratio": 0.05,
        "data.train.load.path": "roneneldan/TinyStories",
    },
    "hf_argument_parser.py": {
        "load.model_name": "unsloth/Llama-3.2-3B",
        "peft.r": 8,
        "args.class": "TrainingArguments",
        "trainer.dataset_text_field": "text",
    },
    "two_call_sites.py": {
        "load.model_name": "unsloth/Qwen2.5-7B",
        "peft.r": 64,
        "args.learning_rate": 1e-4,
        "args.num_train_epochs": 1,
        "args.seed": 3407,
        "args.output_dir": "out/64",
    },
    "nested_dict.py": {
        "load.class": "FastModel",
        "load.full_finetuning": False,
        "args.optim": "adamw_8bit",
        "args.max_steps": 60,
        "args.warmup_steps": 5,
        "args.report_to": "none",
        "data.train.concatenate.1.load.name": "20231101.de",
    },
    "environment.py": {"load.model_name": "unsloth/Llama-3.1-8B", "peft.r": 16},
    "undecided.py": {"load.model_name": "unsloth/Llama-3.1-8B", "args.seed": 3407},
    "preference.py": {
        "trainer.class": "DPOTrainer",
        "trainer.ref_model": None,
        "args.class": "DPOConfig",
        "args.beta": 0.1,
    },
    "click_command.py": {
        "load.class": "AutoModelForCausalLM",
        "load.model_name": "Qwen/Qwen2.5-1.5B",
        "peft.class": "LoraConfig",
        "peft.lora_alpha": 16,
        "args.packing": True,
        "tokens.padding_side": "right",
        "tokens.pad_token": Symbol("tokenizer.eos_token", local=True),
    },
    "newer_syntax.py": {"load.model_name": "unsloth/Llama-3.2-1B", "args.learning_rate": 1e-3},
    "notebook.ipynb": {
        "script.versions.trl": "0.22.2",
        "load.model_name": "unsloth/Llama-3.2-1B",
        "load.max_seq_length": 2048,
        "args.learning_rate": 2e-4,
    },
}


@pytest.mark.parametrize("name", VALUES)
def test_values_are_read(name: str) -> None:
    training = training_of(name)
    assert training.trains
    for key, wanted in VALUES[name].items():
        steps = [int(step) if step.isdigit() else step for step in key.split(".")]
        assert at(training, *steps) == wanted, key


def test_all_fixtures_are_in_the_table() -> None:
    scripts = {p.name for p in FOLDER.iterdir() if p.suffix in (".py", ".ipynb")}
    assert scripts - set(VALUES) == {"inference_only.py", "json_missing.py", "sharegpt_loop.py"}


UNRESOLVED = {
    ("argparse_main.py", "data.train.load.data_files"): "data",
    ("json_missing.py", "load.model_name"): "cfg.model.name",
    ("json_missing.py", "peft.r"): "cfg.lora.r",
    ("json_missing.py", "args.learning_rate"): "cfg.lr",
    ("environment.py", "data.train.load.path"): "DATASET",
    ("environment.py", "load.token"): "HF_TOKEN",
    ("hf_argument_parser.py", "data.train.load.path"): "dataset",
    ("undecided.py", "load.load_in_4bit"): "load_in_4bit",
    ("undecided.py", "args.per_device_train_batch_size"): "batch",
    ("undecided.py", "args.warmup_steps"): "warmup_steps",
}


@pytest.mark.parametrize(("name", "key"), UNRESOLVED)
def test_what_is_not_known_can_be_given_by_its_name(name: str, key: str) -> None:
    before = at(training_of(name), *key.split("."))
    assert isinstance(before, Unresolved)
    spelling = UNRESOLVED[name, key]
    assert before.names[0] == spelling
    script = read_script(read_source(FOLDER / name), {spelling: "7"})
    assert script.default is not None
    assert at(script.default, *key.split(".")) == 7
    assert script.unused_overrides == ()


def test_undecided_branches_keep_both_sides() -> None:
    value = at(training_of("undecided.py"), "args", "per_device_train_batch_size")
    assert value.expression == "8 if memory > 40 else 2"


def test_dead_code_and_reloading_for_inference_are_no_training() -> None:
    script = read("undecided.py")
    assert len(script.trainings) == 1


def test_each_call_site_is_a_training() -> None:
    script = read("two_call_sites.py")
    names = [at(t, "load", "model_name") for t in script.trainings]
    assert names == ["unsloth/Qwen2.5-0.5B", "unsloth/Qwen2.5-7B"]
    first = script.at(script.trainings[0].lines[-2])
    assert first is script.trainings[0]


def test_overrides_reach_variables_arguments_and_keywords() -> None:
    given = {"lr": "1e-5", "model_name": "Qwen/Qwen3-4B", "cfg.seed": "1"}
    argparse = training_of("argparse_main.py", given)
    assert at(argparse, "args", "learning_rate") == 1e-5
    assert at(argparse, "load", "model_name") == "Qwen/Qwen3-4B"
    dataclass = training_of("dataclass_config.py", given)
    assert at(dataclass, "args", "seed") == 1


def test_overrides_that_match_nothing_are_told() -> None:
    assert read("nested_dict.py", leraning_rate="1").unused_overrides == ("leraning_rate",)


def test_arguments_from_the_command_line_take_any_name() -> None:
    training = training_of("hf_argument_parser.py", {"learning_rate": "3e-4"})
    assert at(training, "args", "learning_rate") == 3e-4


def test_capability_is_kept_as_such() -> None:
    training = training_of("argparse_main.py")
    assert at(training, "args", "bf16") == Depends("bf16", True, False)
    assert at(training, "args", "fp16").negated
    dtype = at(training, "load", "dtype")
    assert (dtype.then, dtype.otherwise) == (Symbol("torch.bfloat16"), Symbol("torch.float16"))


def test_values_point_to_the_literal_that_defines_them() -> None:
    source = read_source(FOLDER / "trainer_class.py")
    training = read_script(source).default
    assert training is not None
    node = training.tree.get(("args", "learning_rate"))
    assert node is not None
    assert source.text[node.span.start : node.span.end] == "1e-4"
    assert node.reference == "self.lr"
    assert node.key_span is not None
    assert source.text[node.key_span.start : node.key_span.end] == "learning_rate"
    rank = training.tree.get(("peft", "r"))
    assert rank is not None
    assert rank.key_span is not None
    assert source.text[rank.key_span.start : rank.key_span.end] == '"r"'


def test_values_from_a_file_say_so() -> None:
    node = training_of("yaml_beside.py").tree.get(("load", "model_name"))
    assert node is not None
    assert node.comment == "train_config.yaml, line 2"


def test_no_training_has_a_reason() -> None:
    script = read("inference_only.py")
    assert script.default is None
    assert script.reason == "loads a model with FastLanguageModel but never trains"


def test_notebook_lines_are_said_by_cell() -> None:
    script = read("notebook.ipynb")
    assert script.default is not None
    assert script.module.locate(script.default.line) == "cell 5, line 5"


COMPAT = """
import importlib
import inspect
from settings import SEED
import settings
from datasets import load_dataset
from trl import SFTConfig, SFTTrainer
FastLanguageModel = importlib.import_module("unsloth").FastLanguageModel
model, tokenizer = FastLanguageModel.from_pretrained("unsloth/Qwen2.5-0.5B", load_in_4bit=True)
model = FastLanguageModel.get_peft_model(model, r=settings.RANK, bias=settings.lora.bias)
known = inspect.signature(SFTConfig.__init__).parameters
values = {"max_steps": 30, "seed": SEED}
if "max_length" in known:
    values["max_length"] = 1024
wanted = {"learning_rate": 1e-4, "optim": "adamw_8bit"}
names = set(known) - {"self"}
values.update({key: value for key, value in wanted.items() if key in names})
rows = load_dataset("acme/text", split="train")
SFTTrainer(model=model, train_dataset=rows, args=SFTConfig(**values)).train()
"""


def test_arguments_that_a_script_passes_if_the_library_takes_them() -> None:
    found = read_script(decode(COMPAT.encode(), "compat.py")).default
    assert found is not None
    assert at(found, "load", "model_name") == "unsloth/Qwen2.5-0.5B"
    assert at(found, "args", "max_length") == 1024
    assert at(found, "args", "learning_rate") == 1e-4
    assert at(found, "args", "optim") == "adamw_8bit"


def test_names_of_modules_that_are_not_at_hand_are_no_values() -> None:
    found = read_script(decode(COMPAT.encode(), "compat.py")).default
    assert found is not None
    assert at(found, "peft", "r") == Unresolved("settings.RANK", ("r",))
    assert isinstance(at(found, "peft", "bias"), Unresolved)
    assert at(found, "args", "seed") == Unresolved("settings.SEED", ("seed",))
