"""Files that nobody would write, and files that somebody would on purpose.

One message, the right exit code, nothing written, bounded time and memory; and what a file says
never becomes code in what ftx writes.
"""

from __future__ import annotations

import ast
import json
import os
import re
import tempfile
from pathlib import Path

import pytest
import yaml
from ftx_process import Ended, ftx

RECIPES = Path(__file__).parent.parent / "fixtures" / "recipes"
SUFFIXES = (".yaml", ".py", ".ipynb", ".ir.json")
DEEP = 50_000

AXOLOTL = """\
base_model: meta-llama/Llama-3.1-8B
adapter: lora
lora_r: 16
lora_alpha: 32
lora_target_linear: true
datasets:
  - path: acme/rows
    type: alpaca
sequence_len: 2048
micro_batch_size: 1
learning_rate: 0.0002
"""

BOMB = "\n".join(
    ["base_model: x", "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    + ["datasets: *a11", ""]
)
"""Two kilobytes that are 10^12 strings once expanded."""


def notebook(source: str) -> str:
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": []}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]})


UNUSABLE: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "empty": (b"", SUFFIXES),
    "blank": (b" \n\t\n\r\n", (".py", ".ipynb", ".ir.json")),
    "comments": (b"# only\n# a comment\n", (".yaml", ".py")),
    "binary": (b"\x7fELF\x02\x01\x01\0\0\0" + bytes(range(256)), SUFFIXES),
    "zip": (b"PK\x03\x04\0\0", SUFFIXES),
    "ten megabytes": (b"key: value\n" * 1_000_000, (".yaml", ".py", ".ir.json")),
    "ten megabytes of notebook": (
        json.dumps({"cells": [{"cell_type": "markdown", "source": "word " * 2_000_000}]}).encode(),
        (".ipynb",),
    ),
    "one long line": (b"a" * 3_000_000, SUFFIXES),
    "broken UTF-8": (AXOLOTL.encode() + b"name: \xff\xfe\x80\n", SUFFIXES),
    "UTF-16": (AXOLOTL.encode("utf-16"), SUFFIXES),
    "deep flow": (b"base_model: x\na: " + b"[" * DEEP + b"]" * DEEP, (".yaml",)),
    "deep blocks": (
        b"base_model: x\n" + b"".join(b" " * n + b"k:\n" for n in range(1500)),
        (".yaml",),
    ),
    "unclosed flow": (b"base_model: x\ndatasets: " + b"[" * DEEP, (".yaml",)),
    "deep JSON": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, (".ipynb", ".ir.json")),
    "deep Python": (b"from trl import SFTTrainer\nx = " + b"(" * DEEP + b")" * DEEP, (".py",)),
    "deep Python lists": (b"import unsloth\nx = " + b"[" * 5000 + b"]" * 5000, (".py",)),
    "deep Python blocks": (
        b"".join(b" " * n + b"if 1:\n" for n in range(2000)) + b" " * 2000 + b"pass\n",
        (".py",),
    ),
    "syntax error": (b"base_model: [1, 2\nlora_r: }\n", (".yaml",)),
    "tab": (b"base_model: x\n\tlora_r: 1\n", (".yaml",)),
    "two documents": (AXOLOTL.encode() + b"---\n" + AXOLOTL.encode(), (".yaml",)),
    "python tag": (b"base_model: !!python/object/apply:os.system ['true']\n", (".yaml",)),
    "scalar": (b"42\n", (".yaml", ".ir.json")),
    "list": (b"- 1\n- 2\n", (".yaml",)),
    "Python error": (b"from unsloth import FastLanguageModel\ndef f(:\n", (".py",)),
    "Python 2": (b"from unsloth import FastLanguageModel\nprint 'hello'\n", (".py",)),
    "no training": (b"print('hello')\n", (".py",)),
    "JSON error": (b'{"cells": [', (".ipynb", ".ir.json")),
    "no cells": (b'{"nbformat": 4, "metadata": {}, "cells": []}', (".ipynb",)),
    "wrong cells": (b'{"nbformat": 4, "metadata": {}, "cells": [1, null, {"x": 2}]}', (".ipynb",)),
    "no IR": (b'{"ftx": 1, "recipe": {"model": 7}}', (".ir.json",)),
    "IR of later": (b'{"ftx": 99, "recipe": {}}', (".ir.json",)),
    "alias loop": (b"base_model: x\na: &a [*a]\ndatasets: *a\n", (".yaml",)),
}

CASES = [
    pytest.param(content, suffix, id=f"{name}{suffix}")
    for name, (content, suffixes) in UNUSABLE.items()
    for suffix in suffixes
]


def code_of(script: str) -> str:
    """A script without its docstring, which names the file it was made from."""
    return ast.dump(ast.Module(ast.parse(script).body[1:], []))


def one_message(ended: Ended) -> dict[str, object]:
    """The only diagnostic of a run that was refused as unreadable."""
    assert "Traceback" not in ended.err
    assert "internal error" not in ended.err
    assert ended.code == 2, ended.err[-2000:]
    assert ended.out == ""
    found = json.loads(ended.err)["diagnostics"]
    assert len(found) == 1, [d["message"] for d in found]
    assert found[0]["severity"] == "error"
    assert len(found[0]["message"]) < 500
    return dict(found[0])


def unharmed(ended: Ended) -> None:
    """Whatever the outcome was, it was an orderly one."""
    assert "Traceback" not in ended.err
    assert "internal error" not in ended.err
    assert ended.code in (0, 1, 2), ended.err[-2000:]


@pytest.mark.parametrize(("content", "suffix"), CASES)
def test_one_message_and_nothing_written(content: bytes, suffix: str, tmp_path: Path) -> None:
    source = tmp_path / f"input{suffix}"
    source.write_bytes(content)
    target = "axolotl" if suffix != ".yaml" else "torchtune"
    out = tmp_path / "out.yaml"
    ended = ftx("convert", source, "--to", target, "-o", out, "--format", "json")
    one_message(ended)
    assert sorted(path.name for path in tmp_path.iterdir()) == [source.name]


@pytest.mark.parametrize("name", ["empty", "binary", "syntax error", "deep flow", "comments"])
def test_forced_format_does_not_help(name: str, tmp_path: Path) -> None:
    source = tmp_path / "input.yaml"
    source.write_bytes(UNUSABLE[name][0])
    for forced in ("axolotl", "torchtune", "ir"):
        arguments = ("convert", source, "--from", forced, "--to", "unsloth", "--format", "json")
        one_message(ftx(*arguments))


def test_text_is_one_message_too(tmp_path: Path) -> None:
    source = tmp_path / "input.yaml"
    source.write_bytes(b"\0\1\2")
    ended = ftx("convert", source, "--to", "unsloth")
    assert ended.code == 2
    assert ended.out == ""
    first, *rest = ended.err.splitlines()
    assert first.startswith(f"{source}: error[")
    assert rest == ["1 error"]


def test_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.yaml", tmp_path, tmp_path / "a" / "b", "", "x" * 5000, "a\0b"):
        if "\0" in str(path):
            continue  # no process can be given such an argument
        one_message(ftx("convert", path, "--to", "axolotl", "--format", "json"))


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_no_permission(tmp_path: Path) -> None:
    source = tmp_path / "input.yaml"
    source.write_text(AXOLOTL)
    source.chmod(0)
    message = one_message(ftx("convert", source, "--to", "torchtune", "--format", "json"))
    assert "permission" in str(message["message"])


def test_devices() -> None:
    for device in ("/dev/null", "/dev/zero"):
        one_message(ftx("convert", device, "--to", "torchtune", "--format", "json"))


def test_pipe_that_is_fed(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, AXOLOTL.encode())
    os.close(writing)
    ended = ftx("ir", "/dev/stdin", stdin=reading)
    os.close(reading)
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["recipe"]["adapter"]["rank"] == 16


@pytest.mark.parametrize("name", ["empty", "binary", "broken UTF-8", "syntax error", "JSON error"])
def test_standard_input(name: str) -> None:
    arguments = ("convert", "-", "--to", "unsloth", "--format", "json")
    one_message(ftx(*arguments, stdin=UNUSABLE[name][0]))


def test_good_standard_input() -> None:
    ended = ftx("convert", "-", "--to", "ir", stdin=AXOLOTL.encode())
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["recipe"]["data"]["max_length"] == 2048


def test_alias_bomb_is_bounded(tmp_path: Path) -> None:
    source = tmp_path / "bomb.yaml"
    source.write_text(BOMB)
    ended = ftx("convert", source, "--to", "torchtune", "--format", "json")
    one_message(ended)


@pytest.mark.parametrize("name", ["axolotl.yaml", "torchtune.yaml", "unsloth.py"])
@pytest.mark.parametrize("change", ["crlf", "bom", "no last line end"])
def test_line_ends_and_marks_mean_nothing(name: str, change: str, tmp_path: Path) -> None:
    text = (RECIPES / "chat_lora" / name).read_bytes()
    changed = {
        "crlf": text.replace(b"\n", b"\r\n"),
        "bom": b"\xef\xbb\xbf" + text,
        "no last line end": text.rstrip(b"\n"),
    }[change]
    plain, other = tmp_path / f"plain_{name}", tmp_path / f"other_{name}"
    plain.write_bytes(text)
    other.write_bytes(changed)
    ended = ftx("diff", plain, other)
    assert ended.code == 0, ended.out + ended.err


NUMBERS = [
    "1" * 5000, "1e999", "-1e999", ".inf", ".nan", "-1", "0", "0x" + "f" * 4000, "1e-9999",
    "9" * 400, "1_0_0", "٣", "true", "[1]", "{}", "''", "~",
]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS, ids=lambda n: n[:12])
@pytest.mark.parametrize("key", ["lora_r", "learning_rate", "sequence_len"])
def test_numbers_in_yaml(key: str, number: str, tmp_path: Path) -> None:
    source = tmp_path / "input.yaml"
    source.write_text(re.sub(rf"^{key}:.*$", f"{key}: {number}", AXOLOTL, flags=re.M), "utf-8")
    for target in ("torchtune", "unsloth"):
        ended = ftx("convert", source, "--to", target)
        unharmed(ended)
        assert len(ended.err) < 20_000


@pytest.mark.parametrize("name", ["__proto__", "__class__", "constructor", "base_model.__init__"])
def test_odd_keys_are_only_unknown(name: str, tmp_path: Path) -> None:
    source = tmp_path / "input.yaml"
    source.write_text(f"{AXOLOTL}{name}: odd_value\n")
    ended = ftx("convert", source, "--to", "unsloth")
    assert ended.code == 0, ended.err
    assert name in ended.err
    assert "odd_value" in ended.err


EVIL = [
    "x\"); import os; os.system('touch pwned') #",
    "'''\nimport os\nos.system('touch pwned')\n'''",
    '"""\nimport os\nos.system("touch pwned")\n"""',
    "$(touch pwned)`touch pwned`",
    "{__import__('os').system('touch pwned')}",
    'a\\"); touch_pwned() #',
    "a\nimport os\nos.system('touch pwned')",
    "a\r\nbase_model: evil",
    "%s{0}{}{x!r}",
    "\u2028import os\u2029",
    "${oc.env:HOME}",
    "!!python/object/apply:os.system ['touch pwned']",
]


def evil_axolotl(evil: str) -> str:
    """A configuration with a text wherever a text may stand."""
    config = yaml.safe_load(AXOLOTL) | {
        "output_dir": evil,
        "wandb_project": evil,
        "wandb_name": evil,
        "datasets": [
            {
                "path": evil,
                "name": evil,
                "split": "train",
                "type": {
                    "field_instruction": "q",
                    "field_output": "a",
                    "format": f"Question {evil.replace('{', '').replace('}', '')} {{instruction}}",
                },
            }
        ],
        evil: evil,
    }
    return yaml.safe_dump(config, allow_unicode=True)


@pytest.mark.parametrize("evil", EVIL)
def test_texts_stay_texts_in_scripts(evil: str, tmp_path: Path) -> None:
    source = tmp_path / "input.yaml"
    source.write_text(evil_axolotl(evil), "utf-8")
    ended = ftx("convert", source, "--to", "unsloth", "--allow", "all", "-o", tmp_path / "o.py")
    assert ended.code == 0, ended.err
    written = ast.parse((tmp_path / "o.py").read_text("utf-8"))
    texts = {n.value for n in ast.walk(written) if isinstance(n, ast.Constant)}
    assert evil in texts
    called = {ast.unparse(n.func) for n in ast.walk(written) if isinstance(n, ast.Call)}
    assert not [name for name in called if "system" in name or "touch_pwned" in name]


@pytest.mark.parametrize("evil", EVIL)
def test_texts_stay_texts_in_yaml(evil: str, tmp_path: Path) -> None:
    source = tmp_path / "input.py"
    script = (RECIPES / "alpaca_qlora" / "unsloth.py").read_text("utf-8")
    script = script.replace('"outputs/alpaca"', repr(evil))
    script = script.replace('"yahma/alpaca-cleaned"', repr(evil))
    source.write_text(script, "utf-8")
    for target in ("axolotl", "torchtune"):
        out = tmp_path / f"{target}.yaml"
        ended = ftx("convert", source, "--to", target, "--allow", "all", "-o", out)
        assert ended.code == 0, ended.err
        config = yaml.safe_load(out.read_text("utf-8"))
        if target == "axolotl":
            assert config["output_dir"] == evil
            assert config["base_model"] == "meta-llama/Llama-3.1-8B"


@pytest.mark.parametrize("name", ["a\nimport os\nb.yaml", "a\r\nevil: 1\n.yaml", "x\u2028y.yaml"])
def test_file_names_stay_in_comments(name: str, tmp_path: Path) -> None:
    source = tmp_path / name
    source.write_text(AXOLOTL)
    plain = tmp_path / "plain.yaml"
    plain.write_text(AXOLOTL)
    for target in ("unsloth", "torchtune", "axolotl"):
        texts = []
        for path in (source, plain):
            out = Path(tempfile.mkdtemp(dir=tmp_path)) / "out"  # names of side files follow it
            ended = ftx("convert", path, "--to", target, "--allow", "all", "-o", out)
            assert ended.code == 0, ended.err
            texts.append(out.read_text("utf-8"))
        odd, usual = texts
        if target == "unsloth":
            assert code_of(odd) == code_of(usual)
        else:
            assert yaml.safe_load(odd) == yaml.safe_load(usual)


TRAINING = """\
from unsloth import FastLanguageModel
from trl import SFTTrainer, SFTConfig
from datasets import load_dataset
{code}
model, tokenizer = FastLanguageModel.from_pretrained(NAME, max_seq_length=2048)
model = FastLanguageModel.get_peft_model(model, r=16)
trainer = SFTTrainer(model=model, tokenizer=tokenizer, args=SFTConfig(max_steps=10, output_dir="o"),
                     train_dataset=load_dataset("acme/rows", split="train"))
trainer.train()
"""

ENDLESS = {
    "recursion": "def f(n): return f(n + 1)\nNAME = f(0)",
    "mutual recursion": "def f(): return g()\ndef g(): return f()\nNAME = f()",
    "while": "n = 0\nwhile True: n += 1\nNAME = str(n)",
    "power": "NAME = str(10 ** 10 ** 10)",
    "power tower": "x = 2\nx = x ** x ** x ** x ** x ** x\nNAME = str(x)",
    "shift": "NAME = str(1 << 10 ** 12)",
    "repeat": "NAME = 'x' * 10 ** 12",
    "repeat list": "NAME = str([0] * 10 ** 12)",
    "doubling": "NAME = 'x'\n" + "NAME = NAME + NAME\n" * 60,
    "range": "NAME = ''.join('x' for _ in range(10 ** 12))",
    "nested ranges": "NAME = str([[0 for _ in range(10**6)] for _ in range(10**6)])",
    "for": "NAME = ''\nfor _ in range(10 ** 12): NAME += 'x'",
    "format width": "NAME = f'{1:>999999999999}'",
    "percent width": "NAME = '%999999999999d' % 1",
    "ljust": "NAME = 'x'.ljust(10 ** 12)",
    "self reference": "d = {}\nd['d'] = d\nNAME = str(d)",
    "own base": "class A(A): NAME = 'x'\nNAME = A.NAME",
    "lambda": "f = lambda f: f(f)\nNAME = f(f)",
    "product": "NAME = str(" + " * ".join(["99999999999"] * 3000) + ")",
    "replace": "x = 'a' * 1000\n" + "x = x.replace('a', x)\n" * 10 + "NAME = x",
    "regular expression": "import re\nNAME = re.sub('(a+)+$', '', 'a' * 60 + 'b')",
    "exec": 'exec(\'open("pwned", "w")\')\nNAME = eval(\'open("pwned", "w").name\')',
    "import": "import beside\nNAME = beside.NAME",
}


@pytest.mark.parametrize("code", ENDLESS.values(), ids=ENDLESS)
def test_scripts_are_not_run(code: str, tmp_path: Path) -> None:
    source = tmp_path / "input.py"
    source.write_text(TRAINING.format(code=code))
    (tmp_path / "beside.py").write_text("open('pwned', 'w')\nNAME = 'acme/model'\n")
    ended = ftx("convert", source, "--to", "axolotl", cwd=tmp_path)
    unharmed(ended)
    assert len(ended.err) < 20_000
    assert not (tmp_path / "pwned").exists()


SETTINGS = [
    "=x", "x", "", "learning_rate=[", "learning_rate=", "learning_rate={{", "__class__=1",
    "datasets.999999999.path=x", "datasets[999999999].path=x", "a" * 10_000 + "=1",
    "lora_r=" + "9" * 5000, "a.b.c.d.e.f=1", "..=1", ".=", "learning_rate=${x}", "base_model=\x07",
    "datasets.-1.path=x", "base_model.x=1",
]  # fmt: skip


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s[:20])
@pytest.mark.parametrize("name", ["axolotl.yaml", "torchtune.yaml", "unsloth.py"])
def test_odd_settings(setting: str, name: str, tmp_path: Path) -> None:
    source = RECIPES / "chat_lora" / name
    ended = ftx("convert", source, "--to", "ir", "--set", setting)
    unharmed(ended)
    assert len(ended.err) < 40_000
