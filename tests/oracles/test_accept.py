"""The frameworks take what ftx writes from the sample corpus, and the acceptors can say no.

Needs the oracle environments (``make oracles``); ``make corpus`` does the same with real files.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from corpus_accept import accept, python_of
from corpus_run import TARGETS, files_in, run

pytestmark = pytest.mark.oracle
SAMPLE = Path(__file__).parents[2] / "fixtures" / "corpus_sample"

GOOD = {
    "axolotl": SAMPLE / "axolotl" / "lora_chat_llama3.yaml",
    "torchtune": SAMPLE / "torchtune" / "llama3_1_8B_lora_single.yaml",
    "unsloth": SAMPLE / "unsloth" / "vision.py",
}
BAD = {
    "axolotl": [
        ("sequence_len: 2048", "sequence_len: many"),
        ("sequence_len: 2048", "sequence_length: 2048"),
        ("    roles_to_train:", "    train_roles:"),
        ("adapter: lora\n", "adapter: qlora\n"),
        ("seed: 7\n", "deepspeed: not_there.json\n"),
        ("type: chat_template\n", "type: run_rows.not_there\n"),
    ],
    "torchtune": [
        ("lora_rank: 8", "lora_ranks: 8"),
        ("  lora_alpha: 16\n", "  num_layers: 3\n"),
        ("batch_size: 2\n", ""),
        ("lora_finetune_single_device --", "lora_finetune_no_device --"),
        ("llama3_tokenizer", "llama9_tokenizer"),
        ("model_type: LLAMA3", "model_type: LLAMA9"),
        ("  lr: 3e-4\n", "  learning_rate: 3e-4\n"),
        ("  packed: False", "  sauce: tatsu-lab/alpaca"),
        ("dtype: bf16", "dtype: fp16"),
        ("  num_warmup_steps: 100", "  warmup_ratio: 0.1"),
    ],
    "unsloth": [
        ("load_in_4bit=True", "load_in_4bits=True"),
        ("lora_alpha=16", "alpha=16"),
        ("processing_class=", "tokenizer="),
        ("max_steps=30", "maximum_steps=30"),
        ('optim="adamw_8bit"', 'optim="adamw_8bits"'),
        ("train_dataset=chats", "train_dataset=conversations"),
        ("from trl import SFTConfig", "from trl import SFTConfigs"),
        ("from unsloth import FastVisionModel\n", "import trl\nfrom unsloth import FastVisionModel\n"),
        ("learning_rate=2e-4", "load_best_model_at_end=True"),
        ("trainer.train()", "trainer.train(resume=True)"),
    ],
}  # fmt: skip


@pytest.fixture(params=sorted(GOOD))
def target(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if python_of(name) is None:
        pytest.skip(f"no environment to ask about {name}: run make oracles")
    return name


def test_acceptors_tell_good_from_bad(target: str, tmp_path: Path) -> None:
    original = GOOD[target].read_text(encoding="utf-8")
    files = [tmp_path / f"good{GOOD[target].suffix}"]
    files[0].write_text(original, encoding="utf-8")
    for number, (old, new) in enumerate(BAD[target]):
        assert original.count(old) >= 1, old
        files.append(tmp_path / f"bad{number}{GOOD[target].suffix}")
        files[-1].write_text(original.replace(old, new, 1), encoding="utf-8")
    verdicts = accept(target, [str(f) for f in files])
    assert verdicts is not None
    good, *bad = verdicts
    assert good["ok"], good["error"]
    assert [BAD[target][n] for n, verdict in enumerate(bad) if verdict["ok"]] == []


def test_every_conversion_of_the_sample_is_accepted(target: str, tmp_path: Path) -> None:
    assert target in TARGETS
    outcomes = [run(file, (target,), tmp_path) for file in files_in([SAMPLE])]
    written = [a for o in outcomes for a in o.attempts if a.status == "written" and a.file]
    assert len(written) >= 8
    verdicts = accept(target, [str(a.file) for a in written])
    assert verdicts is not None
    assert [v for v in verdicts if not v["ok"]] == []
