"""Written Unsloth scripts: complete Python whose data preparation says what the recipe says."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from translator import ir
from translator.diagnostics import Severity
from translator.document import Document, Origin
from translator.frameworks.base import WriteOptions, Written
from translator.frameworks.unsloth import write

RUFF = shutil.which("ruff", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")

ALPACA = ir.InstructionRows(
    with_input="### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n",
    without_input="### Instruction:\n{instruction}\n\n### Response:\n",
)
SHAREGPT = ir.MessageRows(
    column="conversations",
    role_key="from",
    content_key="value",
    roles=(("gpt", "assistant"), ("human", "user")),
)
PLAIN = ir.PlainFormat()
WHOLE = ir.PlainFormat(joined="whole")
CHATML = ir.ChatFormat(template="chatml")
ANSWERS = ir.Supervision(prompt=False)
EVERYTHING = ir.Supervision(prompt=True, turn_headers=True)


def recipe(
    rows: ir.Rows = ALPACA,
    form: ir.Format = PLAIN,
    mask: ir.Supervision = ANSWERS,
    **parts: object,
) -> ir.Recipe:
    """A LoRA recipe on one data set."""
    source = ir.Source(path="org/rows", rows=rows, format=form, supervision=mask)
    base = ir.Recipe(
        model=ir.Model(id="meta-llama/Llama-3.1-8B"),
        adapter=ir.Adapter(rank=16, alpha=32.0, modules=("q_proj", "v_proj")),
        quantization=None,
        data=ir.Data(sources=(source,), max_length=1024),
        objective=ir.SupervisedObjective(),
        optimizer=ir.Optimizer(
            name="adamw_torch", learning_rate=2e-4, weight_decay=0.0, max_grad_norm=1.0
        ),
        schedule=ir.Schedule(shape="cosine", warmup=ir.WarmupSteps(steps=10)),
        duration=ir.Epochs(count=1.0),
        batching=ir.Batching(micro_batch=2, accumulation=4),
        precision=ir.Precision(compute="auto"),
        kernels=ir.Kernels(),
        parallelism=ir.Parallelism(strategy="single"),
        evaluation=ir.Evaluation(),
        checkpoints=ir.Checkpoints(directory="out", interval=ir.PerEpoch(times=1.0)),
        logging=ir.Logging(every=1),
        seed=42,
    )
    return replace(base, **parts)  # type: ignore[arg-type]


def written(recipe: ir.Recipe, **origins: Origin) -> Written:
    document = Document(path="run.yaml", format="axolotl", text="", recipe=recipe, origins=origins)
    result = write(document, WriteOptions(stem="run"))
    compile(result.text, "run.py", "exec")
    return result


def keywords(text: str, function: str) -> dict[str, str]:
    """The keywords of a call in a script, as source."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == function:
            return {k.arg: ast.unparse(k.value) for k in node.keywords if k.arg}
    raise AssertionError(f"no call of {function}")


CASES = {
    "alpaca masked": (ALPACA, PLAIN, ANSWERS, '"labels": ([-100] * len(prompt) + completion)'),
    "alpaca trained whole": (ALPACA, WHOLE, ir.Supervision(prompt=True), '{"text": prompt'),
    "prompt and completion": (ALPACA, WHOLE, ANSWERS, '"completion": row["output"]'),
    "alpaca as chat": (ALPACA, CHATML, ANSWERS, "train_on_responses_only("),
    "sharegpt": (SHAREGPT, CHATML, ANSWERS, 'ROLES.get(turn["from"], turn["from"])'),
    "messages": (ir.MessageRows(), CHATML, EVERYTHING, 'apply_chat_template(row["messages"]'),
    "text": (ir.TextRows(column="body"), WHOLE, EVERYTHING, 'row["body"] + EOS'),
    "text as it is": (
        ir.TextRows(column="body"),
        ir.PlainFormat(end="none"),
        EVERYTHING,
        'dataset_text_field="body"',
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_rows_become_columns(case: str) -> None:
    rows, form, mask, expected = CASES[case]
    result = written(recipe(rows, form, mask))
    assert expected in result.text
    assert not [loss for loss in result.losses if loss.severity is Severity.ERROR]


def test_nothing_is_masked_where_everything_is_trained() -> None:
    assert "train_on_responses_only" not in written(recipe(SHAREGPT, CHATML, EVERYTHING)).text


def test_values_that_unsloth_would_choose_otherwise_are_written() -> None:
    text = written(recipe()).text
    arguments = keywords(text, "SFTConfig")
    assert arguments["weight_decay"] == "0.0"
    assert arguments["optim"] == "'adamw_torch'"
    assert arguments["seed"] == "42"
    assert keywords(text, "FastLanguageModel.from_pretrained")["load_in_4bit"] == "False"
    assert "max_grad_norm" not in arguments


def test_no_clipping_is_a_norm_of_zero() -> None:
    optimizer = replace(recipe().optimizer, max_grad_norm=None)
    assert (
        keywords(written(recipe(optimizer=optimizer)).text, "SFTConfig")["max_grad_norm"] == "0.0"
    )


def test_full_fine_tuning_has_no_adapter() -> None:
    text = written(recipe(adapter=None)).text
    assert "get_peft_model" not in text
    assert keywords(text, "FastLanguageModel.from_pretrained")["full_finetuning"] == "True"


@pytest.mark.parametrize(
    ("warmup", "duration", "expected"),
    [
        (ir.WarmupSteps(steps=5), ir.Epochs(count=1.0), "5"),
        (ir.WarmupRatio(ratio=0.1), ir.Epochs(count=1.0), "0.1"),
        (ir.WarmupRatio(ratio=0.03, rounding="down", at_most=100), ir.Steps(count=250), "7"),
        (ir.WarmupRatio(ratio=0.03, rounding="up"), ir.Steps(count=250), "8"),
        (ir.WarmupRatio(ratio=0.5, at_most=100), ir.Steps(count=1000), "100"),
    ],
)
def test_warm_up(
    warmup: ir.WarmupSteps | ir.WarmupRatio, duration: ir.Epochs | ir.Steps, expected: str
) -> None:
    schedule = ir.Schedule(shape="cosine", warmup=warmup)
    text = written(recipe(schedule=schedule, duration=duration)).text
    assert keywords(text, "SFTConfig")["warmup_steps"] == expected


def test_the_head_names_each_loss() -> None:
    adapter = replace(recipe().adapter, dtype="bfloat16")  # type: ignore[type-var]
    result = written(recipe(adapter=adapter))
    assert [loss.field for loss in result.losses] == ["adapter.dtype"]
    head = ast.get_docstring(ast.parse(result.text))
    assert head is not None
    assert "adapter.dtype (bfloat16)" in head
    assert "python run.py" in head


def test_comments_go_along() -> None:
    origin = Origin(written=True, key="lora_r", comment="# as in the paper")
    assert "r=16,  # as in the paper" in written(recipe(), **{"adapter.rank": origin}).text


def test_hostile_texts_stay_texts() -> None:
    evil = '"""; import os; os.system("x") #\n\\{{instruction}}'
    rows = replace(ALPACA, with_input=evil, without_input=evil, output='o"]\n+ evil()')
    form = ir.ChatFormat(template="chatml", system_prompt=evil)
    checkpoints = ir.Checkpoints(directory='a"b\\\n', interval=None)
    for shape in (form, PLAIN, WHOLE):
        text = written(recipe(rows, shape, checkpoints=checkpoints)).text
        calls = {ast.unparse(n.func) for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call)}
        assert not calls & {"os.system", "evil"}
        constants = {n.value for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Constant)}
        assert evil in constants
        assert 'a"b\\\n' in constants


@pytest.mark.parametrize("method", ["dpo", "ipo", "orpo", "simpo", "cpo"])
def test_preferences(method: str) -> None:
    objective = ir.PreferenceObjective(method=method, margin=0.5)  # type: ignore[arg-type]
    text = written(recipe(ir.PreferenceRows(), CHATML, objective=objective)).text
    assert '"chosen": [{"role": "assistant", "content": row["chosen"]}]' in text
    assert "max_length=MAX_LENGTH" in text


def test_long_rows_are_left_out_where_the_source_does() -> None:
    data = replace(recipe(SHAREGPT, CHATML).data, overlong="drop")
    text = written(recipe(SHAREGPT, CHATML, data=data)).text
    assert "return len(ids) <= MAX_LENGTH" in text
    assert "dataset = dataset.filter(fits)" in text


def test_sharding_that_is_lost_is_said() -> None:
    result = written(recipe(parallelism=ir.Parallelism(strategy="zero3", gpus=8)))
    told = [(loss.code, loss.severity) for loss in result.losses if not loss.verbose]
    assert told == [("XLT703", Severity.WARNING)]
    assert "torchrun --nproc_per_node 8 run.py" in result.text


@pytest.mark.skipif(RUFF is None, reason="needs ruff")
@pytest.mark.parametrize("case", CASES)
def test_layout_is_stable(case: str) -> None:
    rows, form, mask, _ = CASES[case]
    text = written(recipe(rows, form, mask)).text
    command = [str(RUFF), "format", "--isolated", "--line-length", "88", "-"]
    assert subprocess.run(command, input=text, text=True, capture_output=True).stdout == text
