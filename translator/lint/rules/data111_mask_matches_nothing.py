"""The markers that find the answers are those of another template.

What it does
Compares the parts given to `train_on_responses_only` with the chat template of the script.

Why it matters
Where the markers are not found every token is masked: the loss is 0 or NaN, and Unsloth ends with
*all labels are -100*.

When it is fine
With a template that the script changes itself.

References
unsloth_zoo/dataset_utils.py, `train_on_responses_only`.
"""

from __future__ import annotations

from collections.abc import Iterator

from translator.catalog.formats import formats
from translator.diagnostics import Diagnostic, Severity
from translator.ir import ChatFormat
from translator.lint.context import File
from translator.lint.rule import Rule

RULE = Rule(
    code="DATA111",
    name="mask-matches-nothing",
    severity=Severity.ERROR,
    words=("train_on_responses_only",),
    formats=("unsloth",),
    bad={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom unsloth.chat_templates import get_chat_template, train_on_responses_only\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ntokenizer = get_chat_template(tokenizer, chat_template="llama-3.1")\ndataset = load_dataset("me/chats", split="train")\ndataset = dataset.map(lambda row: {"text": tokenizer.apply_chat_template(row["messages"], tokenize=False)})\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n    ),\n)\ntrainer = train_on_responses_only(\n    trainer,\n    instruction_part="<|im_start|>user\\n",\n    response_part="<|im_start|>assistant\\n",  # <-\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
    good={
        "unsloth": 'from unsloth import FastLanguageModel\nfrom unsloth.chat_templates import get_chat_template, train_on_responses_only\nfrom datasets import load_dataset\nfrom trl import SFTConfig, SFTTrainer\n\nmodel, tokenizer = FastLanguageModel.from_pretrained(\n    model_name="unsloth/Llama-3.2-1B",\n    max_seq_length=2048,\n)\nmodel = FastLanguageModel.get_peft_model(\n    model,\n    r=16,\n)\ntokenizer = get_chat_template(tokenizer, chat_template="llama-3.1")\ndataset = load_dataset("me/chats", split="train")\ndataset = dataset.map(lambda row: {"text": tokenizer.apply_chat_template(row["messages"], tokenize=False)})\ntrainer = SFTTrainer(\n    model=model,\n    train_dataset=dataset,\n    args=SFTConfig(\n        dataset_text_field="text",\n        max_steps=60,\n        learning_rate=2e-4,\n    ),\n)\ntrainer = train_on_responses_only(\n    trainer,\n    instruction_part="<|start_header_id|>user<|end_header_id|>\\n\\n",\n    response_part="<|start_header_id|>assistant<|end_header_id|>\\n\\n",\n)\ntrainer.train()\nmodel.save_pretrained("out")\n'
    },
)


def check(file: File) -> Iterator[Diagnostic]:
    """One finding at the answer's marker."""
    part = file.value("responses.response_part")
    if not isinstance(part, str) or not part.strip():
        return
    for source in file.recipe.data.sources:
        if not isinstance(source.format, ChatFormat):
            continue
        known = formats().get(source.format.template)
        turn = known.affixes("assistant") if known is not None else None
        if known is None or turn is None or known.opaque:
            continue
        if part.strip() in f"{known.between}{turn[0]}{known.generation}":
            continue
        yield RULE.at(
            file,
            file.at("responses.response_part"),
            f"{part!r} stands nowhere in the template {known.id}: every token would be masked",
            help=f"answers begin with {turn[0]!r}",
        )
        return
