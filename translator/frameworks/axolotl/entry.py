"""One data set on its way into the file."""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Severity
from translator.record import Record
from translator.tree import Address
from translator.writing import Writer


class Entry(Record, kw_only=False):
    """One data set that is being written, and the fields it tells."""

    writer: Writer
    place: Address
    field: str

    def put(self, name: str, value: object, *fields: str) -> None:
        """Writes a key of the data set; dots lead into mappings."""
        own = tuple(f"{self.field}.{field}" for field in fields)
        self.writer.put((*self.place, *name.split(".")), value, *own)

    def written(self, field: str) -> bool:
        return self.writer.document.origins.get(f"{self.field}.{field}") is not None

    def lose(self, code: Code, field: str, why: str, severity: Severity) -> None:
        self.writer.lose(code, f"{self.field}.{field}", why, severity)

    def tell(self, field: str, how: str) -> None:
        """Notes the same meaning in other words."""
        place = f"{self.field}.{field}"
        self.writer.lose(Code.TOLD_OTHERWISE, place, how, Severity.NOTE, verbose=True)
