"""What a script does, read without running it.

:func:`run` follows a module in program order: constants, functions and classes of the script are
evaluated, what libraries do is remembered as *made* by a call (:class:`Made`), and what only the
running program knows stays :class:`Unknown`. The evaluation is bounded in steps, depth and size,
so it ends on any input.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from translator.record import Record
from translator.source import PathLike
from translator.syntax.evaluate_loops import Evaluator
from translator.syntax.evaluate_machine import MAX_STEPS, Scope, Setting
from translator.syntax.evaluate_values import (
    Argument,
    Arguments,
    Class,
    Function,
    Instance,
    Made,
    Scalar,
    Value,
)
from translator.syntax.python import Module

_ENTRY_STEPS = 40
_APPLY_STEPS = 20_000


class Program(Record, kw_only=False):
    """What a script does: calls of libraries, attributes set on what they return, packages and
    where they are first imported, each in program order. ``unused_overrides`` are names the user gave that the script does not have;
    ``exhausted`` says that the evaluation met its limit before the end."""

    module: Module
    machine: Evaluator
    calls: tuple[Made, ...]
    settings: tuple[Setting, ...]
    imports: Mapping[str, ast.AST]
    exhausted: bool

    @property
    def unused_overrides(self) -> tuple[str, ...]:
        """Names that the user gave and nothing took; call it after reading the trainings."""
        used = self.machine.used_overrides
        return tuple(name for name in self.machine.overrides if name not in used)

    def apply(self, function: Value, *arguments: Value, keywords: Arguments | None = None) -> Value:
        """The result of a function of the script on values of the caller's, without a trace."""
        machine = self.machine
        calls, settings, steps = len(machine.calls), len(machine.settings), machine.steps
        machine.steps = max(0, MAX_STEPS - _APPLY_STEPS)
        named = {} if keywords is None else keywords.keywords
        passed = Arguments(tuple(Argument(a, a.at) for a in arguments), named)
        result = machine.call(function, passed, function.at or self.module.tree)
        machine.steps = steps
        del machine.calls[calls:], machine.settings[settings:]
        return result


def run(
    module: Module,
    overrides: Mapping[str, str] | None = None,
    folder: PathLike | None = None,
    interesting: frozenset[str] = frozenset(),
) -> Program:
    """Evaluates a module.

    ``overrides`` maps names (variables, arguments, dotted names) to values given by the user, as
    text. ``folder`` is where configuration files are looked for. Functions that the module itself
    never calls (an entry point that a launcher calls) are followed too when they call something
    whose name is in ``interesting``.
    """
    given = {name: literal(text) for name, text in (overrides or {}).items()}
    machine = Evaluator(module, given, folder, interesting)
    scope = machine.globals
    machine.block(module.tree.body, scope)
    if interesting:
        _follow_entries(machine, scope, interesting)
    return Program(
        module,
        machine,
        tuple(machine.calls),
        tuple(machine.settings),
        dict(machine.imports),
        machine.exhausted,
    )


def literal(text: str) -> Scalar:
    """A value given on the command line: a Python or YAML scalar, else the text itself."""
    words: dict[str, Scalar] = {"true": True, "false": False, "null": None, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    if len(text) > 400:
        return text
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return text
    return value if isinstance(value, bool | int | float | str) else text


# -- entry points ---------------------------------------------------------------------------------


def _follow_entries(machine: Evaluator, scope: Scope, interesting: frozenset[str]) -> None:
    """Follows functions that nothing in the module calls: those that no other such function
    mentions first, since they call the rest."""
    for _ in range(_ENTRY_STEPS):
        waiting = _not_entered(machine, interesting)
        if not waiting or machine.exhausted:
            return
        called = {
            name
            for value in waiting
            for name in machine.mentioned(value.node)
            if name != getattr(value.node, "name", "")
        }
        roots = [v for v in waiting if getattr(v.node, "name", "") not in called]
        value = (roots or waiting)[0]
        if isinstance(value, Class):
            _follow_class(machine, value, interesting)
        elif isinstance(value, Function):
            machine.entered.add(value.node)
            machine.call(value, Arguments(), value.node)


def _follow_class(machine: Evaluator, kind: Class, interesting: frozenset[str]) -> None:
    machine.entered.add(kind.node)
    made = machine.call(kind, Arguments(), kind.node)
    if not isinstance(made, Instance):
        return
    for name, value in list(kind.attributes.items()):
        if not isinstance(value, Function) or value.node in machine.entered:
            continue
        if machine.mentioned(value.node) & interesting:
            method = machine.attribute(made, name, value.node)
            if isinstance(method, Function) and value.node not in machine.entered:
                machine.call(method, Arguments(), value.node)


def _not_entered(machine: Evaluator, interesting: frozenset[str]) -> list[Function | Class]:
    found: list[Function | Class] = []
    for value in machine.globals.variables.values():
        if isinstance(value, Function) and value.node not in machine.entered:
            if machine.mentioned(value.node) & interesting:
                found.append(value)
        elif isinstance(value, Class) and value.node not in machine.entered:
            methods = [v for v in value.attributes.values() if isinstance(v, Function)]
            if any(m.node in machine.entered for m in methods):
                continue
            if any(machine.mentioned(m.node) & interesting for m in methods):
                found.append(value)
    return found
