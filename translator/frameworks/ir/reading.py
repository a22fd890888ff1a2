"""IR JSON as a document."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.document import Document, Leftover, Origin
from translator.errors import UnreadableError
from translator.fields import flatten, from_json
from translator.frameworks.base import ReadOptions
from translator.frameworks.ir.writing import FORMAT, PLACE
from translator.ir import Recipe
from translator.schema import shipped
from translator.source import Source
from translator.spans import LineIndex, Span
from translator.tree import Unresolved, spell


def read_ir(source: Source, options: ReadOptions) -> Document:
    """Reads IR JSON. Only ``ftx`` and ``recipe`` must be there: a recipe may be written by hand.

    The document names the file that the IR was once made from, so that a conversion says the same
    as one of that file; ``--set`` takes a field by its path (``optimizer.learning_rate``).

    Raises:
        UnreadableError: no JSON, or not the IR's; the message has the path of what does not fit.
    """
    data = _parse(source)
    recipe_data = data.get("recipe")
    for name, value in options.overrides.items():
        _override(source, recipe_data, name, value)
    try:
        recipe: Recipe = from_json(recipe_data)
    except ValueError as error:
        place = str(error).partition(" ")[0]
        span = _place(source, ["recipe", *_steps(place)])
        raise _refused(source, f"is no ftx IR: {error}", span) from None
    return _document(source, data, recipe, set(options.overrides))


def _parse(source: Source) -> dict[str, Any]:
    try:
        data = json.loads(source.text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        span = LineIndex(source.text).span(error.pos, error.pos)
        raise _refused(source, f"is not valid JSON: {error.msg}", span) from None
    except ValueError as error:
        raise _refused(source, f"is not valid JSON: {error}") from None
    except RecursionError:
        raise _refused(source, "is nested too deeply", code=Code.TOO_BIG) from None
    if not isinstance(data, dict) or "ftx" not in data:
        raise _refused(source, "is no ftx IR: the top level must be an object with 'ftx: 1'")
    if data["ftx"] != FORMAT or isinstance(data["ftx"], bool):
        raise _refused(source, f"has IR format {data['ftx']!r}; this ftx reads {FORMAT}")
    _check(source, data)
    return data


def _check(source: Source, data: dict[str, Any]) -> None:
    """Holds all parts but the recipe, whose fields are checked as they are read, to the schema."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    schema = json.loads(shipped("ir"))
    schema["properties"]["recipe"] = {}
    error = best_match(Draft202012Validator(schema).iter_errors(data))
    if error is not None:
        steps = list(error.absolute_path)
        place = f"{spell(tuple(steps))}: " if steps else ""
        span = _place(source, steps)
        raise _refused(source, f"is no ftx IR: {place}{error.message}", span)


def _place(source: Source, steps: Sequence[str | int]) -> Span | None:
    """Where a value stands; JSON is close enough to YAML to be looked at as such."""
    from translator.syntax.yaml import PyYamlDialect, read_yaml

    try:
        tree, _ = read_yaml(source, PyYamlDialect)
    except UnreadableError:
        return None
    node = tree.get(tuple(steps))
    return None if node is None else node.span


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _document(source: Source, data: dict[str, Any], recipe: Recipe, given: set[str]) -> Document:
    about = data.get("source", {})
    path = about.get("file", source.path)
    read = {
        field: Origin(
            written=value["written"],
            span=_span(value),
            key=value.get("key"),
            why=value.get("why"),
            comment=value.get("comment"),
            text=value.get("text"),
        )
        for field, value in data.get("origins", {}).items()
        if field not in given
    }
    written = Origin(written=True)
    unlisted = () if "origins" in data else flatten(recipe)
    return Document(
        path=path,
        format=about.get("format", "ir"),
        text="",
        recipe=recipe,
        origins={**dict.fromkeys(unlisted, written), **read, **dict.fromkeys(given, written)},
        diagnostics=tuple(_diagnostic(value, path) for value in data.get("diagnostics", ())),
        leftovers=tuple(_leftover(value) for value in data.get("leftovers", ())),
        facts=data.get("facts", {}),
    )


def _leftover(data: Mapping[str, Any]) -> Leftover:
    return Leftover(
        key=data["key"],
        value=_open(data["value"]),
        span=_span(data),
        why=data["why"],
        severity=Severity(data["severity"]),
    )


def _diagnostic(data: Mapping[str, Any], file: str) -> Diagnostic:
    return Diagnostic(
        code=data["code"],
        severity=Severity(data["severity"]),
        message=data["message"],
        file=file,
        span=_span(data),
        field=data.get("field"),
        key=data.get("key"),
        help=data.get("help"),
        verbose=data.get("verbose", False),
    )


def _open(value: Any) -> Any:
    """The inverse of what the writer does to an open expression."""
    if isinstance(value, dict) and set(value) == {"expression", "names"}:
        return Unresolved(value["expression"], tuple(value["names"]))
    return value


def _span(data: Mapping[str, Any]) -> Span | None:
    if "line" not in data:
        return None
    line, column = data["line"], data.get("column", 1)
    fallback = dict.fromkeys(PLACE, 0) | {"column": 1, "end_line": line, "end_column": column}
    return Span(**{name: data.get(name, fallback[name]) for name in PLACE})


def _steps(place: str) -> list[str | int]:
    """``data.sources[0].path`` as its steps."""
    found = [step for step in re.split(r"[.\[\]]+", place) if step]
    return [int(step) if step.isdecimal() else step for step in found]


def _override(source: Source, recipe: Any, name: str, text: str) -> None:
    """Puts a ``--set`` value into the recipe's data; JSON where it is JSON, else text."""
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    if isinstance(value, float) and not math.isfinite(value):
        value = text
    *parents, last = _steps(name)
    place = recipe
    try:
        for step in parents:
            place = place[step]
        place[last]  # a field that is not there is no field
        place[last] = value
    except (KeyError, IndexError, TypeError):
        raise _refused(source, f"has no field {name}", code=Code.BAD_OPTION) from None


def _refused(
    source: Source, message: str, span: Span | None = None, *, code: Code = Code.SYNTAX
) -> UnreadableError:
    return UnreadableError(
        Diagnostic(
            code=code.code,
            severity=Severity.ERROR,
            message=f"{source.path} {message}",
            file=source.path,
            span=span,
        )
    )
