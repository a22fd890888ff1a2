"""Reads the sources that translator/estimate/shapes.json cites again, and compares.

    python scripts/check_shape_sources.py FOLDER

FOLDER holds clones (or bare git folders) as ``owner+name`` or ``owner/name``. What can be compared
by a program is: a ``config.json``, TransformerLens' table of properties, and literals of a Python
file at the cited line. Shell scripts, cards and tables that are computed are counted as read by
people. Exit code 1 when a number differs.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

CATALOG = Path(__file__).parent.parent / "translator" / "estimate" / "shapes.json"
CITED = re.compile(r"([\w.-]+/[\w.-]+)@([0-9a-f]{7,40}): ([\w./+-]+\w)(?::(\d+))?")
NAMES: Mapping[str, tuple[str, ...]] = {
    "hidden": ("hidden_size", "n_embd", "d_model", "embed_dim"),
    "layers": ("num_hidden_layers", "n_layer", "n_layers", "num_layers"),
    "heads": ("num_attention_heads", "n_head", "n_heads", "num_heads"),
    "kv": ("num_key_value_heads", "num_kv_heads", "num_query_groups", "n_key_value_heads"),
    "inner": ("intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size", "d_mlp", "hidden_dim"),
    "vocab": ("vocab_size", "d_vocab", "num_embed"),
    "experts": ("num_experts", "num_local_experts", "n_routed_experts", "num_moe_experts"),
}
"""What is compared, and what it is called in one place or another."""


def numbers(config: Mapping[str, Any]) -> dict[str, int]:
    """The compared dimensions that a configuration has."""
    found = {}
    for kind, names in NAMES.items():
        value = next((config[n] for n in names if isinstance(config.get(n), int)), None)
        if value:
            found[kind] = value
    return found


def literals(source: str, line: int) -> Iterator[dict[str, Any]]:
    """Dictionaries, calls and classes around a line, with the values that are literals."""
    for node in ast.walk(ast.parse(source)):
        if not (getattr(node, "lineno", 0) <= line <= (getattr(node, "end_lineno", 0) or 0)):
            continue
        pairs: list[tuple[Any, ast.expr | None]] = []
        if isinstance(node, ast.Dict):
            pairs = [(k.value if isinstance(k, ast.Constant) else None, v)
                     for k, v in zip(node.keys, node.values, strict=True)]  # fmt: skip
        elif isinstance(node, ast.Call):
            pairs = [(k.arg, k.value) for k in node.keywords]
        elif isinstance(node, ast.ClassDef):
            pairs = [(b.target.id, b.value) for b in node.body
                     if isinstance(b, ast.AnnAssign) and isinstance(b.target, ast.Name)]  # fmt: skip
        found = {k: v.value for k, v in pairs if isinstance(v, ast.Constant)}
        if len(numbers(found)) >= 3:
            yield found


def cited(folder: Path, repo: str, commit: str, path: str) -> str | None:
    """The text of a cited file, or None when its repository or commit is not there."""
    for place in (repo.replace("/", "+", 1), repo):
        for git in (folder / place, folder / place / "repo", folder / place / ".git"):
            done = subprocess.run(["git", "--git-dir", str(git), "show", f"{commit}:{path}"],
                                  capture_output=True, text=True)  # fmt: skip
            if done.returncode == 0:
                return done.stdout
    return None


def versions(text: str, path: str, line: str | None, ids: list[str]) -> list[dict[str, Any]]:
    """Configurations that a cited file has for a model."""
    if path.endswith(".json"):
        whole = json.loads(text)
        return [whole.get("text_config", whole)]
    if path.endswith(".jsonl"):
        rows = map(json.loads, text.splitlines())
        names = {i.lower() for i in ids} | {i.rsplit("/", 1)[-1].lower() for i in ids}
        return [r["config.raw__"] for r in rows if (r["name.huggingface"] or "").lower() in names]
    if path.endswith(".py") and line:
        return list(literals(text, int(line)))
    return []


def main() -> int:
    """Compares all; returns the exit code."""
    folder = Path(sys.argv[1])
    result: Counter[str] = Counter()
    wrong = 0
    for entry in json.loads(CATALOG.read_text(encoding="utf-8"))["models"]:
        match = CITED.search(entry["source"])
        if match is None:
            result[f"no file cited ({entry['checked']})"] += 1
            continue
        repo, commit, path, line = match.groups()
        text = cited(folder, repo, commit, path)
        if text is None:
            result["repository not there"] += 1
            continue
        ours = numbers(entry["config"])
        there = [numbers(c) for c in versions(text, path, line, entry["ids"])]
        there = [n for n in there if len(n) >= 3]
        if not there:
            result["for people to read"] += 1
        elif any(all(ours.get(k, v) == v for k, v in n.items()) for n in there):
            result["agrees"] += 1
        else:
            wrong += 1
            print(f"{entry['ids'][0]}: {ours} against {there}: {entry['source']}")
    print(", ".join(f"{n} {what}" for what, n in result.most_common()), f"; {wrong} differ")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
