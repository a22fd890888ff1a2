"""Every literal of a script that changes what is trained is carried, or told at its line."""

from __future__ import annotations

import pytest

from translator import convert, ir, loads
from translator.diagnostics import Diagnostic, Severity
from translator.document import Document

SCRIPT = """\
import torch
from datasets import Audio, Dataset, Image, Value, concatenate_datasets, load_dataset
from datasets import interleave_datasets
from trl import SFTConfig, SFTTrainer
from unsloth import FastLanguageModel
from unsloth.chat_templates import get_chat_template, train_on_responses_only

model, tokenizer = FastLanguageModel.from_pretrained("unsloth/Llama-3.2-1B", max_seq_length=2048{load})
model = FastLanguageModel.get_peft_model(model, r=16{peft})
{code}
trainer = SFTTrainer(
    model=model, tokenizer=tokenizer, train_dataset=dataset{trainer},
    args=SFTConfig(max_steps=60, output_dir="out"{args}),
)
{after}
trainer.train()
"""
TEXT = 'rows = load_dataset("acme/stories", split="train")\n'
ASKED = (
    'def ask(row):\n    return {"text": "Q: " + row["q"] + "\\nA: " + row["a"]}\n'
    'rows = load_dataset("acme/qa", split="train")\n'
)


def read(code: str = f"{TEXT}dataset = rows", **parts: str) -> Document:
    places = dict.fromkeys(("load", "peft", "trainer", "args", "after"), "") | parts
    text = SCRIPT
    for name, part in {**places, "code": code}.items():
        text = text.replace(f"{{{name}}}", part)
    return loads(text, name="run.py", format="unsloth")


def told(document: Document, words: str) -> Diagnostic:
    """The one thing that is said in these words when a document is converted."""
    (found,) = (
        d for d in convert(document, "axolotl", strict=False).diagnostics if words in d.message
    )
    return found


def said(document: Document, words: str) -> bool:
    return any(words in d.message for d in convert(document, "axolotl", strict=False).diagnostics)


def line(document: Document, found: Diagnostic) -> str:
    assert found.span is not None
    return document.text.splitlines()[found.span.line - 1]


# --- values that stand for others ----------------------------------------------------------------


def chat(default: str, method: str = "") -> str:
    return f"""\
def render(row):
    text = ""
    for turn in row["turns"]:
        if turn.get("role", {default}) == "user":
            text += "<|im_start|>user\\n" + turn["content"]{method} + "<|im_end|>\\n"
        else:
            text += "<|im_start|>assistant\\n" + turn["content"]{method} + "<|im_end|>\\n"
    return {{"text": text}}
dataset = load_dataset("acme/chats", split="train").map(render)
"""


def test_a_default_inside_a_loop_is_told_where_it_stands() -> None:
    document = read(chat('"user"'))
    assert isinstance(document.recipe.data.sources[0].rows, ir.MessageRows)
    found = told(document, "what stands for missing values is not carried: role ('user')")
    assert found.severity is Severity.WARNING
    assert 'turn.get("role", "user")' in line(document, found)


def test_an_empty_default_is_none() -> None:
    assert not said(read(chat('""')), "what stands for missing values")


def test_a_method_inside_a_loop_is_told() -> None:
    assert said(
        read(chat('""', ".strip()")), "columns are changed by strip(), which is not carried"
    )


def test_a_method_on_the_only_column_is_told() -> None:
    code = f'{TEXT}dataset = rows.map(lambda row: {{"text": row["story"].upper()}})'
    assert said(read(code), "columns are changed by upper()")


def test_a_default_of_turns_is_told() -> None:
    code = (
        'dataset = load_dataset("acme/chats", split="train").map(lambda row: {"text": '
        'tokenizer.apply_chat_template(row.get("messages", ["none"]), tokenize=False)})'
    )
    assert said(read(code), "what stands for missing values is not carried: messages (['none'])")


def test_a_column_that_is_not_trained_may_have_any_default() -> None:
    code = ASKED.replace('row["a"]}', 'row["a"], "from": row.get("site", "web")}')
    assert not said(read(f"{code}dataset = rows.map(ask)"), "missing values")


def test_the_rows_of_evaluation_say_nothing_twice() -> None:
    code = chat('"user"') + 'held = load_dataset("acme/chats", split="test").map(render)'
    document = read(code, trainer=", eval_dataset=held")
    assert told(document, "what stands for missing values")


# --- values that change --------------------------------------------------------------------------

CHANGED = {
    'rows.cast_column("a", Value("string"))': "cast_column(column='a', feature=Value('string'))",
    'rows.class_encode_column("a")': "class_encode_column(column='a')",
    'rows.to_pandas().fillna("none")': "fillna(value='none')",
    'rows.to_pandas().fillna({"q": "none"})': "fillna(value={'q': 'none'})",
}
UNCHANGED = (
    'rows.cast_column("day", Value("string"))',
    'rows.cast_column("a", Image())',
    'rows.to_pandas().fillna("")',
    'rows.to_pandas().fillna({"day": "none"})',
)


@pytest.mark.parametrize("step", CHANGED)
def test_a_cast_of_what_is_trained_is_told(step: str) -> None:
    document = read(f"{ASKED}rows = {step}\ndataset = rows.map(ask)")
    found = told(document, f"{CHANGED[step]} changes values of the rows")
    assert found.severity is Severity.WARNING
    assert step in line(document, found)


@pytest.mark.parametrize("step", UNCHANGED)
def test_a_cast_of_other_columns_is_not_told(step: str) -> None:
    assert not said(read(f"{ASKED}rows = {step}\ndataset = rows.map(ask)"), "changes values")


def test_a_cast_follows_a_column_to_its_name_in_the_file() -> None:
    rows = 'rows.rename_column("question", "q").cast_column("q", Value("string"))'
    assert said(
        read(f"{ASKED}rows = {rows}\ndataset = rows.map(ask)"), "changes values of the rows"
    )


# --- which rows ----------------------------------------------------------------------------------

CHOICES = {
    'rows.sort("score").select(range(100))': "among rows that sort(column_names='score')",
    "rows.shard(num_shards=4, index=1)": "shard(num_shards=4, index=1)",
    'rows.train_test_split(test_size=0.1, train_size=0.2)["train"]': "train_size=0.2",
    'rows.train_test_split(train_size=500)["train"]': "train_size=500",
    'rows.train_test_split(test_size=0.1)["test"]': "the part that train_test_split holds out",
}


@pytest.mark.parametrize("step", CHOICES)
def test_a_choice_of_rows_is_a_loss(step: str) -> None:
    document = read(f"{TEXT}dataset = {step}")
    found = told(document, CHOICES[step])
    assert found.severity is Severity.ERROR
    assert step.partition("(")[0] in line(document, found)


def test_shares_that_make_up_all_rows_choose_none() -> None:
    code = f'{TEXT}dataset = rows.train_test_split(test_size=0.1, train_size=0.9)["train"]'
    document = read(code)
    assert document.recipe.data.validation == ir.HeldOutRows(size=0.1)
    assert not convert(document, "axolotl", strict=False).refused


def test_an_order_is_forgotten_when_rows_are_shuffled() -> None:
    document = read(f'{TEXT}dataset = rows.sort("score").shuffle(seed=3).select(range(100))')
    assert document.recipe.data.sources[0].split == "train[:100]"
    assert said(document, "the rows are chosen at random")


TOKENS = 'lambda row: tokenizer(row["text"], truncation=True)'


@pytest.mark.parametrize(("limit", "is_told"), [("512", True), ("2048", False)])
def test_a_filter_with_a_limit_of_its_own_is_told(limit: str, is_told: bool) -> None:
    code = f'{TEXT}rows = rows.map({TOKENS})\ndataset = rows.filter(lambda row: len(row["input_ids"]) <= {limit})'
    document = read(code)
    assert document.recipe.data.overlong == "drop"
    assert said(document, f"leaves out rows of more than {limit} tokens") is is_told


EVALUATED = {
    'parts["test"].select(range(50))': "by slice(range='[:50]')",
    'parts["test"].train_test_split(test_size=0.3)["test"]': "by train_test_split(test_size=0.3)",
    'load_dataset("acme/more", split="train").train_test_split(test_size=0.4)["test"]': (
        "by train_test_split(test_size=0.4)"
    ),
}


@pytest.mark.parametrize("held", EVALUATED)
def test_a_part_of_the_rows_for_evaluation_is_told(held: str) -> None:
    code = f'{TEXT}parts = rows.train_test_split(test_size=0.1)\ndataset = parts["train"]\nheld = {held}'
    document = read(code, trainer=", eval_dataset=held")
    found = told(document, "evaluation takes a part of the rows")
    assert EVALUATED[held] in found.message
    assert line(document, found).startswith("held = ")


def test_all_rows_that_are_held_out_are_no_part() -> None:
    code = f'{TEXT}parts = rows.select(range(900)).train_test_split(test_size=0.1)\ndataset = parts["train"]'
    document = read(code, trainer=', eval_dataset=parts["test"]')
    assert not said(document, "evaluation takes a part")


def test_a_column_that_map_takes_away_is_not_trained() -> None:
    code = (
        f'{ASKED}dataset = rows.map(ask).map(lambda row: {{"words": row["text"]}}, '
        'remove_columns=["text"])'
    )
    (source,) = read(code, args=', dataset_text_field="words"').recipe.data.sources
    assert isinstance(source.rows, ir.InstructionRows)
    (source,) = read(code, args=', dataset_text_field="text"').recipe.data.sources
    assert source.rows == ir.TextRows(column="text")


# --- how rows are loaded and joined --------------------------------------------------------------


def test_how_each_of_several_data_sets_is_loaded_is_told() -> None:
    code = (
        'one = load_dataset("json", data_files="a.json", field="data", split="train")\n'
        'two = load_dataset("json", data_files="b.json", split="train")\n'
        "dataset = concatenate_datasets([one, two])"
    )
    document = read(code)
    found = told(document, "data.load.field (data)")
    assert found.severity is Severity.ERROR
    assert line(document, found).startswith("one = ")


def test_how_rows_for_evaluation_are_loaded_is_told() -> None:
    code = f'{TEXT}dataset = rows\nheld = load_dataset("json", data_files="b.json", field="rows", split="train")'
    found = told(read(code, trainer=", eval_dataset=held"), "data.load.field (rows)")
    assert found.severity is Severity.WARNING


def test_how_a_data_set_of_both_is_loaded_is_told_once() -> None:
    code = (
        'both = load_dataset("json", data_files={"train": "a.json", "test": "b.json"}, field="rows")\n'
        'dataset = both["train"]'
    )
    document = read(code, trainer=', eval_dataset=both["test"]')
    assert told(document, "data.load.field (rows)").severity is Severity.ERROR


def test_how_data_sets_are_interleaved_is_told() -> None:
    code = (
        f'{TEXT}dataset = interleave_datasets([rows, load_dataset("acme/b", split="train")], '
        "probabilities=[0.7, 0.3])"
    )
    assert "probabilities=[0.7, 0.3]" in told(read(code), "interleaved").message


def test_columns_that_are_joined_are_no_rows() -> None:
    code = f'{TEXT}dataset = concatenate_datasets([rows, load_dataset("acme/b", split="train")], axis=1)'
    assert told(read(code), "joins the columns of data sets").severity is Severity.ERROR


# --- what makes no other rows --------------------------------------------------------------------


def test_arguments_without_other_rows_are_one_note() -> None:
    code = (
        f'{ASKED}dataset = rows.map(ask, num_proc=4, desc="Asking", remove_columns=["q"])'
        '.remove_columns(["a"]).with_format("torch")'
    )
    found = told(read(code), "these arguments make no other rows than told")
    assert found.verbose
    assert found.code == "CFG004"
    assert "map(num_proc=4, desc='Asking', remove_columns=['q'])" in found.message
    assert "remove_columns(column_names=['a'])" in found.message


def test_rows_without_such_arguments_have_no_note() -> None:
    assert not said(read(f"{ASKED}dataset = rows.map(ask)"), "these arguments")


# --- a tokenizer of the script's own -------------------------------------------------------------


def tokenized(settings: str, labels: bool = False) -> str:
    copied = '    out["labels"] = out["input_ids"].copy()\n' if labels else ""
    return (
        f'{TEXT}def tokens(row):\n    out = tokenizer(row["text"]{settings})\n{copied}'
        "    return out\ndataset = rows.map(tokens)"
    )


CUTS_NOTHING = "cuts no rows, however long"
PADS = "the tokens that fill a row up have labels"


@pytest.mark.parametrize("settings", ["", ", truncation=False", ', truncation="do_not_truncate"'])
def test_a_tokenizer_that_cuts_nothing_is_told(settings: str) -> None:
    assert told(read(tokenized(settings)), CUTS_NOTHING).severity is Severity.WARNING


def test_a_tokenizer_that_cuts_is_as_usual() -> None:
    document = read(tokenized(', truncation=True, max_length=2048, padding="max_length"'))
    assert not said(document, CUTS_NOTHING)
    assert not said(document, PADS)


def test_padding_that_is_trained_is_told() -> None:
    code = tokenized(', truncation=True, max_length=2048, padding="max_length"', labels=True)
    document = read(code)
    assert 'padding="max_length"' in line(document, told(document, PADS))


def test_a_text_column_of_token_ids_has_no_effect() -> None:
    code = tokenized(", truncation=True, max_length=2048")
    document = read(code, args=', dataset_text_field="text"')
    assert told(document, "dataset_text_field ('text'): the rows are token ids already").verbose


# --- settings beside the rows --------------------------------------------------------------------


def test_a_length_of_the_model_that_is_not_reached_is_told() -> None:
    document = read(args=", max_seq_length=1024")
    assert document.recipe.data.max_length == 1024
    assert told(document, "load.max_seq_length (2048): rows are cut at the trainer's 1024").verbose


def test_how_answers_are_looked_for_is_told() -> None:
    after = (
        'trainer = train_on_responses_only(trainer, instruction_part="Q:", response_part="A:", '
        "num_proc=3)"
    )
    assert told(read(after=after), "responses.num_proc (3)").verbose


def test_a_template_that_renders_nothing_understood_is_told() -> None:
    code = f'tokenizer = get_chat_template(tokenizer, chat_template="chatml")\n{TEXT}dataset = rows'
    assert "'chatml'" in told(read(code), "this chat template renders no rows").message


def test_steps_between_evaluations_of_nothing_are_told() -> None:
    document = read(args=', eval_strategy="steps", eval_steps=7')
    assert told(document, "eval_steps (7): there is no eval_dataset").verbose


def test_both_half_precisions_exclude_each_other() -> None:
    found = told(read(args=", bf16=True, fp16=True"), "exclude each other")
    assert (found.code, found.severity) == ("CFG007", Severity.WARNING)


@pytest.mark.parametrize("dtype", ["bf16", "fp16", "nonsense"])
def test_a_dtype_that_torch_does_not_have_counts_as_none(dtype: str) -> None:
    document = read(load=f', dtype="{dtype}"')
    assert document.recipe.precision.compute == "auto"
    found = told(document, f"dtype ({dtype!r}) is no dtype of torch")
    assert (found.code, found.severity) == ("CFG008", Severity.WARNING)


@pytest.mark.parametrize("dtype", ['"bfloat16"', '"BFloat16"', "torch.bfloat16"])
def test_a_dtype_of_torch_is_read(dtype: str) -> None:
    document = read(load=f", dtype={dtype}")
    assert document.recipe.precision.compute == "bfloat16"
    assert not said(document, "no dtype of torch")


def test_settings_of_loftq_are_told() -> None:
    given = ', init_lora_weights="{}", loftq_config={{"loftq_bits": {}}}'
    assert said(read(peft=given.format("gaussian", 4)), "init_lora_weights is 'gaussian'")
    assert said(read(peft=given.format("loftq", 8)), "how LoftQ makes its start")
    assert not said(read(peft=given.format("loftq", 4)), "how LoftQ makes its start")


# --- settings that another one overrules ---------------------------------------------------------


def test_what_the_trainer_is_given_counts_before_its_arguments() -> None:
    document = read(
        trainer=', max_seq_length=512, packing=True, dataset_text_field="story"',
        args=', max_seq_length=1024, packing=False, dataset_text_field="words"',
    )
    assert document.recipe.data.max_length == 512
    assert document.recipe.data.packing is not None
    assert document.recipe.data.sources[0].rows == ir.TextRows(column="story")
    for name in ("max_seq_length (1024)", "packing (False)", "dataset_text_field ('words')"):
        assert told(document, f"args.{name} has no effect").severity is Severity.WARNING


def test_a_share_of_warm_up_beside_its_steps_is_told() -> None:
    document = read(args=", warmup_steps=5, warmup_ratio=0.1")
    assert document.recipe.schedule.warmup == ir.WarmupSteps(steps=5)
    assert told(document, "warmup_ratio (0.1): warmup_steps says it").verbose


def test_a_batch_of_evaluation_without_rows_is_told() -> None:
    document = read(args=", per_device_eval_batch_size=4")
    assert told(document, "per_device_eval_batch_size (4): there is no eval_dataset").verbose


def test_a_threshold_of_early_stopping_is_told() -> None:
    code = f"from transformers import EarlyStoppingCallback\n{TEXT}dataset = rows"
    callback = "EarlyStoppingCallback(early_stopping_patience=3, early_stopping_threshold={})"
    given = ", eval_dataset=rows, callbacks=[{}]"
    document = read(code, trainer=given.format(callback.format(0.01)))
    found = told(document, "early_stopping_threshold (0.01)")
    assert found.severity is Severity.WARNING
    document = read(code, trainer=given.format(callback.format(0.0)))
    assert not said(document, "early_stopping_threshold")


def test_a_text_column_beside_a_formatting_function_is_told() -> None:
    code = f'{TEXT}dataset = rows\ndef texts(row):\n    return ["Q: " + row["story"]]'
    document = read(code, trainer=', formatting_func=texts, dataset_text_field="text"')
    assert told(document, "so that formatting_func makes their text").verbose


def test_a_formatting_function_that_is_not_understood_is_told_with_the_steps() -> None:
    code = f'{TEXT}dataset = rows\ndef texts(row):\n    return [clean(row["story"], "plain")]'
    document = read(code, trainer=", formatting_func=texts")
    assert "formatting_func" in told(document, "the script prepares its rows").message


def test_modules_trained_in_a_model_that_torchtune_lacks_are_told() -> None:
    document = read(peft=', modules_to_save=["embed_tokens"]')
    text = document.text.replace("unsloth/Llama-3.2-1B", "acme/unheard-of")
    losses = convert(loads(text, name="run.py"), "torchtune", strict=False).losses
    assert any("embed_tokens of a model that torchtune does not make" in d.message for d in losses)


def test_checkpoints_that_are_kept_of_none_are_told() -> None:
    document = read(args=', save_strategy="no", save_total_limit=2')
    assert told(document, "nothing is saved while it trains").verbose
