"""The comment at the head of a written config: its origin, how to run it, what differs."""

from __future__ import annotations

import os
import re

from translator.catalog.identity import is_local
from translator.diagnostics import Diagnostic, Severity
from translator.frameworks.torchtune.model_writing import META_FILE, folder_of
from translator.frameworks.torchtune.parts import module_of
from translator.writing import Writer

_WIDTH = 98


def head_comment(writer: Writer) -> list[str]:
    """Lines without their ``#``."""
    version = "0.6.1" if writer.version == "0.6.1" else "main (0.7)"
    origin = os.path.basename(writer.document.path)
    lines = [f"Made by ftx from {origin}, for torchtune {version}.", ""]
    download = _download(writer)
    if download is not None:
        lines += ["Fetch the model:", f"  {download}"]
    lines += ["Train:", f"  {run_command(writer)}"]
    if any(key.startswith("side:") for key in writer.facts):
        lines.append(f"  (in the folder that holds {module_of(writer.stem)}.py)")
    shown = [loss for loss in writer.losses if not loss.verbose]
    differences = [_line(loss) for loss in shown if loss.severity is not Severity.NOTE]
    notes = [_line(loss) for loss in shown if loss.severity is Severity.NOTE]
    if differences:
        lines += ["", "What differs:", *_wrapped(differences)]
    if notes:
        lines += ["", "Without effect on what is learned, or beyond telling:", *_wrapped(notes)]
    return lines


def run_command(writer: Writer) -> str:
    """What starts the training."""
    recipe = writer.facts["recipe"]
    gpus = writer.document.recipe.parallelism.gpus
    spread = "" if recipe.endswith("single_device") else f" --nproc_per_node {gpus or 2}"
    return f"tune run{spread} {recipe} --config {writer.stem}.yaml"


def _download(writer: Writer) -> str | None:
    name = str(writer.value("model.id"))
    if is_local(name) or not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        return None
    folder = folder_of(writer).rstrip("/").removesuffix("/original")
    meta = list(writer.value("model.files") or ()) == [META_FILE]
    skipped = "*.safetensors" if meta else "original/consolidated.00.pth"
    return f'tune download {name} --output-dir {folder} --ignore-patterns "{skipped}"'


def _line(loss: Diagnostic) -> str:
    where = f"line {loss.span.line}: " if loss.span is not None else ""
    return f"{where}{' '.join(loss.message.split())}"


def _wrapped(texts: list[str]) -> list[str]:
    lines: list[str] = []
    for text in texts:
        current = "-"
        for word in text.split(" "):
            if len(current) + len(word) >= _WIDTH and current.strip("- "):
                lines.append(current)
                current = " "
            current += f" {word}"
        lines.append(current)
    return lines
