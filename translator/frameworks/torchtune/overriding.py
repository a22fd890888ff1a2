"""``key=value`` overrides, as ``tune run`` takes them on its command line."""

from __future__ import annotations

from collections.abc import Mapping

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.errors import FtxError, UnreadableError
from translator.reading import apply_overrides
from translator.source import Source
from translator.syntax.omegaconf import OmegaConfDialect
from translator.syntax.yaml import read_yaml
from translator.tree import Address, Node


def override(tree: Node, overrides: Mapping[str, str], path: str) -> None:
    """Changes a tree in place; a name ``~key`` removes the key.

    Where a component stands, its bare path replaces ``_component_`` only
    (torchtune/config/_utils.py:_merge_yaml_and_cli_args).

    Raises:
        FtxError: a name leads nowhere, or a value is not YAML.
    """
    for name, text in overrides.items():
        address = _address(name.removeprefix("~"))
        if name.startswith("~"):
            _remove(tree, address, name, path)
            continue
        node = _value(name, text)
        present = tree.get(address)
        if present is not None and isinstance(node.value, str) and present.get(("_component_",)):
            address = (*address, "_component_")
        try:
            apply_overrides(tree, {address: node})
        except KeyError as error:
            raise _unusable(f"--set {name}: nothing in {path} is called {error}", path) from None


def _address(name: str) -> Address:
    steps = name.replace("[", ".").replace("]", "").split(".")
    return tuple(int(step) if step.isdigit() else step for step in steps)


def _value(name: str, text: str) -> Node:
    try:
        node, _ = read_yaml(Source(path=f"--set {name}", text=text), OmegaConfDialect)
    except UnreadableError as error:
        raise _unusable(f"--set {name}={text}: {error}", f"--set {name}") from None
    return node


def _remove(tree: Node, address: Address, name: str, path: str) -> None:
    parent = tree.get(address[:-1])
    if parent is None or not isinstance(parent.value, dict) or address[-1] not in parent.value:
        raise _unusable(f"--set {name}: {path} has no such key", path)
    del parent.value[address[-1]]


def _unusable(message: str, path: str) -> FtxError:
    return FtxError(
        Diagnostic(
            code=Code.BAD_OPTION.code,
            severity=Severity.ERROR,
            message=message,
            file=path,
            span=None,
        )
    )
