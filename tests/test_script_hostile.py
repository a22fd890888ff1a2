"""Scripts made to break a reader end in bounded time, with an answer or one clear refusal."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from translator import load, loads
from translator.errors import UnreadableError
from translator.frameworks.unsloth.script import read_script
from translator.source import decode
from translator.tree import Unresolved

TRAIN = """
from trl import SFTTrainer, SFTConfig
trainer = SFTTrainer(model="m", args=SFTConfig(output_dir="o", learning_rate=x), train_dataset=d)
trainer.train()
"""

BOUNDED = {
    "huge string": 'x = "a" * 10**9',
    "huge list": "x = [0] * 10**9",
    "huge power": "x = 10 ** 10 ** 10",
    "huge shift": "x = 1 << 10**9",
    "huge format": 'x = f"{1:>1000000000}"',
    "huge percent": 'x = "%1000000000d" % 1',
    "huge range": "x = sum(range(10**18))",
    "doubling": "x = 'ab'\n" + "x = x + x\n" * 60,
    "doubling lists": "x = [1]\n" + "x = x + x\n" * 60,
    "nested doubling": "x = [1]\n" + "x = [x, x]\n" * 60,
    "itself": "x = []\nx.append(x)\nd = {}\nd['d'] = d",
    "recursion": "def f(n):\n    return f(n + 1) + f(n + 2)\nx = f(0)",
    "mutual recursion": "def f(n):\n    return g(n)\ndef g(n):\n    return f(n)\nx = f(0)",
    "calls of calls": "".join(
        f"def f{n}():\n    return f{n + 1}() + f{n + 1}()\n" for n in range(40)
    )
    + "def f40():\n    return 1\nx = f0()",
    "endless loop": "x = 0\nwhile True:\n    x = x + 1",
    "nested loops": "x = 0\n"
    + "".join("    " * n + f"for i{n} in range(90):\n" for n in range(12))
    + "    " * 12
    + "x += 1",
    "nested comprehensions": "x = [" + "0 " + "for a in range(90) " * 12 + "]",
    "long sum": "x = " + " + ".join(["1"] * 200),
    "long chain": "x = a" + ".b" * 200,
    "branches": "".join(f"if c{n}:\n    x = {n}\n" for n in range(2000)),
    "nested branches": "".join("    " * n + f"if c{n}:\n" for n in range(90)) + "    " * 90 + "x=1",
    "many names": "".join(f"x{n} = {n}\n" for n in range(20000)),
    "decorators": "@d\n" * 2000 + "def f(): pass",
    "own base": "class A(A): pass\nx = A()",
    "strange format": 'x = "{0.__class__.__mro__[1]} {".format(1)',
    "deep dict": "x = " + "{'a': " * 80 + "1" + "}" * 80,
    "unpacking": "a, *b, (c, d) = e\n(a, b)[0], a.b, a['c'] = e",
}


@pytest.mark.parametrize("name", BOUNDED)
def test_ends_in_bounded_time(name: str) -> None:
    source = decode((BOUNDED[name] + TRAIN).encode(), "hostile.py")
    started = time.process_time()
    script = read_script(source)
    assert time.process_time() - started < 5
    assert script.default is not None
    assert script.default.tree.get(("args", "output_dir")).value == "o"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        "x = " + "(" * 190 + "1" + ")" * 190 + "]",
        "x = " + "-" * 100_000 + "1",
        "x = " + " + ".join(["1"] * 20_000),
        "x = a" + ".b" * 20_000,
        "x = " + "[" * 3000 + "]" * 3000,
        "def f(:\n    pass",
        "x = 1\n    y = 2",
        "x = 'open",
        "\tx = 1\n        y = 2",
        'f"{',
        "print 'python 2'",
        "x = 1e\n",
    ],
)
def test_refuses_what_is_no_python_with_one_message(text: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_script(decode(text.encode(), "bad.py"))
    assert len(caught.value.diagnostics) == 1
    assert str(caught.value).startswith("bad.py is n")


def test_a_syntax_error_has_line_and_column() -> None:
    with pytest.raises(UnreadableError) as caught:
        read_script(decode(b"x = 1\ny = = 2\n", "bad.py"))
    span = caught.value.diagnostics[0].span
    assert span is not None
    assert (span.line, span.column) == (2, 5)


def test_what_is_too_large_to_compute_stays_unresolved() -> None:
    source = decode(("x = 10 ** 10 ** 10" + TRAIN).encode(), "big.py")
    training = read_script(source).default
    assert training is not None
    assert training.tree.get(("args", "learning_rate")).value == Unresolved(
        "10 ** 10 ** 10", ("x", "learning_rate")
    )


def test_an_empty_script_says_why_it_is_none() -> None:
    script = read_script(decode(b"", "empty.py"))
    assert script.trainings == ()
    assert script.reason == (
        "is no training script: it neither loads a model nor constructs a trainer"
    )


def test_modules_that_import_each_other_end(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("from two import *\nimport two\nRANK = two.RANK\n")
    (tmp_path / "two.py").write_text("from one import *\nimport one\nRANK = 8\n")
    script = tmp_path / "train.py"
    script.write_text(
        "from unsloth import FastLanguageModel\nfrom trl import SFTTrainer, SFTConfig\n"
        "from datasets import load_dataset\nimport one\n"
        'model, tokenizer = FastLanguageModel.from_pretrained("m")\n'
        "model = FastLanguageModel.get_peft_model(model, r=one.RANK)\n"
        "SFTTrainer(model=model, args=SFTConfig(output_dir='o'), "
        "train_dataset=load_dataset('d', split='train')).train()\n"
    )
    document = load(script)
    assert document.recipe.adapter is not None
    assert document.recipe.adapter.rank == 8


ENDLESS = {
    "a generator of itself": "def g():\n    yield from g()\ndataset = Dataset.from_generator(g)",
    "a split of itself": "d = load_dataset('d')\n"
    + "d['train'] = d['train'].shuffle()\n" * 80
    + "dataset = d['train']",
    "texts that double": "t = ''\nfor r in load_dataset('d', split='train'):\n"
    + "    t += t + r['a'] if r['b'] else t\n" * 40
    + "dataset = Dataset.from_dict({'text': [t]})",
    "choices of choices": "dataset = load_dataset('d', split='train')\n"
    + "".join(f"if x{n}:\n    dataset = dataset.filter(f{n})\n" for n in range(40)),
    "frames of themselves": "f = load_dataset('d', split='train').to_pandas()\n"
    + "f['a'] = f['a'] + f['a']\n" * 60
    + "dataset = Dataset.from_pandas(f)",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_data_that_is_made_of_itself_ends(name: str) -> None:
    text = (
        "from unsloth import FastLanguageModel\nfrom trl import SFTTrainer, SFTConfig\n"
        "from datasets import Dataset, load_dataset\n"
        'model, tokenizer = FastLanguageModel.from_pretrained("m")\n'
        f"{ENDLESS[name]}\n"
        "SFTTrainer(model=model, train_dataset=dataset, args=SFTConfig(output_dir='o')).train()\n"
    )
    started = time.perf_counter()
    loads(text, name="endless.py", format="unsloth")
    assert time.perf_counter() - started < 20
