"""A training's arguments: the configuration that its trainer is given, as one positioned tree."""

from __future__ import annotations

from translator.frameworks.unsloth.own_trainers import declared_names
from translator.frameworks.unsloth.script_lineage import library_of
from translator.frameworks.unsloth.script_tree import TreeBuilder
from translator.syntax.evaluate_values import (
    Choice,
    Class,
    External,
    Instance,
    Made,
    Value,
)
from translator.tree import Node


def arguments_tree(builder: TreeBuilder, args: Value | None, trainer: Made) -> Node | None:
    """The keywords of a configuration, None for a trainer without one. ``library`` is whose class
    it is, ``declared`` names the fields that a class of the script's own adds or sets anew."""
    if args is None:
        return None
    if isinstance(args, Made):
        first = next((argument.value for argument in args.arguments.positional), None)
        if isinstance(args.function, External) and args.function.name == "dataclasses.replace":
            before = arguments_tree(builder, first, trainer)
            changed = builder.keywords(args)
            changed.pop("argument_0", None)
            return builder.leaf({**(before.value if before else {}), **changed}, args.at)
        content = builder.call(args)
        if isinstance(args.function, Class):
            content.update(_declared(builder, args.function))
        else:
            content["library"] = builder.leaf(library_of(args), args.at)
        return builder.leaf(content, args.at)
    if isinstance(args, Instance):
        return _instance(builder, args)
    if isinstance(args, Choice):
        return _either(builder, args, trainer)
    argument = trainer.arguments.get("args", 1)
    use = argument.expression if argument is not None else args.at
    return builder.leaf({"**": builder.node(args, use, ("args",))}, args.at)


def _instance(builder: TreeBuilder, args: Instance) -> Node:
    """An object of a dataclass of the script's own."""
    content = {"class": builder.leaf(args.type.name if args.type else "", args.at)}
    base = args.type.foreign_base() if args.type else None
    if base is not None:
        content["base"] = builder.leaf(base.last, args.at)
    if args.type is not None:
        content.update(_declared(builder, args.type))
    for name, value in args.attributes.items():
        content[name] = builder.node(value, value.at, (name,))
    return builder.leaf(content, args.at)


def _declared(builder: TreeBuilder, kind: Class) -> dict[str, Node]:
    names = declared_names(kind)
    return {"declared": builder.plain(sorted(names), kind.node)} if names else {}


def _either(builder: TreeBuilder, args: Choice, trainer: Made) -> Node | None:
    """Both configurations of a branch: what they agree on, the rest unresolved."""
    first = arguments_tree(builder, args.then, trainer)
    second = arguments_tree(builder, args.otherwise, trainer)
    if first is None or second is None:
        return first or second
    merged: dict[str, Node] = {}
    for key in {**first.value, **second.value}:
        left, right = first.value.get(key), second.value.get(key)
        if left is not None and right is not None and left.plain() == right.plain():
            merged[key] = left
        else:
            node = left or right
            unresolved = builder.unresolved(args, args.test.at, (key,))
            merged[key] = Node(unresolved, node.span, node.key_span, node.raw)
    return builder.leaf(merged, args.at)
