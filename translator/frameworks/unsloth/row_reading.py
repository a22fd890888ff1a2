"""What all kinds of rows share: the usual masks, and rows that only the user's code makes."""

from __future__ import annotations

from typing import Any

from translator import ir
from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.unsloth.prepared import Prepared
from translator.reading import Reader

Plain = dict[str, Any]
Meaning = tuple[ir.Rows, ir.Format, ir.Supervision]

ANSWERS = ir.Supervision(prompt=False)
WHOLE = ir.PlainFormat(joined="whole")


def custom(reader: Reader, prepared: Prepared, code: str) -> Meaning:
    """Rows that are not understood, with the code that makes them."""
    message = f"what becomes of a row is not understood: {code}"
    node = reader.tree.get(("data", "train"))
    reader.say(Code.UNRESOLVED, Severity.WARNING, message, node, field="data.sources")
    mask = ir.Supervision(prompt="responses" not in reader.tree.value)
    return ir.CustomRows(reference=code), WHOLE, mask


def code_of(described: Plain) -> str:
    """The first piece of code in a text that is not understood."""
    for key in ("parts", "with_input"):
        for part in described.get(key) or []:
            if isinstance(part, dict) and "code" in part:
                return str(part["code"])
    return "a text of the script's own"


def code_in(described: object, depth: int = 0) -> str | None:
    """The first piece of code inside a description, or what else no template can hold."""
    if depth > 12:
        return None
    if isinstance(described, dict):
        if "code" in described:
            return str(described["code"])
        if "media" in described:
            return f"{described['media']} in a turn"
        if "path" in described:
            inner = "".join(f"[{step!r}]" for step in described["path"])
            return f"the value {described.get('column', described.get('field'))}{inner}"
    inside: list[object] = []
    if isinstance(described, dict):
        inside = list(described.values())
    elif isinstance(described, list):
        inside = described
    found = (code_in(value, depth + 1) for value in inside)
    return next((code for code in found if code is not None), None)


def moved(reader: Reader, prepared: Prepared, column: str | None) -> str | None:
    """The column that a column of pictures has in the file. TRL looks for ``images`` and for
    ``image``."""
    names = (column, "image") if column == "images" else (column,)
    for name in names:
        made = prepared.columns.get(name or "")
        place = None if made is None else made.get("image", (made.get("parts") or [None])[0])
        changed = code_in(made)
        if changed is not None:
            message = f"pictures are changed before training, which is not carried: {changed}"
            node = reader.tree.get(("data", "train"))
            reader.say(Code.ASSUMED, Severity.WARNING, message, node, field="data.sources")
        if isinstance(place, dict) and "column" in place:
            return str(place["column"])
    return column


def answer_of(messages: Plain) -> str:
    """An exchange that is no question and answer of one column, as the text of its turns."""
    turns = messages.get("list")
    if not isinstance(turns, list) or not turns:
        return "messages of the script's own"
    shown = []
    for turn in turns:
        parts = turn.get("content", turn.get("value"))
        text = "".join(_shown(p) for p in parts) if isinstance(parts, list) else "?"
        role = turn.get("role", turn.get("from")) or [{}]
        shown.append(f"{role[0].get('literal', '?')}: {text}")
    return f"turns that no prompt and answer say: {' | '.join(shown)}"


def _shown(part: Plain) -> str:
    return str(part["literal"]) if "literal" in part else f"{{{part.get('column', '…')}}}"
