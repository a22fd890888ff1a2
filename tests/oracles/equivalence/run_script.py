"""Run Unsloth scripts with the real TRL, and record them.

Where Unsloth is installed it is the real one; where it is not (it cannot be imported without a
GPU), a stand-in over TRL takes its place.

    python run_script.py JOBS.json

Run from the folder that the scripts' data paths are relative to. A script is the user's, with
these edits: the string that names the model becomes the tiny model's folder; no checkpoints, and
the result goes to a folder that goes away. Without a GPU also: ``dtype``, ``bf16`` and ``fp16`` ask
for float32.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
import tempfile
from pathlib import Path

from jobs import Job, run_jobs

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS.parents[1]))
if importlib.util.find_spec("unsloth") is None:
    sys.path.insert(0, str(TESTS / "unsloth_stub"))

import unsloth  # noqa: E402, F401, I001 - patches TRL, as the real one does, before anything else
import torch  # noqa: E402
from hf_recorder import watch  # noqa: E402
from trajectory import Recorder, Trajectory  # noqa: E402


class _Edits(ast.NodeTransformer):
    """The edits that the module names, as keyword arguments wherever they are passed."""

    def __init__(self, model: str, scratch: str) -> None:
        self.values: dict[str, object] = {
            "model_name": model,
            "tokenizer_name": model,
            "output_dir": scratch,
            "save_strategy": "no",
        }
        if not torch.cuda.is_available():
            self.values |= {"dtype": None, "bf16": False, "fp16": False}

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        given = {keyword.arg for keyword in node.keywords}
        for keyword in node.keywords:
            if keyword.arg in self.values:
                keyword.value = ast.Constant(self.values[keyword.arg])
        if "output_dir" in given and "save_strategy" not in given:
            node.keywords.append(ast.keyword("save_strategy", ast.Constant("no")))
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if node.args and method.startswith("save_pretrained"):
            node.args[0] = ast.Constant(self.values["output_dir"])
        if node.args and method == "from_pretrained":
            node.args[0] = ast.Constant(self.values["model_name"])
        return node


def edited(text: str, model: str, scratch: str) -> ast.Module:
    """The script's tree with the edits that the module names."""
    tree = _Edits(model, scratch).visit(ast.parse(text))
    return ast.fix_missing_locations(tree)


def train(job: Job) -> Trajectory:
    """Run one script."""
    recorder = Recorder("unsloth")
    watch(recorder)
    text = job.config.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        tree = edited(text, str(job.model), scratch)
        try:
            exec(compile(tree, str(job.config), "exec"), {"__name__": "__main__"})
        finally:  # what a script does after training may fail; the training is recorded
            recorder.trajectory.write(job.out)
    return recorder.trajectory


if __name__ == "__main__":
    run_jobs(train)
