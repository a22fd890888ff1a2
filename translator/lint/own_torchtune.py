"""A torchtune that a repository brings with it, a fork mostly: its text says what it has."""

from __future__ import annotations

import os
import re
from functools import cached_property

from translator.repository import Repository, entries, text_of

_PARTS = frozenset(("models", "modules", "training", "datasets", "data", "config", "rlhf", "utils"))
_FOLDERS = ("torchtune", "src/torchtune")
_DEPTH = 5
_FILES = 500


class OwnTorchtune:
    """A package called torchtune."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    @cached_property
    def _files(self) -> tuple[str, ...]:
        return tuple(_below(self.folder, _DEPTH))[:_FILES]

    def has(self, path: str) -> bool:
        """Whether its text defines a component, or imports one where the path says."""
        if self._defining(path) is not None:
            return True
        *modules, name = path.split(".")[1:]
        imported = re.compile(rf"\bimport\s+(?:\([^)]*|[^\n]*)\b{re.escape(name)}\b")
        place = os.path.join(self.folder, *modules)
        files = (f"{place}.py", os.path.join(place, "__init__.py"))
        return any(imported.search(text_of(file)) for file in files)

    def takes(self, path: str, argument: str) -> bool:
        """Whether a component of it takes an argument; so does one whose signature is not found."""
        signature = self._signature(path)
        if signature is None or "**" in signature:
            return True
        return re.search(rf"\b{re.escape(argument)}\b", signature) is not None

    def needs(self, path: str, argument: str) -> bool:
        """Whether a component of it cannot do without an argument."""
        signature = self._signature(path) or ""
        without_default = rf"\b{re.escape(argument)}\b(?:\s*:[^,=()]*(?:\[[^=]*?\])?)?\s*(?:,|\Z)"
        return re.search(without_default, signature) is not None

    def _signature(self, path: str, hops: int = 3) -> str | None:
        name = re.escape(path.rpartition(".")[2])
        text = self._defining(path) or ""
        made = re.search(rf"^{name}\s*=\s*(?:functools\.)?partial\(\s*(\w+)", text, re.M)
        if made and hops:
            return self._signature(f"{path.rpartition('.')[0]}.{made[1]}", hops - 1)
        start = re.search(rf"^(?:def|class) {name}\b", text, re.M)
        if start is None:
            return None
        rest = text[start.start() :]
        if rest.startswith("class"):
            rest = rest[rest.find("def __init__") :] if "def __init__" in rest else ""
        parameters = re.match(r"def \w+\((.*?)\)\s*(?:->|:)", rest, re.S)
        return re.sub(r"#.*", "", parameters[1]) if parameters else None

    def _defining(self, path: str) -> str | None:
        """The text of the file that defines a component."""
        *modules, name = path.split(".")[1:]
        defined = re.compile(rf"^(?:def |class )?{re.escape(name)}\b\s*[(:=]", re.M)
        where = [self.folder, *modules]
        while True:
            within = os.path.join(*where)
            for file in self._files:
                if file.startswith(within) and defined.search(text_of(file)):
                    return text_of(file)
            if len(where) <= 2:
                return None
            where.pop()


def brought(around: Repository) -> OwnTorchtune | None:
    """The torchtune in the folder of a file or in one above, up to the root of its repository."""
    for folder in around.upwards():
        for name in _FOLDERS:
            package = os.path.join(folder, *name.split("/"))
            # a folder of configs may be called so as well
            if len(_PARTS.intersection(entries(package)[0])) >= 2:
                return OwnTorchtune(package)
    return None


def _below(folder: str, depth: int) -> list[str]:
    folders, files = entries(folder)
    found = [os.path.join(folder, name) for name in files if name.endswith(".py")]
    for name in folders if depth else ():
        found += _below(os.path.join(folder, name), depth - 1)
    return found
