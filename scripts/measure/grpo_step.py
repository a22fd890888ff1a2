"""What AgileRL's GRPO step takes on this GPU: allocated and reserved peaks of each part.

    python grpo_step.py CHECKOUT MODEL OUT.json

CHECKOUT is a copy of AgileRL's repository, whose adapter routing and tiled log-probabilities are
loaded by path and used as they are (measured: the parent of its commit 0f532237); MODEL is a name of architectures.py. The step around them
(agilerl/algorithms/core/base.py, algorithms/grpo.py) is written down here: both adapters through the
frozen model without gradients, then update after update. The weights are random.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import peft
import torch
import transformers
from architectures import ARCHITECTURES

DEVICE = os.environ.get("DEVICE", "cuda")
"""``cpu`` only shows that the step runs: there are no peaks."""
OPERATIONS = Path("agilerl/algorithms/core/llm_ops")
TILE = 256 << 20
CELLS = ((8, 1, 512, 4), (8, 1, 4096, 4), (16, 4, 1024, 8), (32, 2, 2048, 8), (8, 8, 512, 16),
         (16, 4, 2048, 4), (8, 8, 4096, 16), (64, 1, 4096, 4), (64, 8, 512, 16))  # fmt: skip
"""(rank, rows, length, rows of a group)."""
ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]


def loaded(checkout: Path, name: str) -> ModuleType:
    """A module of AgileRL without the package around it."""
    spec = importlib.util.spec_from_file_location(name, checkout / OPERATIONS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # the one thing that these files take from the package is for DeepSpeed
    sys.modules.setdefault("agilerl", ModuleType("agilerl"))
    utils = ModuleType("agilerl.utils.llm_utils")
    utils.gather_if_ds_param = lambda *_: contextlib.nullcontext()  # type: ignore[attr-defined]
    sys.modules.setdefault("agilerl.utils", ModuleType("agilerl.utils"))
    sys.modules.setdefault("agilerl.utils.llm_utils", utils)
    spec.loader.exec_module(module)
    return module


class Step:
    """One model with two adapters, and the step over it."""

    def __init__(self, checkout: Path, name: str, rank: int) -> None:
        self.routing = loaded(checkout, "fused_lora")
        self.tiles = loaded(checkout, "fused_logprobs")
        entry = {k: v for k, v in ARCHITECTURES[name].items() if k != "architectures"}
        config = transformers.AutoConfig.for_model(entry.pop("model_type"), **entry)
        with torch.device(DEVICE):
            model = transformers.AutoModelForCausalLM.from_config(
                config, dtype=torch.bfloat16, attn_implementation="sdpa"
            )
        mixture = getattr(config, "num_experts", None)
        adapters = peft.LoraConfig(r=rank, lora_alpha=2 * rank, task_type="CAUSAL_LM",
                                   target_modules=ATTENTION if mixture else "all-linear")  # fmt: skip
        self.model: Any = peft.get_peft_model(model, adapters, adapter_name="actor")
        self.model.add_adapter("reference", adapters)
        self.model.set_adapter("actor")
        self.model.gradient_checkpointing_enable(
            gradient_checkpointing_kwargs={"use_reentrant": False}
        )
        self.routing.patch_lora_for_fused_forward(self.model)
        self.trained = []
        for key, weight in self.model.named_parameters():
            weight.requires_grad_("lora" in key and "actor" in key)
            if weight.requires_grad:
                self.trained.append(weight)
        self.optimizer = torch.optim.AdamW(self.trained, lr=5e-7)
        self.base = self.model.get_base_model()
        self.head = self.base.lm_head
        self.vocab = config.vocab_size
        self.rows_of_a_tile = max(128, min(4096, TILE // (self.vocab * 4)))

    def hidden(self, ids: torch.Tensor) -> Any:
        """The last hidden state, ``(rows, length, hidden)``."""
        mask = torch.ones_like(ids)
        places = mask.cumsum(-1) - 1
        self.base.lm_head = torch.nn.Identity()
        with torch.amp.autocast(DEVICE, dtype=torch.bfloat16):
            result = self.model(
                input_ids=ids, attention_mask=mask, position_ids=places, use_cache=False
            )
        self.base.lm_head = self.head
        return result.logits

    def play(self, rows: int, length: int, group: int) -> Iterator[str]:
        """The step; yields the name of each part when it is over."""
        ids = torch.randint(10, self.vocab - 10, (group, length), device=DEVICE)
        yield "weights"
        self.model.eval()
        found = []
        with torch.inference_mode():
            both = ids.repeat(2, 1)
            names = ["reference"] * group + ["actor"] * group
            for start in range(0, 2 * group, rows):
                part = slice(start, start + rows)
                self.routing.set_fused_adapter_routing(self.model, names[part])
                found.append(self.tiles.fused_linear_logprobs_chunked(
                    self.hidden(both[part])[:, :-1], self.head.weight, None, both[part, 1:],
                    temperature=0.9, chunk_rows=self.rows_of_a_tile))  # fmt: skip
            self.routing.unset_fused_adapter_routing(self.model)
        reference, old = torch.cat(found).clone().chunk(2)
        yield "pass without gradients"
        self.model.train()
        for number, start in enumerate(range(0, min(group, 3 * rows), rows)):
            part = slice(start, start + rows)
            hidden = self.hidden(ids[part])
            yield f"forward {number}"
            now = self.tiles.FusedLinearLogProbsFunction.apply(
                hidden[:, :-1],
                self.head.weight,
                None,
                ids[part, 1:],
                0.9,
                True,
                self.rows_of_a_tile,
            )
            del hidden
            away = reference[part] - now
            (-(now - old[part]).exp() + 0.001 * (away.exp() - away - 1)).mean().backward()
            yield f"loss and backward {number}"
            torch.nn.utils.clip_grad_norm_(self.trained, 0.1)
            self.optimizer.step()
            self.optimizer.zero_grad()
            yield f"update {number}"


def measured(checkout: Path, name: str, cell: tuple[int, int, int, int]) -> dict[str, Any]:
    """{part: [allocated, reserved]}: peaks in bytes."""
    rank, rows, length, group = cell
    step = Step(checkout, name, rank)
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    peaks = {}
    for part in step.play(rows, length, group):
        peaks[part] = [torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()]
        torch.cuda.reset_peak_memory_stats()
    return {"rank": rank, "rows": rows, "length": length, "group": group, "peaks": peaks}


def main() -> None:
    """Measures every cell and writes OUT.json."""
    checkout, name, out = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    found = []
    for cell in CELLS:
        found.append(measured(checkout, name, cell))
        gc.collect()
        torch.cuda.empty_cache()
    versions = {m.__name__: m.__version__ for m in (torch, transformers, peft)}
    record = {"device": torch.cuda.get_device_name(), "versions": versions, "runs": found}
    out.write_text(json.dumps(record, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
