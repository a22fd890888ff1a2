"""What formatting functions make of a row, described without running them."""

from __future__ import annotations

from typing import Any

import pytest
from test_script_styles import at, training_of

from translator.frameworks.unsloth.script import read_script
from translator.source import decode

SCRIPT = """
from unsloth import FastLanguageModel
from datasets import load_dataset
from trl import SFTTrainer, SFTConfig
model, tokenizer = FastLanguageModel.from_pretrained("m")
EOS = tokenizer.eos_token
{code}
dataset = load_dataset("d", split="train").map({function})
SFTTrainer(model=model, train_dataset=dataset, args=SFTConfig(output_dir="o")).train()
"""


def described(code: str, function: str = "fmt") -> Any:
    text = SCRIPT.replace("{code}", code).replace("{function}", function)
    training = read_script(decode(text.encode(), "rows.py")).default
    assert training is not None
    return at(training, "data", "train", "steps", 0, "function")


QA = [
    {"literal": "Q: "},
    {"column": "q"},
    {"literal": "\nA: "},
    {"column": "a"},
    {"token": "eos"},
]
TEXTS = {
    "f-string": "def fmt(r):\n    return {\"text\": f\"Q: {r['q']}\\nA: {r['a']}\" + EOS}",
    "addition": 'def fmt(r):\n    r["text"] = "Q: " + r["q"] + "\\nA: " + r["a"] + EOS\n    return r',
    "format": 'P = "Q: {}\\nA: {}"\ndef fmt(r):\n    return {"text": P.format(r["q"], r["a"]) + EOS}',
    "named": 'P = "Q: {q}\\nA: {a}"\n'
    'def fmt(r):\n    return {"text": P.format(q=r["q"], a=r["a"]) + EOS}',
    "join": 'def fmt(r):\n    return {"text": "\\n".join(["Q: " + r["q"], "A: " + r["a"]]) + EOS}',
    "percent": 'def fmt(r):\n    return {"text": "Q: %s\\nA: %s" % (r["q"], r["a"]) + EOS}',
    "spread": "def fmt(r):\n    return {**r, \"text\": f\"Q: {r['q']}\\nA: {r['a']}{EOS}\"}",
    "helper": "def line(name, text):\n    return f'{name}: {text}'\n"
    "def fmt(r):\n    q, a = r['q'], r['a']\n"
    "    return dict(text=line('Q', q) + '\\n' + line('A', a) + EOS)",
    "lambda": 'fmt = lambda r: {"text": "Q: " + r["q"] + "\\nA: " + r["a"] + tokenizer.eos_token}',
}


@pytest.mark.parametrize("name", TEXTS)
def test_one_text_in_many_spellings(name: str) -> None:
    function = described(TEXTS[name])
    assert function["kind"] == "text"
    assert function["parts"] == QA
    assert function["eos"] is True
    assert function["output"] == "text"


BATCHED = {
    "zip": "def fmt(b):\n    out = []\n    for q, a in zip(b['q'], b['a']):\n"
    "        out.append(f'Q: {q}\\nA: {a}' + EOS)\n    return {'text': out}",
    "index": "def fmt(b):\n    out = []\n    for i in range(len(b['q'])):\n"
    "        out.append('Q: ' + b['q'][i] + '\\nA: ' + b['a'][i] + EOS)\n    return {'text': out}",
    "enumerate": "def fmt(b):\n    out = []\n    for i, q in enumerate(b['q']):\n"
    "        out.append('Q: ' + q + '\\nA: ' + b['a'][i] + EOS)\n    return {'text': out}",
    "comprehension": "def fmt(b):\n"
    "    return {'text': [f'Q: {q}\\nA: {a}{EOS}' for q, a in zip(b['q'], b['a'])]}",
}


@pytest.mark.parametrize("name", BATCHED)
def test_a_batched_function_makes_one_text_a_row(name: str) -> None:
    function = described(BATCHED[name], "fmt, batched=True")
    assert function["parts"] == QA
    assert function["eos"] is True


CONDITIONS = {
    "if": "def fmt(r):\n    if r['input']:\n        t = r['input'] + '!'\n"
    "    else:\n        t = 'none'\n    return {'text': t}",
    "expression": "def fmt(r):\n"
    "    return {'text': r['input'] + '!' if len(r['input']) > 0 else 'none'}",
    "negated": "def fmt(r):\n    return {'text': 'none' if not r['input'] else r['input'] + '!'}",
    "compared": "def fmt(r):\n"
    "    return {'text': r['input'] + '!' if r['input'] != '' else 'none'}",
    "stripped": "def fmt(r):\n"
    "    return {'text': r['input'] + '!' if r['input'].strip() else 'none'}",
    "returned": "def fmt(r):\n    if r['input'] == '':\n        return {'text': 'none'}\n"
    "    return {'text': r['input'] + '!'}",
}


@pytest.mark.parametrize("name", sorted(set(CONDITIONS) - {"returned"}))
def test_a_condition_on_a_column_gives_two_variants(name: str) -> None:
    function = described(CONDITIONS[name])
    assert function["input"] == "input"
    assert function["with_input"] == [{"column": "input"}, {"literal": "!"}]
    assert function["without_input"] == [{"literal": "none"}]


def test_an_early_return_gives_two_variants() -> None:
    function = described(CONDITIONS["returned"])
    assert function["with_input"] == [{"column": "input"}, {"literal": "!"}]
    assert function["without_input"] == [{"literal": "none"}]


def test_turns_are_described_once_for_all() -> None:
    function = at(training_of("sharegpt_loop.py"), "data", "train", "steps", 0, "function")
    assert function["kind"] == "messages"
    assert function["messages"]["list"] == [
        {"role": [{"literal": "system"}], "content": [{"literal": "Answer briefly."}]}
    ]
    assert function["messages"]["each"] == {"column": "conversations"}
    assert function["messages"]["message"]["content"] == [{"field": "value"}]


def test_text_written_turn_by_turn() -> None:
    function = described(
        "def fmt(r):\n    t = ''\n    for m in r['messages']:\n"
        "        t += '<|' + m['role'] + '|>' + m['content']\n    return {'text': t + EOS}"
    )
    assert function["parts"][0]["each"] == {"column": "messages"}
    assert function["parts"][0]["parts"] == [
        {"literal": "<|"},
        {"field": "role"},
        {"literal": "|>"},
        {"field": "content"},
    ]
    assert function["eos"] is True


def test_a_rendered_chat_keeps_its_options() -> None:
    function = described(
        "def fmt(b):\n    return {'text': [tokenizer.apply_chat_template(c, tokenize=False)"
        ".removeprefix('<bos>') for c in b['conversations']]}",
        "fmt, batched=True",
    )
    assert function["kind"] == "chat"
    part = function["parts"][0]
    assert part["chat"] == {"column": "conversations"}
    assert part["methods"] == [{"name": "removeprefix", "arguments": [{"literal": "<bos>"}]}]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("def fmt(r):\n    return {'prompt': r['a'], 'completion': r['b']}", "prompt_completion"),
        ("def fmt(r):\n    return {'prompt': r['a'], 'chosen': 1, 'rejected': 2}", "preference"),
        ("def fmt(r):\n    return {'prompt': r['a'], 'answer': r['b']}", "prompt"),
        ("def fmt(r):\n    return {'input_ids': tokenizer(r['a'])}", "tokens"),
        ("def fmt(r):\n    return other(r)", "unknown"),
        ("from elsewhere import fmt", "unknown"),
    ],
)
def test_kinds(code: str, kind: str) -> None:
    assert described(code)["kind"] == kind


def test_code_that_is_not_understood_is_quoted() -> None:
    function = described("import json\ndef fmt(r):\n    return {'text': json.dumps(r['tools'])}")
    parts = function.get("parts") or function["columns"]["text"]["parts"]
    assert parts == [{"code": "json.dumps(r['tools'])", "line": 9}]
