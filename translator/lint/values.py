"""How the values of settings are read: each function raises ValueError with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from translator.diagnostics import Severity
from translator.lint.registry import all_codes, code_or_prefix
from translator.nearest import nearest


def code(word: object) -> str:
    """A code, a beginning of codes, or the name of one, as a code or beginning."""
    found = code_or_prefix(word) if isinstance(word, str) else None
    if found is None:
        known = [*all_codes(), *all_codes().values()]
        close = nearest(str(word).upper(), known, 0.5) or nearest(str(word).lower(), known, 0.5)
        raise ValueError(f"{word!r} is no code" + (f", did you mean {close}?" if close else ""))
    return found


def codes(value: object) -> tuple[str, ...]:
    """A list of codes; a single text may hold several with commas."""
    words: Iterable[object] = value.split(",") if isinstance(value, str) else _list(value)
    return tuple(code(word.strip() if isinstance(word, str) else word) for word in words)


def per_file(value: object) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """A table of patterns and codes."""
    if not isinstance(value, dict):
        raise ValueError("is not a table of patterns and codes")
    return tuple((pattern, codes(named)) for pattern, named in value.items())


def severities(value: object) -> tuple[tuple[str, str], ...]:
    """A table of codes and severities."""
    if not isinstance(value, dict):
        raise ValueError("is not a table of codes and severities")
    choose = one_of(*(severity.value for severity in Severity))
    return tuple((code(name), choose(word)) for name, word in value.items())


def texts(value: object) -> tuple[str, ...]:
    """A list of texts."""
    return tuple(text(element) for element in _list(value))


def text(value: object) -> str:
    """One text."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    return value


def gpu(value: object) -> str:
    """The name of a card that ftx knows."""
    from translator.lint.cards import card

    return card(text(value)).name


def flag(value: object) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def count(value: object) -> int:
    """A whole number above 0."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{value!r} is not a number above 0")
    return value


def one_of(*words: str) -> Callable[[object], str]:
    """One of a few words."""

    def choose(value: object) -> str:
        if value not in words:
            close = nearest(str(value), words, 0.5)
            hint = f", did you mean {close}?" if close else ""
            raise ValueError(f"{value!r} is none of {', '.join(words)}{hint}")
        return str(value)

    return choose


def _list(value: object) -> list[object]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{value!r} is not a list")
    return list(value)
