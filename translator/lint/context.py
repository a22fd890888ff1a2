"""What a rule may look at: one file that has been read, and the options of the run."""

from __future__ import annotations

import re
from collections.abc import Container
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from translator.catalog.models import ModelFacts
from translator.diagnostics import Applicability, Edit, Fix
from translator.document import Document, Origin
from translator.ir import Recipe
from translator.record import Record
from translator.spans import Span
from translator.tree import Address, Node, Unresolved, spell, steps

if TYPE_CHECKING:
    from translator.estimate.report import Estimate
    from translator.lint.own_torchtune import OwnTorchtune
    from translator.repository import Repository


_OPEN_ENDED = r"[(,]\s*\*\*\w|HfArgumentParser|TrlParser|setattr\("
_PARAMETERS = r"\bdef \w+\([^()]*\)|\blambda [^:()]*:"
_NAME = r"[\w./:~-]+"


def is_name(text: str) -> bool:
    """Whether this is a path or a name, rather than an expression that stands for one."""
    return re.fullmatch(_NAME, text) is not None


class Place(NamedTuple):
    """Where a finding points, and what it is about."""

    span: Span | None
    key: str | None = None
    field: str | None = None


class Options(Record):
    """What a user says about the machine and the purpose, beside the file."""

    gpu: str | None = None
    gpus: int | None = None
    nodes: int | None = None
    portable_to: str | None = None


class File:
    """A document as rules see it.

    Keys are those of the file's own framework, written with dots (``fsdp_config.offload_params``);
    a key without a value counts as absent. Fields are those of the IR.
    """

    def __init__(self, document: Document, options: Options) -> None:
        self.document = document
        self.options = options
        self._tree = tree = document.tree
        self._top: Container[str | int] = tree.value if tree is not None and tree.is_mapping else ()

    @property
    def recipe(self) -> Recipe:
        return self.document.recipe

    @property
    def format(self) -> str:
        return self.document.format

    @cached_property
    def model(self) -> ModelFacts | None:
        """What is known about the model; None when nothing is."""
        from translator.catalog.models import facts

        return facts(self.recipe.model.id)

    @cached_property
    def estimate(self) -> Estimate | None:
        """Peak memory on the card that ``--gpu`` names; None without one, or for a model or a
        workload that cannot be estimated."""
        from translator.errors import FtxError
        from translator.estimate.report import estimate

        if self.options.gpu is None:
            return None
        try:
            return estimate(self.document, gpu=self.options.gpu, gpus=self.options.gpus)
        except FtxError:
            return None

    @cached_property
    def around(self) -> Repository:
        """What lies around the file. Look there only where something is about to be told: it takes
        longer than all the rules together."""
        from translator.repository import Repository

        return Repository(self.document.path)

    @cached_property
    def own_torchtune(self) -> OwnTorchtune | None:
        """The torchtune that the file's repository brings, if it does."""
        from translator.lint.own_torchtune import brought

        return brought(self.around)

    # -- keys -------------------------------------------------------------------------------------

    def node(self, key: str | Address) -> Node | None:
        """The node of a key that has a value."""
        address = steps(key) if isinstance(key, str) else key
        if self._tree is None or (address and address[0] not in self._top):  # as most are
            return None
        node = self._tree.get(address)
        return None if node is None or node.value is None else node

    def value(self, key: str | Address) -> Any:
        """The plain value of a key; None when absent, or known to the running program only."""
        node = self.node(key)
        if node is None or isinstance(node.value, Unresolved):
            return None
        return node.plain()

    def on(self, *keys: str) -> str | None:
        """The first of some keys whose value counts as true in Python."""
        for key in keys:
            if self.value(key):
                return key
        return None

    def given(self, *keys: str) -> list[str]:
        """Those of some keys that have a value, in the order given."""
        return [key for key in keys if self.node(key) is not None]

    def elements(self, key: str) -> list[tuple[Address, Node]]:
        """The elements of a list, or a single value as a list of one, with their addresses."""
        node, address = self.node(key), _address(key)
        if node is None:
            return []
        if node.is_sequence:
            return [((*address, position), child) for position, child in enumerate(node.value)]
        return [(address, node)]

    @cached_property
    def open_ended(self) -> bool:
        """Whether a script takes arguments from where ftx does not see them: what it does not say
        may be said there."""
        if self.format != "unsloth":
            return False
        return re.search(_OPEN_ENDED, re.sub(_PARAMETERS, "", self.document.text)) is not None

    # -- places -----------------------------------------------------------------------------------

    def at(self, *keys: str | Address) -> Place:
        """The place of the first of some keys that is written; the top of the file else."""
        for key in keys:
            node = self.node(key)
            if node is not None:
                span = node.key_span if node.is_mapping or node.is_sequence else node.span
                return Place(span or node.span, spell(_address(key)))
        return Place(self.top, spell(_address(keys[0])) if keys else None)

    def at_name(self, key: str) -> Place:
        """The place of a key's name, for what is told of the name whatever its value: in a script
        the keyword in the call, not where the value comes from."""
        node = self.node(key)
        if node is None or node.key_span is None or node.reference is None:
            return self.at(key)
        return Place(node.key_span, key)

    def where(self, *fields: str) -> Place:
        """The place that the first of some fields was written at; the top of the file else."""
        for field in fields:
            origin = self.origin(field)
            if origin.written and origin.span is not None:
                return Place(origin.span, origin.key, field)
        return Place(self.top, None, fields[0] if fields else None)

    @property
    def top(self) -> Span | None:
        """Where a finding goes that is about something the file does not say: its first key, or
        the line of a script's training."""
        line = self.document.facts.get("line")
        text = self.document.text
        if line is not None and self.format == "unsloth":
            trainer = self.node("trainer")
            if trainer is not None:
                return _first_line(trainer.span, text)
        tree = self.document.tree
        children = tree.value if tree is not None and tree.is_mapping else {}
        spans = [c.key_span or c.span for c in children.values()]
        return min(spans, default=None, key=lambda span: span.start)

    def origin(self, field: str) -> Origin:
        """Where a field's value came from."""
        return self.document.origin(field)

    def written(self, field: str) -> bool:
        """Whether the file itself states a field."""
        return self.origin(field).written

    def name(self, field: str, otherwise: str) -> str:
        """What the file calls a field that it states."""
        return self.origin(field).key or otherwise

    # -- fixes ------------------------------------------------------------------------------------

    def replace(self, key: str | Address, text: str, *, safe: bool) -> Fix | None:
        """A fix that writes another value for a key; None where it is not written literally."""
        node = self.node(key)
        if node is None or node.reference is not None:
            return None
        code = self.document.text if self.document.code is None else self.document.code
        if code[node.span.start : node.span.end] != node.raw and node.raw:
            return None
        edit = Edit(start=node.span.start, end=node.span.end, text=text)
        return _fix(f"{spell(_address(key))}: {text}", safe, edit)

    def rename(self, key: str | Address, name: str, *, safe: bool) -> Fix | None:
        """A fix that spells the last step of a key otherwise."""
        node = self.node(key)
        if node is None or node.key_span is None:
            return None
        written = self.document.text if self.document.code is None else self.document.code
        if _last(key) not in written[node.key_span.start : node.key_span.end]:
            return None
        edit = Edit(start=node.key_span.start, end=node.key_span.end, text=name)
        return _fix(f"{spell(_address(key))} becomes {name}", safe, edit)

    def remove(self, key: str | Address, *, safe: bool) -> Fix | None:
        """A fix that removes the line of a key with a single value; None where it cannot."""
        from translator.lint.editing import line_of

        node = self.node(key)
        if node is None or node.is_mapping or node.is_sequence:
            return None
        edit = line_of(self.document, node)
        return _fix(f"without {spell(_address(key))}", safe, edit) if edit else None

    def add(self, line: str, *, after: str, safe: bool) -> Fix | None:
        """A fix that puts a line for a top-level key below the line of another one."""
        from translator.lint.editing import below

        node = self.node(after)
        if node is None:
            return None
        edit = below(self.document, node, line)
        return _fix(f"with {line}", safe, edit) if edit else None


def _fix(message: str, safe: bool, edit: Edit) -> Fix:
    applicability = Applicability.SAFE if safe else Applicability.UNSAFE
    return Fix(message=message, edits=(edit,), applicability=applicability)


def _address(key: str | Address) -> Address:
    return steps(key) if isinstance(key, str) else key


def _last(key: str | Address) -> str:
    return str(_address(key)[-1])


def _first_line(span: Span, text: str) -> Span:
    end = text.find("\n", span.start, span.end)
    if end == -1:
        return span
    return Span(span.start, end, span.line, span.column, span.line, span.column + end - span.start)
