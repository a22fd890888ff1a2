"""Values that no run can use, found by throwing damaged files at lint."""

from __future__ import annotations

import ast

import pytest

from translator import convert, loads


@pytest.mark.parametrize("name", ["format", "no_input_format"])
def test_a_prompt_that_cannot_be_filled_in_is_told_where_it_stands(name: str) -> None:
    text = (
        "base_model: a/b\ndatasets:\n  - path: a/b\n    type:\n"
        f"      field_instruction: q\n      field_output: a\n      {name}: 'x }} {{instruction}}'\n"
    )
    document = loads(text, name="run.yaml")
    (told,) = [d for d in document.diagnostics if "to fill in" in d.message]
    assert told.span is not None
    assert told.span.line == 7
    for target in ("unsloth", "torchtune"):
        assert convert(document, target, strict=False).refused


def test_numbers_without_end_among_arguments_are_no_crash() -> None:
    text = (
        "base_model: a/b\nrl: grpo\ntrl:\n  num_generations: 4\n  top_p: .inf\n"
        "datasets: [{path: a/b, type: alpaca}]\n"
    )
    result = convert(loads(text, name="run.yaml"), "unsloth", strict=False)
    ast.parse(result.text)


def test_a_rank_below_one_is_written_without_a_scale() -> None:
    script = (
        "from unsloth import FastLanguageModel\nfrom trl import SFTTrainer\n"
        "model, tok = FastLanguageModel.from_pretrained('unsloth/Llama-3.2-1B')\n"
        "model = FastLanguageModel.get_peft_model(model, r=-1, lora_alpha=16, use_rslora=True)\n"
        "SFTTrainer(model=model, train_dataset='a/b').train()\n"
    )
    result = convert(loads(script, name="run.py"), "torchtune", strict=False)
    assert "lora_rank: -1" in result.text


@pytest.mark.parametrize("odd", ["target_modules=7, r=8", "r=8), max_steps=(1e999"])
def test_odd_arguments_of_a_script_are_no_crash(odd: str) -> None:
    adapter, _, steps = odd.partition("), ")
    script = (
        "from unsloth import FastLanguageModel\nfrom trl import SFTConfig, SFTTrainer\n"
        "model, tok = FastLanguageModel.from_pretrained('unsloth/Llama-3.2-1B')\n"
        f"model = FastLanguageModel.get_peft_model(model, {adapter})\n"
        f"args = SFTConfig(output_dir='o'{', ' + steps + ')' if steps else ''})\n"
        "SFTTrainer(model=model, args=args, train_dataset='a/b').train()\n"
    )
    document = loads(script, name="run.py")
    for target in ("axolotl", "torchtune"):
        convert(document, target, strict=False)
