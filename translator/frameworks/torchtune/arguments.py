"""Rows that look at every component alike: present names, arguments it does not take, and the
arguments that no other row has a use for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from translator.codes import Code
from translator.diagnostics import Severity
from translator.frameworks.torchtune.components import (
    Component,
    component,
    is_foreign,
    present_name,
)
from translator.lens import Coverage
from translator.nearest import meant_by
from translator.reading import Reader
from translator.record import Record
from translator.tree import Address, Node, spell
from translator.writing import Writer

# Arguments of former versions that another row still reads.
_FORMER = {
    "torchtune.datasets.": ("max_seq_len", "template", "chat_format", "use_clean",
                            "conversation_style", "conversation_column", "column", "name"),
    "torchtune.training.metric_logging.": ("log_dir",),
    "torchtune.training.FullModel": ("safe_serialization", "recipe_checkpoint"),
}  # fmt: skip


def calls(tree: Node) -> Iterator[tuple[Address, Node, str]]:
    """Every mapping that names a component: its address, itself, and the path it names."""
    top = tree.value if isinstance(tree.value, dict) else {}
    for key, node in top.items():
        places: list[tuple[Address, Node]] = [((key,), node)]
        if node.is_sequence:
            places = [((key, n), child) for n, child in enumerate(node.value)]
        for address, place in places:
            named = place.get(("_component_",))
            if named is not None and isinstance(named.value, str):
                yield address, place, named.value


class Names(Record):
    """Former names of components, and arguments that they do not take.

    torchtune passes every key to the component, which raises TypeError for one it does not know.
    """

    def read(self, reader: Reader) -> None:
        for address, node, path in calls(reader.tree):
            if address[0] == "profiler":
                continue
            now, since = present_name(path)
            named = node.get(("_component_",))
            if since is not None:
                message = f"{spell(address)} ({path}): called {now} since {since}"
                key = f"{spell(address)}._component_"
                reader.say(Code.OLD_SPELLING, Severity.NOTE, message, named, key=key)
            known = component(path)
            if known is not None:
                _check_arguments(reader, address, node, known)

    def write(self, writer: Writer) -> None:
        """Present names only are written."""

    def coverage(self) -> Iterable[Coverage]:
        return ()

    def spellings(self) -> Iterable[str]:
        return ()


def _check_arguments(reader: Reader, address: Address, node: Node, known: Component) -> None:
    former = [n for stem, names in _FORMER.items() if known.path.startswith(stem) for n in names]
    for name, child in node.value.items():
        if name == "_component_" or known.open or name in known.parameters or name in former:
            continue
        reader.used.add((*address, name))
        key = spell((*address, name))
        close = meant_by(name, known.arguments, 0.7)
        reader.say(
            Code.UNKNOWN_KEY,
            Severity.ERROR,
            f"{key} ({child.plain()!r}): {known.path.rpartition('.')[2]} takes no such argument; "
            "torchtune stops with a TypeError",
            child,
            key=key,
            help=f"did you mean {close}?" if close else None,
        )


class Rest(Record):
    """Arguments of components that no row has read: they go back to torchtune only."""

    def read(self, reader: Reader) -> None:
        for address, _, path in list(calls(reader.tree)):
            if address in reader.used:
                continue
            now = present_name(path)[0]
            whose = "code of the user's own" if is_foreign(path) else "torchtune"
            for inner, leaf in _unread(reader, address):
                why = f"an argument of {now.rpartition('.')[2]}, {whose}"
                reader.leave(inner, leaf, why, _severity(address))
            reader.used.add((*address, "_component_"))

    def write(self, writer: Writer) -> None:
        """Nothing of it is in the recipe."""

    def coverage(self) -> Iterable[Coverage]:
        return ()

    def spellings(self) -> Iterable[str]:
        return ()


def _unread(reader: Reader, address: Address) -> list[tuple[Address, Node]]:
    return [
        (inner, node)
        for inner, node in reader.unused()
        if inner[: len(address)] == address and inner[len(address) :] != ("_component_",)
    ]


def _severity(address: Address) -> Severity:
    """What an unread argument does: everything before the optimizer may change what is learned."""
    if address[0] in ("model", "dataset", "datasets", "loss", "policy_model"):
        return Severity.ERROR
    if address[0] in ("metric_logger", "checkpointer", "profiler"):
        return Severity.NOTE
    return Severity.WARNING
