"""Functions of libraries whose result is known, or is a matter of convention."""

from __future__ import annotations

import ast
from typing import Any

from translator.syntax.evaluate_builtins import BUILTINS, Handler, as_dict, first_argument
from translator.syntax.evaluate_files import load_file
from translator.syntax.evaluate_machine import Machine
from translator.syntax.evaluate_values import (
    Arguments,
    Attribute,
    Capability,
    Class,
    Each,
    External,
    FileRows,
    Item,
    Known,
    Loaded,
    Made,
    Mapping,
    OpenFile,
    Sequence,
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
    """The content of a configuration file beside the script."""
    file = next((a.value for a in arguments.all()), None)
    content = None if file is None else load_file(machine, file)
    if content is not None:
        return content
    path = _opened(file)
    return Unknown((), at=node) if path is None else Loaded(path=path, at=node)


def _load_json(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    """The same; a list is rows of data, and stays a file."""
    content = _load(machine, arguments, node)
    path = _opened(next((a.value for a in arguments.all()), None))
    if isinstance(content, Sequence) and path is not None:
        return FileRows(path, "json", at=node)
    return content


def _opened(file: Value | None) -> Value | None:
    """The path of a file that is read whole."""
    if isinstance(file, OpenFile):
        return file.path
    if isinstance(file, Made) and file.name in ("read_text", "read_bytes", "open"):
        return file.receiver
    return None


def _parse(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    """``json.loads`` of a line gives a row of the file."""
    given = next((a.value for a in arguments.all()), None)
    while isinstance(given, Made) and given.name in ("strip", "rstrip") and given.receiver:
        given = given.receiver
    if isinstance(given, Each) and isinstance(given.source, FileRows):
        given.source.format = "json"
        return given
    if isinstance(given, Each | Item | Attribute):
        return None
    return _load_json(machine, arguments, node)


def _table_reader(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    """``csv.DictReader(file)``."""
    file = arguments.value("f", 0)
    if not isinstance(file, OpenFile):
        return None
    file.rows.format = "csv"
    return file.rows


def _json_lines(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    """``jsonlines.open(path)``."""
    path = arguments.value("file", 0)
    return None if path is None else FileRows(path, "json", at=node)


def _open_file(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    path = arguments.value("file", 0)
    return None if path is None else OpenFile(path, at=node)


def _type_option(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    """``typer.Option(2e-4, …)`` as a default: its first argument."""
    default = arguments.value("default", 0)
    return default if default is not None and not isinstance(default, Class) else None


def _import_module(machine: Machine, arguments: Arguments, node: ast.AST) -> Value | None:
    name = arguments.value("name", 0)
    if not isinstance(name, Known) or not isinstance(name.value, str):
        return None
    machine.imported(name.value, node)
    return External(name.value, at=node)


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
    "tomllib.load": _load,
    "tomllib.loads": _load,
    "tomli.load": _load,
    "toml.load": _load,
    "toml.loads": _load,
    "json.load": _load_json,
    "json.loads": _parse,
    "orjson.loads": _parse,
    "ujson.loads": _parse,
    "csv.DictReader": _table_reader,
    "jsonlines.open": _json_lines,
    "codecs.open": _open_file,
    "io.open": _open_file,
    "typer.Option": _type_option,
    "typer.Argument": _type_option,
    "importlib.import_module": _import_module,
    "builtins.__import__": _import_module,
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
