"""Run Unsloth scripts on the CPU, with Unsloth's stand-in over the real TRL, and record them.

    python run_script.py JOBS.json

Run from the folder that the scripts' data paths are relative to. A script is the user's, with
these edits: the string that names the model becomes the tiny model's folder; ``dtype``, ``bf16``
and ``fp16`` ask for float32; no checkpoints, and the result goes to a folder that goes away.
"""

from __future__ import annotations

import ast
import sys
import tempfile
from pathlib import Path

from jobs import Job, run_jobs

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "unsloth_stub"), str(TESTS.parents[1])]

import unsloth  # noqa: E402, F401 - patches TRL, as the real one does, before anything else
from hf_recorder import watch  # noqa: E402
from trajectory import Recorder, Trajectory  # noqa: E402


class _Edits(ast.NodeTransformer):
    """The edits that the module names, as keyword arguments wherever they are passed."""

    def __init__(self, model: str, scratch: str) -> None:
        self.values: dict[str, object] = {
            "model_name": model,
            "tokenizer_name": model,
            "dtype": None,
            "bf16": False,
            "fp16": False,
            "output_dir": scratch,
            "save_strategy": "no",
        }

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
        exec(compile(tree, str(job.config), "exec"), {"__name__": "__main__"})
    return recorder.trajectory


if __name__ == "__main__":
    run_jobs(train)
