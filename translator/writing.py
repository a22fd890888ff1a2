"""The writing half of the lens: what a row may do on the way to a target."""

from __future__ import annotations

from typing import Any

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.document import Document, Entry, Leftover, Origin
from translator.fields import flatten
from translator.record import Struct, field
from translator.tree import Address


class Writer(Struct):
    """Collects entries, side files and losses while a table's rows write one recipe."""

    document: Document
    target: str
    version: str
    stem: str = "run"
    """Name, without ending, that side files should start with."""
    entries: dict[Address, Entry] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    losses: list[Diagnostic] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    """What one row learned that a later one needs, and what the head comment should say."""
    told: set[str] = field(default_factory=set)
    """Keys that only the source's framework has and that this target tells by other means."""

    def __post_init__(self) -> None:
        self.flat = flatten(self.document.recipe)

    def value(self, field: str) -> Any:
        """The recipe's value of a flattened field; None below a part that is absent."""
        return self.flat.get(field)

    def origin(self, field: str) -> Origin:
        """Where the value came from."""
        return self.document.origin(field)

    def needed(self, field: str, default: object) -> bool:
        """Whether a value must be stated: the source states it, or the target would do otherwise."""
        value = self.value(field)
        if value is None and field not in self.flat:
            return False
        return self.origin(field).written or value != default

    def put(self, key: str | Address, value: object, *fields: str) -> None:
        """Writes a key, with the user's comment on the first of ``fields`` that has one."""
        address = tuple(key.split(".")) if isinstance(key, str) else key
        comment = next((o.comment for f in fields if (o := self.origin(f)).comment), None)
        self.entries[address] = Entry(address=address, value=value, comment=comment)

    def has(self, *address: str | int) -> bool:
        """Whether a key has been written."""
        return address in self.entries

    def lose(
        self,
        code: Code,
        field: str,
        why: str,
        severity: Severity = Severity.ERROR,
        *,
        help: str | None = None,
        verbose: bool = False,
    ) -> None:
        """Records that a field does not arrive as it is. ``why`` completes ``<key> <value>: …``.

        A ``verbose`` one is shown on demand only: the same meaning in other words.
        """
        origin = self.origin(field)
        value = self.value(field)
        name = origin.key or field
        if any(name.startswith(f"{field}.") for name in self.flat):
            value = self.document.as_written(origin) or value  # a part's own value is only its kind
        described = [] if value is None else [_shown(value)]
        if not origin.written and origin.why is not None:
            described.append("by default")
        said = f"{name} ({', '.join(described)})" if described else name
        self.losses.append(
            Diagnostic(
                code=code.code,
                severity=severity,
                message=f"{said}: {why}",
                file=self.document.path,
                span=origin.span,
                field=field,
                key=origin.key,
                help=help,
                verbose=verbose,
            )
        )

    def leftover(self, key: str) -> Leftover | None:
        """A key that only the source's own framework has, for a target that tells it otherwise."""
        return next((left for left in self.document.leftovers if left.key == key), None)

    def tell(self, left: Leftover, why: str, severity: Severity = Severity.NOTE) -> None:
        """Records that a key of the source's own is told by other means, exactly as a note."""
        self.told.add(left.key)
        self.losses.append(
            Diagnostic(
                code=Code.TOLD_OTHERWISE.code if severity is Severity.NOTE else Code.LOST_KEY.code,
                severity=severity,
                message=f"{left.key} ({_shown(left.value)}): {why}",
                file=self.document.path,
                span=left.span,
                key=left.key,
            )
        )

    def lose_leftovers(self) -> None:
        """Reports the keys that only the source's own framework has."""
        for left in self.document.leftovers:
            if left.key in self.told:
                continue
            self.losses.append(
                Diagnostic(
                    code=Code.LOST_KEY.code,
                    severity=left.severity,
                    message=f"{left.key} ({_shown(left.value, _WHOLE)}): {left.why}",
                    file=self.document.path,
                    span=left.span,
                    key=left.key,
                )
            )


_WHOLE = 2000
"""Letters shown of a key that gets lost, which may hold many others."""


def _shown(value: object, limit: int = 120) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else f"{text[: limit - 40]} … {text[-30:]}"
