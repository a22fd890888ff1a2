"""Modules of the user's own that lie beside a script: followed where the script imports them.

Nothing is executed: a module is parsed and evaluated as the script itself is, in a scope of its
own. Its values point to the import that brought them, with the module's line as a note.
"""

from __future__ import annotations

import ast
import os
from typing import Any

from translator.source import is_regular_file
from translator.syntax.evaluate_journal import Variables
from translator.syntax.evaluate_machine import Scope
from translator.syntax.evaluate_statements import Flow, Statements
from translator.syntax.evaluate_values import External, Foreign, Known, Value
from translator.syntax.python import Home, Module

MAX_MODULES = 20
MAX_MODULE_BYTES = 300_000
MAX_ALL_BYTES = 1_000_000
_PARENTS = 2
"""How far above the script's folder a package may start: scripts are often run from the root of
their repository."""
_LIBRARIES = frozenset(
    (
        "accelerate", "bitsandbytes", "datasets", "evaluate", "huggingface_hub", "numpy", "pandas",
        "peft", "sklearn", "tokenizers", "torch", "tqdm", "transformers", "trl", "unsloth",
        "unsloth_zoo", "vllm", "wandb", "yaml", "json", "os", "sys", "re", "typing", "pathlib",
        "argparse", "dataclasses", "logging", "random", "math", "time", "datetime",
    )
)  # fmt: skip


class ModuleValue(Foreign):
    """A module of the user's own."""

    scope: Scope


class Modules(Statements):
    """Adds imports of modules that lie beside the script."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.loaded: dict[str, Scope] = {}
        self.homes: list[str] = []
        self.bytes_read = 0

    def attribute(self, base: Value, name: str, node: ast.AST | None) -> Value:
        """An attribute of a value. Never raises."""
        if isinstance(base, ModuleValue):
            found = base.scope.variables.get(name)
            return found if isinstance(found, Value) else self.unknown(node, name)
        return super().attribute(base, name, node)

    def _Import(self, node: ast.Import, scope: Scope) -> Flow:
        flow = super()._Import(node, scope)
        for alias in node.names:
            module = self._own(alias.name, 0, node)
            if module is not None and (alias.asname or "." not in alias.name):
                value = ModuleValue(module, at=node)
                self.assign(alias.asname or alias.name, value, scope)
        return flow

    def _ImportFrom(self, node: ast.ImportFrom, scope: Scope) -> Flow:
        flow = super()._ImportFrom(node, scope)
        module = self._own(node.module or "", node.level, node)
        for alias in node.names:
            if module is not None and alias.name == "*":
                for name, value in list(module.variables.items()):
                    if not str(name).startswith("_"):
                        self.assign(str(name), value, scope)
                continue
            found = None if module is None else module.variables.get(alias.name)
            if not isinstance(found, Value):
                inner = f"{node.module}.{alias.name}" if node.module else alias.name
                below = self._own(inner, node.level, node)
                if below is not None:
                    found = ModuleValue(below, at=node)
            if isinstance(found, Value) and not isinstance(found, External):
                self.assign(alias.asname or alias.name, found, scope)
        return flow

    # -- finding and reading ----------------------------------------------------------------------

    def _own(self, name: str, level: int, node: ast.AST) -> Scope | None:
        """The variables of a module that lies beside the script, None when it is a library."""
        if self.folder is None or (not level and name.partition(".")[0] in _LIBRARIES):
            return None
        try:
            path = self._path(name, level)
        except OSError:
            return None
        if path is None:
            return None
        if path not in self.loaded:
            self._read(path, name, node)
        return self.loaded.get(path)

    def _path(self, name: str, level: int) -> str | None:
        assert self.folder is not None
        parts = [part for part in name.split(".") if part]
        here = os.path.dirname(self.homes[-1]) if self.homes else self.folder
        if level:
            starts = [os.path.join(here, *[".."] * (level - 1))]
        else:
            starts = [here, self.folder]
            for _ in range(_PARENTS):
                starts.append(os.path.dirname(starts[-1]))
        for start in starts:
            place = os.path.join(start, *parts)
            package = os.path.join(place, "__init__.py")
            for candidate in (f"{place}.py" if parts else place, package):
                if is_regular_file(candidate):
                    return os.path.realpath(candidate)
        return None

    def _read(self, path: str, name: str, node: ast.AST) -> None:
        from translator.errors import UnreadableError
        from translator.source import read_source
        from translator.syntax.python import parse_script

        size = os.path.getsize(path)
        self.bytes_read += size
        too_much = len(self.loaded) >= MAX_MODULES or self.bytes_read > MAX_ALL_BYTES
        if too_much or size > MAX_MODULE_BYTES:
            return
        try:
            module = parse_script(read_source(path))
        except (OSError, UnreadableError):
            return
        file = os.path.basename(path)
        mark(module, file, getattr(node, "home", None) or Home(module, file, node))
        scope = Scope(Variables())
        scope.variables["__name__"] = Known(name)
        self.loaded[path] = scope
        self.also_mention(module.tree)
        self.homes.append(path)
        conditions, self.conditions = self.conditions, []
        try:
            self.block(module.tree.body, scope)
        finally:
            self.conditions = conditions
            self.homes.pop()


def mark(module: Module, name: str, above: Home) -> None:
    """Tells every node of a module where it lives, and which import of the script led there."""
    home = Home(module, name, above.at)
    for inner in ast.walk(module.tree):
        inner.home = home  # type: ignore[attr-defined]
