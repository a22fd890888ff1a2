"""Command-line arguments that a script declares, at their defaults."""

from __future__ import annotations

import ast
from typing import Any

from translator.syntax.evaluate_machine import Machine
from translator.syntax.evaluate_values import (
    Argument,
    Arguments,
    Attribute,
    Class,
    External,
    Function,
    Instance,
    Known,
    Made,
    Mapping,
    Sequence,
    Unknown,
    Value,
    sequence,
)

COMMAND_LINE = "the command line"
"""The note of an object of a library's class that a parser fills; here with its defaults."""


def parse_arguments(
    machine: Machine, parser: Value, name: str, arguments: Arguments, node: ast.AST
) -> Value | None:
    """What a parser's method gives: a namespace of defaults, or objects of dataclasses."""
    if name in ("parse_args", "parse_known_args", "parse_args_known"):
        if _dataclasses(parser):
            return _objects(machine, parser, node)
        namespace = _namespace(machine, parser, node)
        return namespace if name == "parse_args" else _with_rest(namespace, node)
    if name in ("parse_args_into_dataclasses", "parse_args_and_config"):
        return _objects(machine, parser, node)
    if name in ("parse_yaml_file", "parse_json_file", "parse_dict"):
        given = arguments.value({"parse_dict": "args"}.get(name, f"{name[6:10]}_file"), 0)
        content: Value | None = given
        if name != "parse_dict" and given is not None:
            from translator.syntax.evaluate_files import load_file

            content = load_file(machine, given)
        return _objects(machine, parser, node, content)
    return None


def _with_rest(namespace: Value, node: ast.AST) -> Value:
    return sequence("tuple", (namespace, sequence("list", (), node)), node)


def _namespace(machine: Machine, parser: Value, node: ast.AST) -> Instance:
    found: dict[str, Value] = {}
    later: dict[str, Value] = {}
    for made in machine.calls:
        if _root(made.receiver) is not parser:
            continue
        if made.name == "add_argument":
            name, value = _declared(machine, made)
            if name and not (name in found and isinstance(value, Unknown)):
                found[name] = value
        elif made.name == "set_defaults":
            later.update({k: a.value for k, a in made.arguments.keywords.items()})
    found.update(later)
    for name in found:
        found[name] = machine.override(name) or found[name]
    return Instance(found, hint="args", at=node)


def _root(value: Value | None) -> Value | None:
    """The parser that a group or sub-parser belongs to."""
    while isinstance(value, Made) and value.name in (
        "add_argument_group",
        "add_mutually_exclusive_group",
        "add_subparsers",
        "add_parser",
    ):
        value = value.receiver
    return value


def _declared(machine: Machine, made: Made) -> tuple[str, Value]:
    """The name and the value of one ``add_argument``."""
    flags = [a.value.value for a in made.arguments.positional if isinstance(a.value, Known)]
    texts = [flag for flag in flags if isinstance(flag, str)]
    dest = made.arguments.value("dest")
    if isinstance(dest, Known):
        name = str(dest.value)
    else:
        long = next((t for t in texts if t.startswith("--")), texts[0] if texts else "")
        name = long.lstrip("-").replace("-", "_")
    default = made.arguments.value("default")
    if default is not None:
        return name, _converted(machine, default, made)
    action = made.arguments.value("action")
    if isinstance(action, Known) and action.value in ("store_true", "store_false"):
        return name, Known(action.value == "store_false", at=made.at)
    required = made.arguments.value("required")
    positional = bool(texts) and not texts[0].startswith("-")
    optional = made.arguments.value("nargs")
    if isinstance(optional, Known) and optional.value in ("?", "*"):
        positional = False
    if positional or (isinstance(required, Known) and required.value):
        return name, Unknown((name,), f"the argument {texts[-1] if texts else name}", at=made.at)
    return name, Known(None, at=made.at)


def _converted(machine: Machine, default: Value, made: Made) -> Value:
    """A default given as text goes through the argument's type, as argparse does it."""
    kind = made.arguments.value("type")
    if not isinstance(default, Known) or not isinstance(default.value, str) or kind is None:
        return default
    if isinstance(kind, External):
        convert: Any = {"builtins.int": int, "builtins.float": float}.get(kind.name)
        if convert is None:
            return default
        try:
            return Known(convert(default.value), at=default.at)
        except ValueError:
            return default
    if isinstance(kind, Function):
        result = machine.call(
            kind, Arguments((Argument(default, default.at),)), made.at or kind.node
        )
        return result if isinstance(result, Known) else default
    return default


# -- dataclasses on the command line --------------------------------------------------------------


def _dataclasses(parser: Value) -> list[Value]:
    if not isinstance(parser, Made) or not parser.name.endswith(("ArgumentParser", "TrlParser")):
        return []
    if parser.name == "ArgumentParser":
        return []
    given = parser.arguments.value("dataclass_types", 0)
    if isinstance(given, Sequence):
        return list(given.items)
    return [] if given is None else [given]


def _objects(machine: Any, parser: Value, node: ast.AST, content: Value | None = None) -> Value:
    made: list[Value] = []
    for kind in _dataclasses(parser):
        keywords: dict[str, Argument] = {}
        more: tuple[Value, ...] = ()
        if isinstance(content, Mapping):
            for key, value in content.entries.items():
                if not isinstance(kind, Class) or key in machine.constructor(kind):
                    keywords[str(key)] = Argument(value)
        elif content is not None:
            more = (content,)
        arguments = Arguments((), keywords, more)
        if isinstance(kind, Class):
            instance = machine.call(kind, arguments, node)
            if isinstance(instance, Instance):
                instance.hint = kind.name
            made.append(instance)
        else:
            parsed = machine.make(kind, arguments, node)
            parsed.note = COMMAND_LINE
            made.append(parsed)
    return sequence("tuple", tuple(made), node)


def is_parser(value: Value) -> bool:
    """Whether a value is an argument parser."""
    root = _root(value)
    if isinstance(root, Attribute):
        return False
    return isinstance(root, Made) and root.name in (
        "ArgumentParser", "HfArgumentParser", "TrlParser", "H4ArgumentParser", "ArgParser",
    )  # fmt: skip
