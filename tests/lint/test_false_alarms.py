"""Files that are as their authors want them, of which lint once said otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint.examples import whole
from translator import loads
from translator.api import decode_any, load_source
from translator.diagnostics import Diagnostic, Severity
from translator.lint.checking import check_document
from translator.lint.settings import Settings

SCRIPT = """from unsloth import FastLanguageModel
from datasets import load_dataset
from trl import {config}, {trainer}

model, tokenizer = FastLanguageModel.from_pretrained("unsloth/Llama-3.2-1B", max_seq_length=4096)
model = FastLanguageModel.get_peft_model(model, r=16)
trainer = {trainer}(
    model=model,
    train_dataset=load_dataset("acme/rows", split="train"),
    args={config}(max_steps=60, learning_rate=5e-6, output_dir="out", {more}),
)
trainer.train()
"""


def found(format: str, text: str) -> list[Diagnostic]:
    """What is told without ``-v``."""
    name = "run.py" if format == "unsloth" else "run.yaml"
    document = load_source(decode_any(text.encode(), name), format=format, as_written=True)
    return [
        d for d in check_document(document, Settings(root=Path.cwd())).findings if not d.verbose
    ]


def codes(format: str, example: str) -> set[str]:
    return {d.code for d in found(format, whole(format, example)[0])}


def test_a_known_key_without_a_value_is_no_unknown_key() -> None:
    dpo = "loss:\n  _component_: torchtune.rlhf.loss.DPOLoss\nlr_scheduler: null\n"
    pairs = "dataset:\n  _component_: torchtune.datasets.stack_exchange_paired_dataset\n"
    assert "CFG001" not in codes("torchtune", dpo + pairs)


def test_a_key_that_its_recipe_reads_is_no_unknown_key() -> None:
    text = "# tune run ppo_full_finetune_single_device --config x\nenable_kv_cache: true\n"
    assert "CFG001" not in codes("torchtune", text)


def test_weights_of_mixed_data_sets_are_no_unknown_keys() -> None:
    one = "{source: a/b, split: train, weight: 1.0, transform: {_component_: x.y}}"
    text = (
        "# tune run --nproc_per_node 2 dev/lora_finetune_distributed_multi_dataset --config x\n"
        f"datasets: [{one}]\ndataloader: {{shuffle: true, collate_fn: z}}\n"
    )
    assert "CFG001" not in codes("torchtune", text)


def test_a_limit_masks_no_answers_that_the_model_writes_itself() -> None:
    qwen = (
        "tokenizer:\n  _component_: torchtune.models.qwen2_5.qwen2_5_tokenizer\n"
        "  path: /tmp/vocab.json\n  merges_file: /tmp/merges.txt\n  max_seq_len: 1024\n"
    )
    grpo = "# tune run dev/grpo_full_finetune_distributed --config x\ngrpo_samples: 4\n"
    for text, told in ((qwen, True), (grpo + qwen, False)):
        keys = {d.key for d in found("torchtune", whole("torchtune", text)[0])}
        assert ("tokenizer.max_seq_len" in keys) is told


def test_settings_that_are_off_need_not_be_told_to_be_without_effect() -> None:
    assert "CFG004" not in codes("axolotl", "lora_dropout: 0.0\nevals_per_epoch: 0\n")
    assert "CFG004" in codes("axolotl", "lora_r: 64\n")


def test_the_sharding_that_holds_anyway_is_worth_a_note_only() -> None:
    text = "fsdp_version: 2\nfsdp_config:\n  sharding_strategy: {}\n"
    grades = {
        value: next(
            d.severity.value
            for d in found("axolotl", whole("axolotl", text.format(value))[0])
            if d.code == "CFG001"
        )
        for value in ("FULL_SHARD", "SHARD_GRAD_OP")
    }
    assert grades == {"FULL_SHARD": "note", "SHARD_GRAD_OP": "warning"}


def test_former_names_in_a_block_are_told_once() -> None:
    text = "fsdp_config:\n  fsdp_offload_params: false\n  fsdp_use_orig_params: true\n"
    told = [d for d in found("axolotl", whole("axolotl", text)[0]) if d.key == "fsdp_config"]
    assert [d.code for d in told if d.code in ("CFG002", "CFG132")] == ["CFG132"]


def test_the_length_of_a_trainer_of_pairs_counts() -> None:
    text = SCRIPT.format(trainer="DPOTrainer", config="DPOConfig", more="max_length=1024")
    document = loads(text, name="run.py")
    assert document.recipe.data.max_length == 1024
    assert not {d.code for d in found("unsloth", text)} & {"CFG008", "DATA107"}


@pytest.mark.parametrize("own", [True, False])
def test_a_collator_of_the_scripts_own_cuts_at_neither_length(own: bool) -> None:
    more = 'max_length=8192, dataset_kwargs={"skip_prepare_dataset": True}'
    text = SCRIPT.format(trainer="SFTTrainer", config="SFTConfig", more=more)
    collator = "batched" if own else "UnslothVisionDataCollator(model, tokenizer)"
    text = text.replace("trainer = SFTTrainer(", f"trainer = SFTTrainer(data_collator={collator}, ")
    text = f"def batched(rows):\n    return rows\n{text}"
    if not own:
        text = f"from unsloth.trainer import UnslothVisionDataCollator\n{text}"
    assert ("DATA107" in {d.code for d in found("unsloth", text)}) is not own


@pytest.mark.parametrize(("pinned", "told"), [("2025.3.1", True), ("2026.10.9", False)])
def test_dropout_matters_under_an_older_unsloth(pinned: str, told: bool, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(f"unsloth=={pinned}\n", encoding="utf-8")
    text = SCRIPT.format(trainer="SFTTrainer", config="SFTConfig", more="seed=1")
    text = text.replace("r=16", "r=16, lora_dropout=0.1")
    document = loads(text, name=str(tmp_path / "run.py"))
    findings = check_document(document, Settings(root=tmp_path)).findings
    assert ("TRAIN105" in {d.code for d in findings if not d.verbose}) is told


def test_a_shorter_length_of_the_trainer_counts() -> None:
    text = SCRIPT.format(trainer="SFTTrainer", config="SFTConfig", more="max_length=2048")
    assert "DATA107" not in {d.code for d in found("unsloth", text)}


def test_no_model_of_another_size_is_offered() -> None:
    text = "model:\n  _component_: torchtune.models.qwen2_5.lora_qwen2_5_7b\n  lora_attn_modules: [q_proj]\n"
    told = [d for d in found("torchtune", whole("torchtune", text)[0]) if d.code == "CFG201"]
    assert told[0].fix is None
    assert "qwen2_5_7b_base or torchtune.models.qwen2_5.lora_qwen2_5_7b_instruct" in str(
        told[0].help
    )


def test_a_recipe_of_the_authors_own_may_read_what_it_likes() -> None:
    text = whole("torchtune", "teacher_layers:\n  first: [0, 1]\n")[0]
    text = text.replace("resume_from_checkpoint: false\n", "")
    assert not {d.code for d in found("torchtune", text)} & {"CFG001", "CFG006"}
    named = "# tune run lora_finetune_single_device --config x\n" + text
    assert {"CFG001", "CFG006"} <= {d.code for d in found("torchtune", named)}


def test_parts_of_a_fork_are_told_once_and_as_a_warning() -> None:
    rows = "".join(f"  - _component_: torchtune.datasets.acme_{n}_dataset\n" for n in "abc")
    told = found("torchtune", whole("torchtune", f"dataset:\n{rows}")[0])
    assert [(d.code, d.severity.value) for d in told if d.code == "CFG201"] == [
        ("CFG201", "warning")
    ]
    other = "model:\n  _component_: torchtune.models.llama3_1.lora_llama3_1_s_8b\n"
    slip = [d for d in found("torchtune", whole("torchtune", other)[0]) if d.code == "CFG201"]
    assert slip[0].fix is None


def test_a_value_of_another_module_is_no_wrong_value() -> None:
    text = "from settings import SEED\n" + SCRIPT.format(
        trainer="SFTTrainer", config="SFTConfig", more="seed=SEED"
    )
    assert "CFG003" not in {d.code for d in found("unsloth", text)}


def test_a_slice_of_rows_is_no_split() -> None:
    text = SCRIPT.format(trainer="SFTTrainer", config="SFTConfig", more="").replace(
        'load_dataset("acme/rows", split="train")',
        'load_dataset("json", data_files="a.jsonl")["train"][half:]',
    )
    assert "DATA116" not in {d.code for d in found("unsloth", text)}


def test_a_python_file_is_no_yaml() -> None:
    from translator.lint.checking import check_source
    from translator.source import Source

    text = '"""base_model: {{ name }}\n  - a: b\n"""\nimport unsloth\n'
    source = Source(path="push.py", text=text)
    checked = check_source(source, Settings(root=Path.cwd()), known=False)
    assert checked.findings == []


def test_a_key_twice_with_the_same_value_is_worth_a_note() -> None:
    grades = [
        [
            d.severity.value
            for d in found("axolotl", whole("axolotl", text)[0])
            if d.code == "SYN005"
        ]
        for text in ("tf32: true\ntf32: true\n", "tf32: true\ntf32: false\n")
    ]
    assert grades == [["note"], ["warning"]]


def test_what_another_adapter_needs_is_not_known() -> None:
    assert "CFG006" not in codes("axolotl", "adapter: softprompt\n")


def test_a_recipe_that_torchtune_has_not_needs_what_it_needs() -> None:
    text = whole("torchtune", "batch_size: 1\n")[0].replace("resume_from_checkpoint: false\n", "")
    assert "CFG006" in {d.code for d in found("torchtune", text)}
    own = "# tune run lora_finetune_my_way --config x\n" + text
    assert "CFG006" not in {d.code for d in found("torchtune", own)}


def test_an_evaluation_is_no_training() -> None:
    from translator.lint.checking import check_source
    from translator.source import Source

    model = "model:\n  _component_: torchtune.models.llama3_2.llama3_2_1b\n"
    rows = "dataset:\n  _component_: torchtune.datasets.alpaca_dataset\n"
    source = Source(path="eval.yaml", text=f"{model}{rows}device: cuda\n")
    assert check_source(source, Settings(root=Path.cwd()), known=False).findings == []


def test_a_padding_token_that_is_there_stays() -> None:
    collator = (
        "data_collator=DataCollatorForLanguageModeling(tokenizer, mlm=False),\n    model=model,"
    )
    text = SCRIPT.format(trainer="SFTTrainer", config="SFTConfig", more="").replace(
        "model=model,", collator, 1
    )
    text = text.replace("get_peft_model(data_collator", "get_peft_model(")
    base = "from transformers import DataCollatorForLanguageModeling\n" + text
    sure = "tokenizer.pad_token = tokenizer.eos_token\n"
    guarded = f"if tokenizer.pad_token is None:\n    {sure}"
    for line, told in ((sure, True), (guarded, False)):
        script = base.replace("trainer = ", f"{line}trainer = ", 1)
        assert ("DATA121" in {d.code for d in found("unsloth", script)}) is told


BRANCHES = """from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers import DataCollatorForLanguageModeling, Trainer, TrainingArguments
from datasets import load_dataset
from unsloth import FastLanguageModel

if {fast}:
    model, tokenizer = FastLanguageModel.from_pretrained("unsloth/Llama-3.2-1B")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    model = FastLanguageModel.get_peft_model(model, r=16)
else:
    model = AutoModelForCausalLM.from_pretrained("unsloth/Llama-3.2-1B")
    tokenizer = AutoTokenizer.from_pretrained("unsloth/Llama-3.2-1B")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
trainer = Trainer(
    model=model,
    train_dataset=load_dataset("acme/rows", split="train"),
    data_collator=DataCollatorForLanguageModeling(tokenizer, mlm=False),
    args=TrainingArguments(max_steps=60, learning_rate=5e-6, output_dir="out"),
)
trainer.train()
"""


def test_the_padding_token_is_there_where_unsloth_has_loaded_the_tokenizer() -> None:
    for fast, told in ((True, []), (False, [15])):
        text = BRANCHES.format(fast=fast)
        assert [
            d.span.line for d in found("unsloth", text) if d.code == "DATA121" and d.span
        ] == told


def test_rows_held_out_for_the_author_are_no_evaluation() -> None:
    text = SCRIPT.format(trainer="SFTTrainer", config="SFTConfig", more="").replace(
        'load_dataset("acme/rows", split="train")',
        'load_dataset("acme/rows", split="train").train_test_split(0.1)["train"]',
    )
    assert "DATA115" not in {d.code for d in found("unsloth", text)}


def test_a_template_is_told_once_and_not_for_the_texts_that_stand_for_its_values() -> None:
    text = (
        "base_model: meta-llama/Llama-3.1-8B\ndatasets:\n  - path: a/b\n    type: alpaca\n"
        'adapter: ${ADAPTER}\nlora_r: ${LORA_R}\nsequence_len: "{{ length }}"\n'
        "micro_batch_size: 1\nlearning_rate: 2.0e-4\nwandb_project: ${PROJECT}\n"
        "relora_step: ${NEVER}\noutput_dir: ${OUT}\n"
    )
    told = [(d.code, d.key) for d in found("axolotl", text) if d.severity is not Severity.NOTE]
    assert told == [("CFG133", "lora_r"), ("CFG001", "relora_step")]
    once = next(d for d in found("axolotl", text) if d.code == "CFG133")
    assert once.message.startswith("2 values such as ${LORA_R} are placeholders")


TOKENS = """from unsloth import FastLanguageModel
from datasets import load_dataset
from transformers import Trainer, TrainingArguments
from trl import SFTTrainer

model, tokenizer = FastLanguageModel.from_pretrained("unsloth/Llama-3.2-1B")


def to_tokens(row):
    return tokenizer(row["text"], truncation=True{limit})


trainer = {trainer}(
    model=model,
    train_dataset=load_dataset("acme/rows", split="train").map(to_tokens),
    args=TrainingArguments(max_steps=60, learning_rate=5e-6, output_dir="out"),
)
trainer.train()
"""


def test_a_trainer_that_cuts_nothing_needs_no_length() -> None:
    for trainer, told in (("SFTTrainer", True), ("Trainer", False), ("acme.RowTrainer", False)):
        text = TOKENS.format(trainer=trainer, limit="")
        assert ("DATA101" in {d.code for d in found("unsloth", text)}) is told


def test_a_length_given_to_the_tokenizer_is_a_length_said() -> None:
    limits = {"": True, ", max_length=512": False, ", max_length=LIMIT": False,
              ", max_length=4096": True}  # fmt: skip
    for limit, told in limits.items():
        text = TOKENS.format(trainer="SFTTrainer", limit=limit)
        assert ("DATA101" in {d.code for d in found("unsloth", text)}) is told


RECIPE = "import torchtune\n\n\ndef recipe_main(cfg):\n    print(cfg.{key}, torchtune)\n"


def beside(folder: Path, name: str, text: str, recipe: str, code: str) -> set[str]:
    """Codes of a config in a folder, with a Python file of the author's near it."""
    config = folder / "configs" / name
    config.parent.mkdir(exist_ok=True)
    config.write_text(text, encoding="utf-8")
    file = folder / recipe
    file.parent.mkdir(exist_ok=True)
    file.write_text(code, encoding="utf-8")
    document = load_source(
        decode_any(text.encode(), str(config)), format="torchtune", as_written=True
    )
    checked = check_document(document, Settings(root=folder))
    return {d.code for d in checked.findings if not d.verbose}


def test_a_recipe_near_the_config_reads_its_keys(tmp_path: Path) -> None:
    named = "# tune run lora_finetune_single_device --config x\n"
    text = whole("torchtune", named + "held_out_share: 0.1\nlayer_pairs: [[0, 0], [1, 1]]\n")[0]
    other = RECIPE.format(key="another")
    assert "CFG001" in beside(tmp_path, "a.yaml", text, "recipes/mine.py", other)
    own = RECIPE.format(key="held_out_share")
    assert "CFG001" not in beside(tmp_path, "a.yaml", text, "recipes/mine.py", own)


def test_a_recipe_called_as_the_config_needs_what_it_needs(tmp_path: Path) -> None:
    text = "\n".join(
        line
        for line in whole("torchtune", "# tune run lora_dpo_single_device --config x\n")[0].split(
            "\n"
        )
        if not line.startswith(("epochs:", "gradient_accumulation_steps:"))
    )
    code = RECIPE.format(key="steps")
    assert "CFG006" in beside(tmp_path, "7B_lora_orpo_single.yaml", text, "others.py", code)
    assert "CFG006" not in beside(
        tmp_path, "7B_lora_orpo_single.yaml", text, "lora_orpo_single.py", code
    )


def test_an_unknown_table_is_told_once() -> None:
    table = "layer_pairs:\n  first: [0, 1, 2]\n  last: [3, 4, 5]\n"
    told = found(
        "torchtune",
        whole("torchtune", "# tune run lora_finetune_single_device --config x\n" + table)[0],
    )
    assert [d.key for d in told if d.code == "CFG001"] == ["layer_pairs"]


def test_what_every_reader_of_files_takes_is_no_wrong_argument() -> None:
    dataset = (
        "dataset:\n  _component_: torchtune.datasets.instruct_dataset\n  source: json\n"
        "  data_files: rows.json\n  {argument}: '1.0'\n"
    )
    assert "CFG202" not in codes("torchtune", dataset.format(argument="description"))
    assert "CFG202" in codes("torchtune", dataset.format(argument="descriptions"))


def test_a_former_switch_may_be_anything_that_counts_as_true_or_false() -> None:
    assert "CFG003" not in codes("axolotl", 'xformers_attention: ""\n')
    assert "CFG003" in codes("axolotl", 'sample_packing: "maybe"\n')


def test_a_projects_name_switches_its_tracker_on() -> None:
    for key in ("mlflow_experiment_name", "comet_project_name", "trackio_project_name"):
        text = whole("axolotl", f"{key}: trial\n")[0]
        document = loads(text, format="axolotl")
        assert document.recipe.logging.trackers == (key.partition("_")[0],)
        assert "CFG004" not in {d.code for d in found("axolotl", text)}


def test_constants_about_data_are_no_run() -> None:
    from translator.frameworks.axolotl.recognising import looks_like_axolotl

    constants = (
        "special_tokens: {}\ndatasets: []\nchat_template: chatml\ndataset_prepared_path: x\n"
    )
    assert not looks_like_axolotl(constants)
    assert looks_like_axolotl(constants + "sequence_len: 2048\n")


def test_pairs_may_be_packed_or_not() -> None:
    rows = "dataset:\n  _component_: torchtune.datasets.{name}\n  source: json\n  packed: false\n"
    dpo = "loss:\n  _component_: torchtune.rlhf.loss.DPOLoss\n"
    assert "CFG202" not in codes("torchtune", dpo + rows.format(name="preference_dataset"))


def test_embeddings_have_other_names_in_other_families() -> None:
    text = (
        "base_model: EleutherAI/pythia-1b\nadapter: lora\nlora_r: 8\nlora_alpha: 16\n"
        "lora_target_linear: true\nlora_modules_to_save: [{}, embed_out]\ntokens: ['<tool>']\n"
    )
    assert "TRAIN106" not in codes("axolotl", text.format("embed_in"))
    assert "TRAIN106" in codes("axolotl", text.format("final_layer_norm"))


def test_a_template_beside_an_end_of_turn_is_a_text() -> None:
    from translator.api import loads as read

    script = SCRIPT.format(trainer="SFTTrainer", config="SFTConfig", more="").replace(
        "trainer = SFTTrainer(",
        "from unsloth.chat_templates import get_chat_template\n"
        "tokenizer = get_chat_template(tokenizer, chat_template=('{{ bos_token }}', 'eos_token'))\n"
        "def as_text(row):\n"
        "    return {'text': tokenizer.apply_chat_template(row['messages'], tokenize=False)}\n"
        "rows = load_dataset('acme/rows', split='train').map(as_text)\n"
        "trainer = SFTTrainer(",
    )
    script = script.replace(
        'train_dataset=load_dataset("acme/rows", split="train")', "train_dataset=rows"
    )
    document = read(script, format="unsloth")
    assert not [d for d in document.diagnostics if d.key == "chat_template"]
    assert "template.chat_template[1]" in {entry.key for entry in document.leftovers}


def test_a_name_that_begins_like_a_models_is_another_one() -> None:
    from translator.catalog.models import facts

    other, own = facts("AI-MO/Kimina-Autoformalizer-7B"), facts("moonshotai/Kimi-K2-Instruct")
    assert other is None or other.family != "kimi_k2"
    assert own is not None
    assert own.family == "kimi_k2"
