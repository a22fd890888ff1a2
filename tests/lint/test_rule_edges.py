"""Where a rule begins and ends, beyond its examples."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint.examples import whole
from translator import loads
from translator.diagnostics import Diagnostic, Severity
from translator.lint.checking import check_document
from translator.lint.settings import Settings

HEAD = """from unsloth import FastLanguageModel
from datasets import load_dataset
from trl import SFTConfig, SFTTrainer

model, tokenizer = FastLanguageModel.from_pretrained("unsloth/Llama-3.2-1B", max_seq_length=2048)
model = FastLanguageModel.get_peft_model(model, r=16)
"""
TRAIN = """trainer = SFTTrainer(
    model=model,
    train_dataset=dataset,
    args=SFTConfig(max_steps=60, learning_rate=2e-4, output_dir="out"),
)
trainer.train()
"""


def told(format: str, text: str, folder: Path = Path()) -> list[Diagnostic]:
    name = "run.py" if format == "unsloth" else "run.yaml"
    document = loads(text, name=str(folder / name), format=format)
    return list(check_document(document, Settings(root=Path.cwd())).findings)


def of(code: str, format: str, example: str, folder: Path = Path()) -> list[Diagnostic]:
    text = example if format == "unsloth" else whole(format, example)[0]
    return [d for d in told(format, text, folder) if d.code == code]


@pytest.mark.parametrize(
    ("example", "code"),
    [
        ("sample_packing: true\n", "DATA114"),
        ("val_set_size: 0.1\nevals_per_epoch: 1\n", "DATA115"),
        ("lr_scheduler: constant\nwarmup_steps: 10\n", "TRAIN117"),
        (
            "base_model: Qwen/Qwen2.5-7B\nchat_template: chatml\ndatasets:\n"
            "  - path: acme/chats\n    type: chat_template\n",
            "DATA113",
        ),
    ],
)
def test_a_rule_takes_the_place_of_what_the_reader_notes(example: str, code: str) -> None:
    findings = told("axolotl", whole("axolotl", example)[0])
    place = next(d.span for d in findings if d.code == code)
    assert [d.code for d in findings if d.span == place] == [code]


@pytest.mark.parametrize(
    ("load", "found"),
    [
        ('load_dataset("json", data_files="a.jsonl", split="validation")', True),
        ('load_dataset("json", data_files="a.jsonl", split="train[:5%]")', False),
        ('load_dataset("json", data_files={"validation": "a.jsonl"}, split="validation")', False),
        ('load_dataset("HuggingFaceH4/ultrachat_200k", split="train")', True),
        ('load_dataset("HuggingFaceH4/ultrachat_200k", split="train_sft")', False),
        ('load_dataset("acme/unknown", split="anything")', False),
    ],
)
def test_splits_that_are_not_there(load: str, found: bool) -> None:
    assert bool(of("DATA116", "unsloth", f"{HEAD}dataset = {load}\n{TRAIN}")) is found


@pytest.mark.parametrize(("model", "found"), [("meta-llama/Llama-2-7b-hf", True),
                                              ("microsoft/Phi-3-mini-4k-instruct", False),
                                              ("Qwen/Qwen2.5-7B", False)])  # fmt: skip
def test_a_format_that_begins_with_the_token(model: str, found: bool) -> None:
    text = (
        f"base_model: {model}\ndatasets:\n  - path: acme/rows\n    type:\n"
        '      format: "<s>[INST] {instruction} [/INST]"\n      field_instruction: q\n'
        "      field_output: a\n"
    )
    assert bool(of("DATA112", "axolotl", text)) is found


def test_rows_that_are_counted(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text('[{"instruction": "a", "output": "b"}]', encoding="utf-8")
    text = (
        "batch_size: 2\ngradient_accumulation_steps: 1\ndataset:\n"
        "  _component_: torchtune.datasets.alpaca_dataset\n  source: json\n  data_files: rows.json\n"
    )
    assert of("TRAIN118", "torchtune", text, tmp_path)
    assert not of("TRAIN118", "torchtune", text.replace("batch_size: 2", "batch_size: 1"), tmp_path)


@pytest.mark.parametrize(("dropout", "severity"), [(0.6, Severity.WARNING), (3, Severity.ERROR)])
def test_a_dropout_beyond_one_is_an_error(dropout: float, severity: Severity) -> None:
    text = f"adapter: lora\nlora_r: 8\nlora_alpha: 8\nlora_target_linear: true\nlora_dropout: {dropout}\n"
    assert [d.severity for d in of("TRAIN112", "axolotl", text)] == [severity]


def test_keys_of_a_plugin_that_is_not_there_may_be_anything() -> None:
    findings = told("axolotl", whole("axolotl", "cut_cross_entropy: -1\nliger_rope: word\n")[0])
    assert not [d for d in findings if d.severity is Severity.ERROR]
    assert {"cut_cross_entropy", "liger_rope"} <= {d.key for d in findings if d.code == "CFG001"}


@pytest.mark.parametrize(("argument", "found"), [("groupsize", False), ("groupsiz", True)])
def test_quantizers_have_their_arguments(argument: str, found: bool) -> None:
    text = (
        "quantizer:\n  _component_: torchtune.training.quantization.Int8DynActInt4WeightQATQuantizer\n"
        f"  {argument}: 32\n"
    )
    assert bool(of("CFG202", "torchtune", text)) is found


def test_a_checkpointer_of_the_main_branch_needs_no_output() -> None:
    text = whole("torchtune", "batch_size: 1\n")[0].replace("  output_dir: ${output_dir}\n", "")
    findings = [d for d in told("torchtune", text) if d.code == "CFG206"]
    assert findings
    newer = text.replace("  model_type: LLAMA3\n", "  model_type: LLAMA3\n  enable_dcp: true\n")
    assert not [d for d in told("torchtune", newer) if d.code == "CFG206"]


def test_parameters_of_a_function_are_no_arguments_from_elsewhere() -> None:
    text = (
        "def reward(completions, **rest):\n    return [0.0]\n\n\n"
        + HEAD
        + 'dataset = load_dataset("a/b", split="train")\n'
        + TRAIN.replace('output_dir="out"', 'output_dir="out", eval_strategy="steps"')
    )
    assert of("CFG304", "unsloth", text)


@pytest.mark.parametrize(
    ("save", "told_of"),
    [
        ('model.save_pretrained_lora("out")', True),
        ('trainer.model.push_to_hub_torchao("acme/out")', True),
        ('model.save_pretrained_torchao("out", tokenizer)', False),
        ('model.push_to_hub_ggml("acme/out", tokenizer)', False),
        ('# model.save_pretrained_lora("out")', False),
        (
            'if hasattr(model, "save_pretrained_lora"):\n    model.save_pretrained_lora("out")',
            False,
        ),
        ('model.save_pretrained_lora = print\nmodel.save_pretrained_lora("out")', False),
    ],
)
def test_methods_that_save_are_those_of_unsloth(save: str, told_of: bool) -> None:
    text = HEAD + 'dataset = load_dataset("a/b", split="train")\n' + TRAIN + save + "\n"
    assert bool(of("TRAIN120", "unsloth", text)) is told_of


GROUPS = """from unsloth import FastLanguageModel
from datasets import load_dataset
from trl import (
    GRPOConfig,
    GRPOTrainer,
)

model, tokenizer = FastLanguageModel.from_pretrained("unsloth/Llama-3.2-1B", max_seq_length=2048)
prompts = load_dataset("acme/prompts", split="train")
rest = {"reward_funcs": [len]}


class Rewarded(GRPOTrainer):
    def __init__(self, **given):
        super().__init__(reward_funcs=[len], **given)


trainer = GRPOTrainer(model=model, args=GRPOConfig(max_steps=3), train_dataset=prompts)
trainer.train()
"""


@pytest.mark.parametrize(
    ("given", "told_of"),
    [
        ("GRPOTrainer(model=model, ", True),
        ("GRPOTrainer(reward_funcs=None, model=model, ", True),
        ("GRPOTrainer(reward_funcs=len, model=model, ", False),
        ("GRPOTrainer(model, [len], ", False),
        ("GRPOTrainer(environment_factory=Maze, model=model, ", False),
        ("GRPOTrainer(**rest, model=model, ", False),
        ("GRPOTrainer(**made(), model=model, ", False),
        ("Rewarded(model=model, ", False),
    ],
)
def test_a_reward_may_be_given_in_several_ways(given: str, told_of: bool) -> None:
    text = GROUPS.replace("trainer = GRPOTrainer(model=model, ", f"trainer = {given}")
    assert bool(of("CFG309", "unsloth", text)) is told_of
    others = text.replace("from trl import", "from acme.trainers import")
    assert not of("CFG309", "unsloth", others)


@pytest.mark.parametrize(("kind", "told_of"), [("QWEN2", False), ("QWEN3", False), ("PHI4", True)])
def test_weights_of_qwen_3_may_be_read_as_those_of_qwen_2(kind: str, told_of: bool) -> None:
    # torchtune's own configurations of the 4B say QWEN2: its head is not stored a second time
    text = f"""
# tune run full_finetune_single_device
model: {{_component_: torchtune.models.qwen3.qwen3_4b_instruct}}
tokenizer: {{_component_: torchtune.models.qwen3.qwen3_tokenizer, path: /m/v, merges_file: /m/m}}
checkpointer: {{_component_: torchtune.training.FullModelHFCheckpointer, checkpoint_dir: /m,
  checkpoint_files: [a.safetensors], model_type: {kind}, output_dir: /o}}
dataset: {{_component_: torchtune.datasets.alpaca_dataset}}
optimizer: {{_component_: torch.optim.AdamW, lr: 2e-5}}
loss: {{_component_: torchtune.modules.loss.LinearCrossEntropyLoss}}
batch_size: 2
epochs: 1
"""
    found = [d for d in told("torchtune", text) if "not go with the model" in d.message]
    assert bool(found) == told_of


def test_a_component_at_the_top_of_a_file_is_looked_at() -> None:
    text = whole("torchtune", "_component_: torchtune.modules.loss.CEWithChunkedOutputLoss\n")[0]
    document = loads(text, format="torchtune")
    assert check_document(document, Settings(root=Path.cwd())).findings


def test_a_key_that_axolotl_looks_for_a_word_in_needs_a_value() -> None:
    def told(text: str) -> bool:
        document = loads(whole("axolotl", text)[0], format="axolotl")
        return any(d.key == "tokenizer_config" for d in document.diagnostics)

    assert told("tokenizer_config:\n")
    assert not told("tokenizer_config:\ntokenizer_use_mistral_common: false\n")
