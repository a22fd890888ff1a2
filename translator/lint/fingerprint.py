"""What stays of a finding when the lines around it move."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable

from translator.diagnostics import Diagnostic
from translator.source import PathLike


def relative(path: str, root: PathLike) -> str:
    """A path from the root of the project, with slashes; as it is when it lies elsewhere."""
    if path.startswith("<"):
        return path
    shown = os.path.relpath(os.path.abspath(path), root).replace(os.sep, "/")
    return path.replace(os.sep, "/") if shown.startswith("../") else shown


def fingerprints(findings: Iterable[tuple[Diagnostic, str]], root: PathLike) -> list[str]:
    """A fingerprint for each finding and the text of its file.

    Made of the code, the file, the key or field, and the text of the line; the n-th finding that
    agrees in all of them gets another one than the first.
    """
    from hashlib import blake2b

    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    for diagnostic, text in findings:
        line = _line(text, diagnostic.span.start) if diagnostic.span else ""
        about = diagnostic.key or diagnostic.field or ""
        identity = (diagnostic.code, relative(diagnostic.file, root), about, line)
        content = "\0".join((*identity, str(seen[identity])))
        seen[identity] += 1
        found.append(blake2b(content.encode("utf-8", "replace"), digest_size=16).hexdigest())
    return found


def _line(text: str, start: int) -> str:
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", start)
    return " ".join(text[first : last if last != -1 else len(text)].split())
