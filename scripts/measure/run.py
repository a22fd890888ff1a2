"""What is said of one run."""

from __future__ import annotations

from dataclasses import dataclass

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
ALL = (*ATTENTION, "gate_proj", "up_proj", "down_proj")
LINEAR = ("all-linear",)
"""Every linear layer, whatever it is called."""
PHI = ("qkv_proj", "o_proj", "gate_up_proj", "down_proj")


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training run."""

    framework: str
    model: str
    method: str
    """full, lora, qlora"""
    rows: int
    length: int
    optimizer: str
    checkpointing: str = "full"
    loss: str = ""
    """Plugin or loss: liger, cut, chunked, nll; empty for the framework's own."""
    rank: int = 16
    targets: tuple[str, ...] = ALL
    accumulation: int = 1
    packed: bool = False
    dropout: float = 0.0
    dora: bool = False
    layers: bool = False
    """Liger's layers."""
    experts: bool = False
    """Whether experts get adapters too."""
    held_out: bool = False
    """Predicted with frozen formulas; the others may be looked at while formulas are made."""
    expandable: bool = False
    strategy: str = ""
    """ddp, fsdp1, fsdp2, zero1, zero2, zero3 over two devices, with ``-offload`` what can be offloaded
    to the host; DeepSpeed's sizes are its defaults, or with ``-auto`` what Axolotl's own files ask
    for; empty for one."""
    objective: str = ""
    """dpo, orpo, grpo; empty for supervised training."""
    recurrence: str = ""
    """``torch``: the mixers of a hybrid run without kernels of their own."""
    snapshot: bool = False
    """Whether the blocks alive at the peak are written down too."""

    @property
    def name(self) -> str:
        """Unique, readable."""
        parts = [self.framework, self.model, self.method, f"{self.rows}x{self.length}",
                 self.optimizer, self.checkpointing, self.loss or "own"]  # fmt: skip
        if self.method != "full":
            parts.append(f"r{self.rank}{'attn' if self.targets == ATTENTION else 'all'}")
        parts += [f"ga{self.accumulation}"] if self.accumulation > 1 else []
        flags = ("packed", "dora", "layers", "experts", "expandable")
        parts += [flag for flag in flags if getattr(self, flag)]
        parts += ["dropout"] if self.dropout else []
        parts += [f"{self.strategy}x2"] if self.strategy else []
        parts += [self.objective] if self.objective else []
        return "-".join(parts)
