"""How data sets are loaded: where a description says so, and what it says besides."""

from __future__ import annotations

from translator.diagnostics import Severity
from translator.reading import Reader
from translator.tree import Address, Node, spell

_READ = frozenset(
    ("path", "dataset_path", "path_or_paths", "name", "split", "data_files", "revision",
     "streaming", "loader")
)  # fmt: skip
_ASIDE = frozenset(
    ("cache_dir", "num_proc", "token", "use_auth_token", "verification_mode", "download_mode",
     "keep_in_memory", "ignore_verifications", "trust_remote_code", "storage_options", "lines",
     "orient", "encoding", "columns", "usecols")
)  # fmt: skip


def loads(node: Node | None, address: Address) -> list[Address]:
    """Where a data set, or each of those that are joined, is loaded."""
    found: list[Address] = []
    for key in ("concatenate", "interleave"):
        parts = None if node is None else node.get((key,))
        for place, part in enumerate(parts.value if parts and parts.is_sequence else ()):
            found += loads(part, (*address, key, place))
    return found or [(*address, "load")]


def leave_rest(reader: Reader, node: Node | None, address: Address) -> None:
    """Keeps aside how files are read, where that changes what their rows are; once, where training
    and evaluation share what was loaded."""
    for place in loads(node, address):
        load = reader.tree.get(place)
        if load is None or not load.is_mapping:
            continue
        loader = load.plain().get("loader")
        for name, child in load.value.items():
            # header=None is a table without a heading; a table of text has no columns= to choose
            # by, so these are names that the script gives them
            named = name == "header" or (name == "columns" and loader == "read_csv")
            if name in _READ or not (named or child.plain() is not None):
                continue
            key = ("data", "load", name)
            if any((left.key, left.span) == (spell(key), child.place) for left in reader.leftovers):
                continue
            severity = Severity.NOTE if name in _ASIDE and not named else Severity.ERROR
            if severity is Severity.ERROR and address == ("data", "eval"):
                severity = Severity.WARNING
            reader.leave(key, child, "how a data set is loaded", severity)
