"""TRL does what written scripts ask of it: packing with masks, the mean over micro batches, decay.

Runs in an environment with TRL: ``pytest tests/oracles/test_trl.py -m oracle``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs torch")
trl = pytest.importorskip("trl", reason="needs TRL")
transformers = pytest.importorskip("transformers")
datasets = pytest.importorskip("datasets")
tokenizers = pytest.importorskip("tokenizers")

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

LENGTHS = (5, 11, 7, 16, 9, 13, 6, 18)


def tokenizer() -> Any:
    words = {"<pad>": 0, "</s>": 1, **{f"w{i}": i for i in range(2, 40)}}
    model = tokenizers.models.WordLevel(words, unk_token="<pad>")
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizers.Tokenizer(model), pad_token="<pad>", eos_token="</s>"
    )


def small_model() -> Any:
    transformers.set_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=40, hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config)


def trainer_on(rows: list[dict[str, list[int]]], model: Any, **options: Any) -> Any:
    return trl.SFTTrainer(
        model=model,
        processing_class=tokenizer(),
        train_dataset=datasets.Dataset.from_list(rows),
        args=trl.SFTConfig(
            per_device_train_batch_size=1, report_to="none", bf16=False, use_cpu=True,
            loss_type="nll", gradient_checkpointing=False, **options,
        ),
    )  # fmt: skip


def test_masks_become_labels_and_rows_stay_apart(tmp_path: Path) -> None:
    rows = [
        {"input_ids": list(range(2, 2 + n)), "assistant_masks": [0] * 3 + [1] * (n - 3)}
        for n in LENGTHS
    ]
    trainer = trainer_on(rows, small_model(), output_dir=str(tmp_path), packing=True, max_length=32)
    supervised, begun = 0, 0
    for batch in trainer.get_train_dataloader():
        supervised += int((batch["labels"] != -100).sum())
        begun += int((batch["position_ids"] == 0).sum())
    assert supervised == sum(n - 3 for n in LENGTHS)
    assert begun == len(LENGTHS)


def test_a_step_is_the_mean_over_its_micro_batches(tmp_path: Path) -> None:
    ids = [list(range(2, 7)), list(range(2, 27))]
    rows = [{"input_ids": row, "labels": [-100, *row[1:]]} for row in ids]
    expected = small_model()
    losses = [
        expected(
            input_ids=torch.tensor([row["input_ids"]]), labels=torch.tensor([row["labels"]])
        ).loss
        for row in rows
    ]
    (sum(losses) / 2).backward()
    model = small_model()
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    trainer = trainer_on(
        rows, model, output_dir=str(tmp_path), max_steps=1, gradient_accumulation_steps=2,
        optim="sgd", learning_rate=1.0, lr_scheduler_type="constant", max_grad_norm=0.0,
        save_strategy="no",
    )  # fmt: skip
    trainer.model_accepts_loss_kwargs = False
    trainer.train()
    wanted = {name: weight.grad for name, weight in expected.named_parameters()}
    for name, weight in model.named_parameters():
        assert torch.allclose(before[name] - weight, wanted[name], atol=1e-6), name


def test_everything_decays(tmp_path: Path) -> None:
    rows = [{"input_ids": list(range(2, 9)), "labels": list(range(2, 9))}]
    trainer = trainer_on(rows, small_model(), output_dir=str(tmp_path), weight_decay=0.1)
    trainer.get_decay_parameter_names = lambda model: [name for name, _ in model.named_parameters()]
    trainer.create_optimizer()
    groups = [group for group in trainer.optimizer.param_groups if group["params"]]
    assert [group["weight_decay"] for group in groups] == [0.1]
