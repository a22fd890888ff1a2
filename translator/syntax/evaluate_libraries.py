"""Functions of libraries whose result is known, or is a matter of convention."""

from __future__ import annotations

import ast
from typing import Any

from translator.syntax.evaluate_builtins import BUILTINS, Handler, as_dict, first_argument
from translator.syntax.evaluate_files import load_file
from translator.syntax.evaluate_machine import Machine
from translator.syntax.evaluate_values import (
    Arguments,
    Capability,
    Class,
    Known,
    Mapping,
    OpenFile,
    Unknown,
    Value,
)


def _has_bf16(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    return Capability("bf16", Known(True, at=node), Known(False, at=node), at=node)


def _has_gpu(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    """Unsloth trains on a GPU only, so there is one."""
    return Known(True, at=node)


def _environment(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    name, default = arguments.value("key", 0), arguments.value("default", 1)
    if not isinstance(name, Known) or not isinstance(name.value, str):
        return None
    given = machine.override(name.value)
    return given or default or Unknown((name.value,), at=node)


def _namespace(machine: Any, arguments: Arguments, node: ast.AST) -> Value | None:
    """An object whose attributes are the entries of a dict or the keywords."""
    whole = as_dict(machine, arguments, node)
    if not isinstance(whole, Mapping) or whole.more:
        return None
    whole.note = ""
    for key, value in whole.entries.items():
        if isinstance(value, Mapping) and value.note is None:
            whole.entries[key] = _open(value)
    return whole


def _open(value: Mapping) -> Mapping:
    entries = {
        key: _open(child) if isinstance(child, Mapping) and child.note is None else child
        for key, child in value.entries.items()
    }
    return Mapping(entries, dict(value.keys), dict(value.slots), at=value.at, note="")


def _load(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    file = next((a.value for a in arguments.all()), None)
    content = None if file is None else load_file(machine, file)
    return content or Unknown((), at=node)


def _open_file(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    path = arguments.value("file", 0)
    return None if path is None else OpenFile(path, at=node)


def _type_option(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    """``typer.Option(2e-4, …)`` as a default: its first argument."""
    default = arguments.value("default", 0)
    return default if default is not None and not isinstance(default, Class) else None


LIBRARY: dict[str, Handler] = {
    **BUILTINS,
    "builtins.open": _open_file,
    "os.getenv": _environment,
    "environ.get": _environment,
    "types.SimpleNamespace": _namespace,
    "argparse.Namespace": _namespace,
    "easydict.EasyDict": _namespace,
    "munch.Munch": _namespace,
    "munch.munchify": _namespace,
    "box.Box": _namespace,
    "addict.Dict": _namespace,
    "ml_collections.ConfigDict": _namespace,
    "OmegaConf.create": _namespace,
    "omegaconf.DictConfig": _namespace,
    "OmegaConf.to_container": first_argument,
    "OmegaConf.load": _load,
    "yaml.safe_load": _load,
    "yaml.load": _load,
    "yaml.full_load": _load,
    "json.load": _load,
    "json.loads": _load,
    "typer.Option": _type_option,
    "typer.Argument": _type_option,
    "pathlib.Path": lambda machine, arguments, node: None,
    "cuda.is_bf16_supported": _has_bf16,
    "unsloth.is_bfloat16_supported": _has_bf16,
    "unsloth.is_bf16_supported": _has_bf16,
    "models.is_bfloat16_supported": _has_bf16,
    "_utils.is_bfloat16_supported": _has_bf16,
    "builtins.is_bfloat16_supported": _has_bf16,
    "utils.is_torch_bf16_gpu_available": _has_bf16,
    "utils.is_torch_bf16_available": _has_bf16,
    "cuda.is_available": _has_gpu,
}
"""By full name, or by the last two parts of it."""
