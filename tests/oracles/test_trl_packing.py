"""TRL packs rows that come as token ids with a mask, as written scripts give them.

Runs in an environment with TRL: ``pytest tests/oracles/test_trl_packing.py -m oracle``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

trl = pytest.importorskip("trl", reason="needs TRL")
transformers = pytest.importorskip("transformers")
datasets = pytest.importorskip("datasets")
tokenizers = pytest.importorskip("tokenizers")

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

LENGTHS = (5, 11, 7, 16, 9, 13, 6, 18)


def test_masks_become_labels_and_rows_stay_apart(tmp_path: Path) -> None:
    words = {"<pad>": 0, "</s>": 1, **{f"w{i}": i for i in range(2, 40)}}
    model = tokenizers.models.WordLevel(words, unk_token="<pad>")
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizers.Tokenizer(model), pad_token="<pad>", eos_token="</s>"
    )
    rows = [
        {"input_ids": list(range(2, 2 + n)), "assistant_masks": [0] * 3 + [1] * (n - 3)}
        for n in LENGTHS
    ]
    config = transformers.LlamaConfig(
        vocab_size=40, hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2,
    )  # fmt: skip
    trainer = trl.SFTTrainer(
        model=transformers.LlamaForCausalLM(config),
        processing_class=tokenizer,
        train_dataset=datasets.Dataset.from_list(rows),
        args=trl.SFTConfig(
            output_dir=str(tmp_path), packing=True, max_length=32, bf16=False, use_cpu=True,
            per_device_train_batch_size=1, report_to="none",
        ),
    )  # fmt: skip
    supervised, begun = 0, 0
    for batch in trainer.get_train_dataloader():
        supervised += int((batch["labels"] != -100).sum())
        begun += int((batch["position_ids"] == 0).sum())
    assert supervised == sum(n - 3 for n in LENGTHS)
    assert begun == len(LENGTHS)
