"""The constants and functions that a script's data preparation is made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from keyword import iskeyword
from string import Formatter

from translator.frameworks.unsloth.pycode import literal, quoted
from translator.record import Struct, field


class Functions(Struct):
    """Source of constants and functions, each under a name of its own."""

    constants: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    shared: dict[tuple[str, ...], str] = field(default_factory=dict)

    def name(self, stem: str) -> str:
        """A free name: ``stem``, or ``stem_2`` and so on."""
        name = stem
        number = 2
        while name in self.names:
            name, number = f"{stem}_{number}", number + 1
        self.names.add(name)
        return name

    def constant(self, stem: str, value: object) -> str:
        """A constant of this value: an existing one, or a new one under a free name."""
        name, number = stem, 2
        while True:
            line = f"{name} = {literal(value, 0, 88 - len(name) - 3)}"
            if line in self.constants:
                return name
            if name not in self.names:
                self.names.add(name)
                self.constants.append(line)
                return name
            name, number = f"{stem}_{number}", number + 1

    def filled(self, template: str, name: str, columns: dict[str, str | None]) -> str:
        """An expression for ``template`` with the columns of a row in it; fields without a column are
        left empty."""
        fields = [f for _, f, _, _ in Formatter().parse(template) if f]
        column = columns.get(fields[0]) if len(fields) == 1 else None
        if template == "{" + "".join(fields) + "}" and column:
            return f"row[{quoted(column)}]"
        name = self.constant(name, template)
        filling = {
            field: f"row[{quoted(where)}]" if (where := columns.get(field)) else '""'
            for field in fields
        }
        named = {field for field in filling if field.isidentifier() and not iskeyword(field)}
        arguments = [f"{field}={filling[field]}" for field in filling if field in named]
        others = [f"{quoted(f)}: {value}" for f, value in filling.items() if f not in named]
        arguments += [f"**{{{', '.join(others)}}}"] if others else []
        return f"{name}.format({', '.join(arguments)})"

    def once(
        self, stem: str, body: Sequence[str], result: str, *, argument: str = "row", note: str = ""
    ) -> str:
        """A function with this body: an existing one, or a new one."""
        key = (stem, *body, result)
        if key not in self.shared:
            self.shared[key] = self.name(stem)
            self.define(self.shared[key], body, result, argument=argument, note=note)
        return self.shared[key]

    def brought(self, code: str) -> str:
        """The function that calls ``text_of`` of the user's own code, which comes along."""
        key = ("text_of", code)
        if key not in self.shared:
            self.shared[key] = self.name("text_of")
            self.functions.append(code.rstrip().replace("text_of", self.shared[key], 1))
        called = f"{self.shared[key]}(row, tokenizer)"
        return self.once("to_text", [], f'return {{"text": {called}}}')

    def define(
        self, name: str, body: Sequence[str], result: str, *, argument: str = "row", note: str = ""
    ) -> None:
        lines = [f"def {name}({argument}):"]
        if note:
            lines.append(f'    """{note}"""')
        for statement in [*body, *result.split("\n")]:
            lines.append(f"    {statement}")
        self.functions.append("\n".join(_wrapped(line) for line in lines))


def _wrapped(line: str) -> str:
    """A ``return {…}`` or call that is too long for a line, one element a line."""
    if len(line) <= 88:
        return line
    pad = re.match(r" *", line)
    indent = pad[0] if pad else ""
    found = re.fullmatch(r'(\s*return )\{("\w+": .*)\}', line)
    if found:
        pairs = re.split(r', (?="(?:text|prompt|completion|input_ids|labels)": )', found[2])
        inner = "".join(f"{indent}    {pair},\n" for pair in pairs)
        return f"{found[1]}{{\n{inner}{indent}}}"
    found = re.fullmatch(r"(\s*\w+ = [\w.]+)\((.*)\)", line)
    if found:
        return f"{found[1]}(\n{indent}    {found[2]}\n{indent})"
    return line
