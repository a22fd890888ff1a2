"""IR JSON as a document."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from translator.codes import BY_CODE, Code
from translator.diagnostics import Diagnostic, Severity
from translator.document import Document, Leftover, Origin
from translator.errors import UnreadableError
from translator.fields import flatten, from_json
from translator.frameworks.base import ReadOptions
from translator.frameworks.ir.writing import FORMAT, PLACE
from translator.ir import Recipe
from translator.source import Source
from translator.spans import LineIndex, Span
from translator.tree import Unresolved

_PARTS = ("ftx", "source", "recipe", "origins", "leftovers", "facts", "diagnostics")


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
        return _document(source, data, recipe, set(options.overrides))
    except ValueError as error:
        raise _refused(source, f"is no ftx IR: {error}") from None


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
    if unknown := sorted(set(data) - set(_PARTS)):
        raise _refused(source, f"is no ftx IR: it has no part {unknown[0]!r}")
    return data


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _document(source: Source, data: dict[str, Any], recipe: Recipe, given: set[str]) -> Document:
    about = _object(data.get("source"), "source")
    path = _text(about.get("file", source.path), "source.file")
    facts = _object(data.get("facts"), "facts")
    origins = _object(data.get("origins"), "origins")
    read = {
        field: _origin(value, f"origins.{field}")
        for field, value in origins.items()
        if field not in given
    }
    written = Origin(written=True)
    unlisted = () if "origins" in data else flatten(recipe)
    return Document(
        path=path,
        format=_text(about.get("format", "ir"), "source.format"),
        text="",
        recipe=recipe,
        origins={**dict.fromkeys(unlisted, written), **read, **dict.fromkeys(given, written)},
        diagnostics=tuple(
            _diagnostic(value, path, f"diagnostics[{i}]")
            for i, value in enumerate(_list(data.get("diagnostics"), "diagnostics"))
        ),
        leftovers=tuple(
            _leftover(value, f"leftovers[{i}]")
            for i, value in enumerate(_list(data.get("leftovers"), "leftovers"))
        ),
        facts={name: _text(value, f"facts.{name}") for name, value in facts.items()},
    )


def _origin(value: object, path: str) -> Origin:
    data = _object(value, path)
    return Origin(
        written=_is(bool, data.get("written"), f"{path}.written"),
        span=_span(data, path),
        key=_optional_text(data, "key", path),
        why=_optional_text(data, "why", path),
        comment=_optional_text(data, "comment", path),
    )


def _leftover(value: object, path: str) -> Leftover:
    data = _object(value, path)
    return Leftover(
        key=_text(data.get("key"), f"{path}.key"),
        value=_open(data.get("value")),
        span=_span(data, path),
        why=_text(data.get("why"), f"{path}.why"),
        severity=_severity(data, path),
    )


def _diagnostic(value: object, file: str, path: str) -> Diagnostic:
    data = _object(value, path)
    code = _text(data.get("code"), f"{path}.code")
    if code not in BY_CODE:
        raise ValueError(f"{path}.code is no code of ftx: {code!r}")
    return Diagnostic(
        code=code,
        severity=_severity(data, path),
        message=_text(data.get("message"), f"{path}.message"),
        file=file,
        span=_span(data, path),
        field=_optional_text(data, "field", path),
        key=_optional_text(data, "key", path),
        help=_optional_text(data, "help", path),
        verbose=_is(bool, data.get("verbose", False), f"{path}.verbose"),
    )


def _open(value: Any) -> Any:
    """The inverse of what the writer does to an open expression."""
    if isinstance(value, dict) and set(value) == {"expression", "names"}:
        return Unresolved(value["expression"], tuple(value["names"]))
    return value


def _severity(data: Mapping[str, Any], path: str) -> Severity:
    try:
        return Severity(data.get("severity"))
    except ValueError:
        names = ", ".join(s.value for s in Severity)
        raise ValueError(
            f"{path}.severity must be one of {names}, not {data.get('severity')!r}"
        ) from None


def _span(data: Mapping[str, Any], path: str) -> Span | None:
    if "line" not in data:
        return None
    line, column = data["line"], data.get("column", 1)
    fallback = dict.fromkeys(PLACE, 0) | {"column": 1, "end_line": line, "end_column": column}
    values = {name: _is(int, data.get(name, fallback[name]), f"{path}.{name}") for name in PLACE}
    return Span(**values)


def _is(kind: type, value: Any, path: str) -> Any:
    if type(value) is not kind:
        raise ValueError(f"{path} must be {kind.__name__}, not {value!r}")
    return value


def _text(value: object, path: str) -> str:
    text: str = _is(str, value, path)
    return text


def _optional_text(data: Mapping[str, Any], name: str, path: str) -> str | None:
    return None if data.get(name) is None else _text(data[name], f"{path}.{name}")


def _object(value: object, path: str) -> dict[str, Any]:
    found: dict[str, Any] = _is(dict, {} if value is None else value, path)
    return found


def _list(value: object, path: str) -> list[Any]:
    found: list[Any] = _is(list, [] if value is None else value, path)
    return found


def _override(source: Source, recipe: Any, name: str, text: str) -> None:
    """Puts a ``--set`` value into the recipe's data; JSON where it is JSON, else text."""
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    if isinstance(value, float) and not math.isfinite(value):
        value = text
    *parents, last = [step for step in re.split(r"[.\[\]]+", name) if step]
    place = recipe
    for step in parents:
        place = _step(place, step)
    if isinstance(place, list) and last.isdecimal() and int(last) < len(place):
        place[int(last)] = value
    elif isinstance(place, dict) and last in place:
        place[last] = value
    else:
        raise _refused(source, f"has no field {name}", code=Code.BAD_OPTION)


def _step(place: Any, step: str) -> Any:
    if isinstance(place, list) and step.isdecimal() and int(step) < len(place):
        return place[int(step)]
    return place.get(step) if isinstance(place, dict) else None


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
