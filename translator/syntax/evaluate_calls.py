"""Calls: functions and classes of the script are followed, libraries' calls are remembered."""

from __future__ import annotations

import ast

from translator.syntax.evaluate_argparse import is_parser, parse_arguments
from translator.syntax.evaluate_columns import call_per_row
from translator.syntax.evaluate_comprehensions import Comprehensions
from translator.syntax.evaluate_files import PATH_PARTS, path_part
from translator.syntax.evaluate_journal import Variables
from translator.syntax.evaluate_libraries import LIBRARY
from translator.syntax.evaluate_machine import (
    MAX_CALLS,
    MAX_DEPTH,
    MAX_SPENT,
    Scope,
)
from translator.syntax.evaluate_methods import call_method, fields_of
from translator.syntax.evaluate_tables import ROW_METHODS
from translator.syntax.evaluate_values import (
    Arguments,
    Attribute,
    Batch,
    Bound,
    Capability,
    Choice,
    Class,
    Each,
    External,
    Foreign,
    Function,
    Instance,
    Item,
    Known,
    Made,
    Many,
    Mapping,
    OpenFile,
    Operation,
    Sequence,
    Text,
    Unknown,
    Value,
    sequence,
)


class Calls(Comprehensions):
    """Adds calls, attributes and items."""

    # -- calling ----------------------------------------------------------------------------------

    def call(self, function: Value, arguments: Arguments, node: ast.AST) -> Value:
        """The result of a call. Never raises."""
        if isinstance(function, Function):
            return self.run_function(function, arguments, node)
        if isinstance(function, Class):
            return self.instantiate(function, arguments, node)
        if isinstance(function, Bound):
            known = call_method(self, function.receiver, function.name, arguments, node)
            return known if known is not None else self.make(function, arguments, node)
        if isinstance(function, External):
            handler = LIBRARY.get(function.name) or LIBRARY.get(function.last_two)
            if handler is not None:
                value = handler(self, arguments, node)
                if value is not None:
                    return value
            return self.make(function, arguments, node)
        if isinstance(function, Instance) and function.type is not None:
            method = function.type.find("__call__")
            if isinstance(method, Function):
                return self.run_function(_bind(method, function), arguments, node)
        if isinstance(function, Choice):
            return self._call_either(function, arguments, node)
        if isinstance(function, Attribute) and isinstance(function.base, Instance):
            fields = fields_of(function.base, function.name, arguments, node)
            if fields is not None:
                return fields
        if isinstance(function, Attribute) and isinstance(function.base, Unknown | Instance):
            made = self.make(function, arguments, node)
            named = isinstance(function.base, Unknown) and function.base.names
            return made if named and function.name in ROW_METHODS else self.unknown(node)
        if isinstance(function, Attribute):
            known = self._known_method(function, arguments, node)
            if known is not None:
                return known
        return self.make(function, arguments, node)

    def _known_method(
        self, function: Attribute, arguments: Arguments, node: ast.AST
    ) -> Value | None:
        if function.name.startswith("parse_") and is_parser(function.base):
            return parse_arguments(self, function.base, function.name, arguments, node)
        known = call_method(self, function.base, function.name, arguments, node)
        return known or call_per_row(self, function, arguments, node)

    def _Call(self, node: ast.Call, scope: Scope) -> Value:
        above = node.func.value if isinstance(node.func, ast.Attribute) else None
        if (
            isinstance(node.func, ast.Attribute)
            and isinstance(above, ast.Call)
            and isinstance(above.func, ast.Name)
            and above.func.id == "super"
        ):
            return self._call_super(node, node.func.attr, scope)
        given = self._given(node)
        if given is not None:
            return given
        return super()._Call(node, scope)

    def _call_super(self, node: ast.Call, name: str, scope: Scope) -> Value:
        """``super().method(…)``: the method of the nearest base class in the script."""
        owner = self.lookup("__class__", scope)
        instance = next(iter(scope.variables.values()), None)
        arguments = self.arguments(node, scope)
        if isinstance(owner, Class) and instance is not None:
            for base in owner.lineage()[1:]:
                method = base.attributes.get(name)
                if isinstance(method, Function):
                    return self.run_function(_bind(method, instance), arguments, node)
            if name == "__init__" and owner.is_dataclass and isinstance(instance, Instance):
                for key, argument in arguments.keywords.items():
                    instance.attributes[key] = argument.value
        return Known(None, at=node)

    def _call_either(self, function: Choice, arguments: Arguments, node: ast.AST) -> Value:
        if len(self.conditions) > 4:
            return self.make(function, arguments, node)
        self.conditions.append(function.test)
        then = self.call(function.then, arguments, node)
        otherwise = self.call(function.otherwise, arguments, node)
        self.conditions.pop()
        return Choice(function.test, then, otherwise, at=node)

    def instantiate(self, kind: Class, arguments: Arguments, node: ast.AST) -> Value:
        """An object of a class of the script."""
        base = kind.foreign_base()
        if base is not None and not kind.is_dataclass and not _is_plain_base(base):
            return self.make(kind, arguments, node, base.last)
        made = Instance({}, kind, at=node)
        values = dict(zip(self.constructor(kind), arguments.positional, strict=False))
        values |= arguments.keywords
        for part in reversed(kind.lineage()):
            for name, value in part.attributes.items():
                if not isinstance(value, Function):
                    made.attributes[name] = self.default_of(value, node, name)
        start = kind.find("__init__")
        if isinstance(start, Function):
            self.run_function(_bind(start, made), arguments, node)
            return made
        for name in self.constructor(kind):
            if name not in made.attributes:
                made.attributes[name] = self.unknown(node, name)
        for name, argument in values.items():
            made.attributes[name] = self.override(name) or argument.value
        after = kind.find("__post_init__")
        if isinstance(after, Function):
            self.run_function(_bind(after, made), Arguments(), node)
        return made

    def constructor(self, kind: Class) -> list[str]:
        """The parameters of a dataclass's constructor, in order."""
        return [name for part in reversed(kind.lineage()) for name in part.fields]

    def default_of(self, value: Value, node: ast.AST, name: str) -> Value:
        """The default that a dataclass field stands for."""
        if not isinstance(value, Made) or value.name not in ("field", "Field"):
            return value
        default = value.arguments.value("default", 0)
        if default is not None:
            return default
        factory = value.arguments.value("default_factory")
        if factory is None:
            return self.unknown(value.at, name)
        return self.call(factory, Arguments(), node)

    def bound_arguments(self, function: Function, arguments: Arguments, scope: Scope) -> None:
        """Binds the parameters of a function in its new scope."""
        args = function.node.args
        plain = [a.arg for a in (*args.posonlyargs, *args.args)]
        if function.bound is not None and plain:
            scope.variables[plain[0]] = function.bound
            plain = plain[1:]
        defaults = dict(function.defaults)
        rest: list[Value] = []
        given: dict[str, Value] = {}
        for position, argument in enumerate(arguments.positional):
            if position < len(plain):
                given[plain[position]] = argument.value
            else:
                rest.append(argument.value)
        named = Mapping({}, at=function.at)
        allowed = {*plain, *(a.arg for a in args.kwonlyargs)}
        for name, passed in arguments.keywords.items():
            if name in allowed:
                given[name] = passed.value
            else:
                named.entries[name] = passed.value
                if passed.key is not None:
                    named.keys[name] = passed.key
        if arguments.more:
            named.slots["more"] = arguments.more
        for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs):
            if function.bound is not None and arg.arg in scope.variables:
                continue
            value = self.override(arg.arg) or given.get(arg.arg) or defaults.get(arg.arg)
            scope.variables[arg.arg] = value or self.unknown(arg, arg.arg)
        if args.vararg is not None:
            scope.variables[args.vararg.arg] = sequence("tuple", tuple(rest), function.at)
        if args.kwarg is not None:
            scope.variables[args.kwarg.arg] = named

    def run_function(self, function: Function, arguments: Arguments, node: ast.AST) -> Value:
        """The result of a function of the script, followed into its body."""
        if function.node in self.stack or len(self.stack) >= MAX_CALLS or self.depth > MAX_DEPTH:
            return self.make(function, arguments, node)
        before = self.steps
        spent = self.spent.get(function.node, 0)
        if spent > MAX_SPENT and not self.matters(function):
            return self.make(function, arguments, node)
        self.entered.add(function.node)
        scope = Scope(Variables(), function.scope)
        self.bound_arguments(function, arguments, scope)
        if function.owner is not None:
            scope.variables["__class__"] = function.owner
        self.stack.append(function.node)
        self.callers.append(node)
        self.depth += 1
        try:
            if isinstance(function.node, ast.Lambda):
                last = ast.copy_location(ast.Return(function.node.body), function.node.body)
                return self.run_body([last], scope, node)
            return self.run_body(function.node.body, scope, node)
        finally:
            self.spent[function.node] = spent + self.steps - before
            self.depth -= 1
            self.callers.pop()
            self.stack.pop()

    def run_body(self, body: list[ast.stmt], scope: Scope, node: ast.AST) -> Value:
        """The value that a function's body returns."""
        raise NotImplementedError

    # -- attributes and items ---------------------------------------------------------------------

    def attribute(self, base: Value, name: str, node: ast.AST | None) -> Value:
        """An attribute of a value. Never raises."""
        if isinstance(base, External) and name not in base.attributes:
            return External(f"{base.name}.{name}", at=node)
        if name in PATH_PARTS and isinstance(base, Made | Operation | Attribute):
            part = path_part(base, name, node)
            if part is not None:
                return part
        if isinstance(base, Foreign):
            return base.attributes.get(name) or Attribute(base, name, at=node)
        if isinstance(base, Instance):
            return self._instance_attribute(base, name, node)
        if isinstance(base, Class):
            found = base.find(name)
            if isinstance(found, Function) and _decorated(found, "classmethod"):
                return _bind(found, base)
            if found is not None:
                return self.default_of(found, node or base.node, name)
            return Attribute(base, name, at=node)
        if isinstance(base, Mapping) and name in base.entries and base.note is not None:
            return base.entries[name]
        if isinstance(base, Unknown):
            if name in ROW_METHODS and base.names:
                return Attribute(base, name, at=node)
            names = tuple(f"{n}.{name}" for n in base.names)
            return Unknown((*names, name) if names else (), at=node)
        if isinstance(base, Choice) and isinstance(base.then, Instance | Foreign):
            then = self.attribute(base.then, name, node)
            otherwise = self.attribute(base.otherwise, name, node)
            return Choice(base.test, then, otherwise, at=node)
        if isinstance(base, Known | Sequence | Mapping | OpenFile | Text | Capability):
            return Bound(base, name, at=node)
        return Attribute(base, name, at=node)

    def _instance_attribute(self, base: Instance, name: str, node: ast.AST | None) -> Value:
        if name in base.attributes:
            return base.attributes[name]
        if base.type is not None:
            found = base.type.find(name)
            if isinstance(found, Function):
                if _decorated(found, "staticmethod"):
                    return found
                method = _bind(found, base)
                if _decorated(found, "property") or _decorated(found, "cached_property"):
                    return self.run_function(method, Arguments(), node or found.node)
                return method
            if found is not None:
                return found
        if name == "__dict__":
            return Mapping(base.attributes, at=node)
        if base.hint is not None:
            return Unknown((f"{base.hint}.{name}", name), at=node)
        return Attribute(base, name, at=node)

    def item(self, base: Value, key: Value, node: ast.AST | None) -> Value:
        """An item of a value. Never raises."""
        if isinstance(base, Mapping) and isinstance(key, Known):
            return self._entry(base, key, node)
        if isinstance(base, Sequence) and isinstance(key, Known) and isinstance(key.value, int):
            if base.each is None and -len(base.items) <= key.value < len(base.items):
                return base.items[key.value]
            return self.unknown(node)
        if isinstance(base, Many):
            return base.element if isinstance(key, Each) else Item(base, key, at=node)
        if isinstance(base, Sequence) and base.each is not None:
            return base.each.element if isinstance(key, Each) else Item(base, key, at=node)
        if isinstance(base, Batch):
            if isinstance(key, Known) and key.value in base.entries:
                return base.entries[key.value]
            return Many(base.source, Item(Each(base.source), key, at=node), at=node)
        if isinstance(base, Foreign):
            if isinstance(key, Known) and key.value in base.entries:
                return base.entries[key.value]
            if isinstance(key, Each) and key.source is base:
                return key
            return Item(base, key, at=node)
        if isinstance(base, Known) and isinstance(base.value, str) and isinstance(key, Known):
            if isinstance(key.value, int) and -len(base.value) <= key.value < len(base.value):
                return Known(base.value[key.value], at=node)
        elif isinstance(base, Instance) and isinstance(key, Known):
            return self._instance_attribute(base, str(key.value), node)
        elif isinstance(base, Unknown):
            name = str(key.value) if isinstance(key, Known) else ""
            names = tuple(f"{n}.{name}" for n in base.names) if name else ()
            return Unknown((*names, name) if names else (), at=node)
        elif isinstance(base, Choice):
            then, otherwise = self.item(base.then, key, node), self.item(base.otherwise, key, node)
            return Choice(base.test, then, otherwise, at=node)
        elif isinstance(base, Operation | Text):
            return Item(base, key, at=node)
        return self.unknown(node)

    def _entry(self, base: Mapping, key: Known, node: ast.AST | None) -> Value:
        if key.value in base.entries:
            return base.entries[key.value]
        name = str(key.value)
        return Unknown((name,), at=node)


def _bind(function: Function, owner: Value) -> Function:
    return Function(
        function.node, function.scope, owner, function.owner, function.defaults, at=function.at
    )


def _decorated(function: Function, name: str) -> bool:
    if isinstance(function.node, ast.Lambda):
        return False
    for decorator in function.node.decorator_list:
        last = decorator.attr if isinstance(decorator, ast.Attribute) else decorator
        if last == name or (isinstance(last, ast.Name) and last.id == name):
            return True
    return False


def _is_plain_base(base: External) -> bool:
    """Whether a library's class adds nothing to the constructor that matters here."""
    return base.last in (
        "object", "ABC", "Protocol", "NamedTuple", "Enum", "str", "BaseModel", "BaseSettings",
        "Generic", "TypedDict",
    )  # fmt: skip
