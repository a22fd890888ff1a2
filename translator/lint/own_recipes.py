"""Recipes of the author's own, which read what torchtune's do not, and commands that give what a
config leaves out: with those it is as its author wants it. They are looked for in the repository."""

from __future__ import annotations

import os
import re
from functools import cached_property

from translator.codes import Code
from translator.diagnostics import Diagnostic
from translator.lint.commands_around import given_by_commands, head
from translator.lint.context import File
from translator.lint.explaining import OF_ARGUMENTS
from translator.tree import Address, steps

_RECIPE = re.compile(r"config\.parse\b|\w*RecipeInterface\b|def recipe_main\b|cfg: *DictConfig")
_BUILT = ("model", "tokenizer", "dataset", "optimizer", "loss")
"""Sections that every recipe of torchtune builds from a ``_component_``."""
_COMMENTED = re.compile(r"^[ \t]*#.*$", re.M)
_WHOLE = r"\b(?:self\.)?_?(?:cfg|config|conf)"
"""The whole of a configuration as recipes call it."""
_PART = r"(?:\b\w*(?:cfg|conf)\w+|\b(?:cfg|config)(?:\.\w+|\[[\"']\w+[\"']\])+)"
"""A part of one: ``cfg_optimizer``, ``cfg.data.train``."""
_ACCESS = r"(?:\.|\.(?:get|pop)\(\s*[\"']|\[\s*[\"'])"
_RUN = re.compile(r"([\w./-]+\.py)\b[^\n]*?--config[= ]+([^\s\"']+)")
_SCRIPTS = (".sh", ".slurm", ".sbatch", "Makefile", "justfile", ".md")


class OwnRecipes:
    """The recipes around a config."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._path = file.document.path

    def explain(self, finding: Diagnostic) -> bool:
        """Whether a recipe of the author's own, or a command of his, makes a finding idle."""
        address = steps(finding.key) if finding.key else ()
        if finding.code == Code.MISSING_KEY.code:
            key = finding.message.partition(" ")[0]
            return key in self._given or self._done_without(key)
        if finding.code == Code.OLD_SPELLING.code:  # what torchtune's own recipes do with a loss
            return address[:1] == ("loss",) and self._running is not None
        if finding.code == Code.BAD_VALUE.code:  # for a recipe that does other than train
            nothing = address == ("epochs",) and self._file.value("epochs") == 0
            return nothing and bool(self._recipes)
        if finding.code == OF_ARGUMENTS:
            return " takes no " in finding.message and self._taken_out(str(address[-1]))
        if finding.code == Code.NO_EFFECT.code:
            texts = self._likeliest if _about_reading(finding) else []
            return any(_read(text, address) for text in texts)
        if len(address) > 1 and self._without_component(address):
            return bool(self._recipes)
        if len(address) > 1 and self._taken_by_fork(address):
            return True
        return bool(address) and any(_read(text, address) for text in self._recipes.values())

    @cached_property
    def _given(self) -> frozenset[str]:
        return given_by_commands(self._file)

    @cached_property
    def _recipes(self) -> dict[str, str]:
        """Files that look like recipes that train with torchtune, and their texts. In a repository that is
        torchtune itself or a fork of it, the one that the config belongs to."""
        found = {
            path: _COMMENTED.sub("", text)
            for path, text in self._file.around.files(".py")
            if "torchtune" in text and "optimizer" in text and _RECIPE.search(text)
        }
        if self._file.own_torchtune is None:
            return found
        facts = self._file.document.facts
        belongs = str(facts.get("named") or facts.get("recipe")).rpartition("/")[2]
        return {path: text for path, text in found.items() if _stem(path) == belongs}

    @cached_property
    def _running(self) -> str | None:
        """The text of the recipe that this config belongs to: one that is called as the config is,
        or that its head or a script of the repository runs with it."""
        texts = self._recipes
        if not texts:
            return None
        called = {_stem(recipe) for recipe, _ in _runs(head(self._file))} | {_stem(self._path)}
        if called.isdisjoint(map(_stem, texts)):
            name = os.path.basename(self._path)
            for _, script in self._file.around.files(*_SCRIPTS):
                if name in script:
                    called |= {_stem(r) for r, c in _runs(script) if os.path.basename(c) == name}
        return next((text for path, text in texts.items() if _stem(path) in called), None)

    @cached_property
    def _likeliest(self) -> list[str]:
        """The texts of the recipes that a key of torchtune's may be for: that which runs the config
        or is called as its head says; any, where that says nothing."""
        if self._running is not None:
            return [self._running]
        named = self._file.document.facts.get("named")
        if any(self._without_component((key,)) for key in _BUILT):
            named = None  # the head was copied: a recipe of torchtune takes no such config
        return [
            text
            for path, text in self._recipes.items()
            if named is None or _stem(path) == named.rpartition("/")[2]
        ]

    def _done_without(self, key: str) -> bool:
        """Whether the config's own recipe looks for no such key."""
        argument = "." in key and not key.endswith("._component_")
        running = None if argument else self._running
        return running is not None and not _read(running, (key,))

    def _taken_out(self, name: str) -> bool:
        """Whether a recipe removes an argument before the component gets the others."""
        name = re.escape(name)
        out = re.compile(rf"\.pop\(\s*[\"']{name}[\"']|\bdel [\w.]+(?:\.|\[[\"']){name}\b")
        return any(out.search(text) for text in self._recipes.values())

    def _taken_by_fork(self, address: Address) -> bool:
        """Whether the torchtune of the repository has an argument that the released one has not."""
        called = self._file.value((*address[:-1], "_component_"))
        if not isinstance(called, str) or not called.startswith("torchtune."):
            return False
        brought = self._file.own_torchtune
        return brought is not None and brought.takes(called, str(address[-1]))

    def _without_component(self, address: Address) -> bool:
        """Whether a section is none that a recipe of torchtune could make something of."""
        section = self._file.node(address[:1])
        return section is not None and section.is_mapping and "_component_" not in section.value


def _about_reading(finding: Diagnostic) -> bool:
    """Whether a key is called idle since a recipe does not read it, or reads it beside another."""
    return finding.message.endswith(("does not read it", "there is no dataset_val"))


def _read(text: str, address: Address) -> bool:
    """Whether a recipe reads a key: from the whole configuration, or from a part of it."""
    source = _WHOLE if len(address) == 1 else _PART
    return re.search(rf"{source}{_ACCESS}{re.escape(str(address[-1]))}\b", text) is not None


def _runs(text: str) -> list[tuple[str, str]]:
    """The recipes that commands in a text run, and with which configs."""
    return _RUN.findall(text.replace("\\\n", " "))


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]
