"""A component gets an argument that it has not, or lacks one that it needs.

What it does
Binds the keys below each `_component_` to the signature of the function or class, in all versions
from 0.6.1 on.

Why it matters
The recipe ends with a TypeError. `tune validate` finds some of this, but not inside nested
components, and nothing about missing arguments.

When it is fine
With a fork whose component takes it (one in the same repository is looked into), and where a command in
the file's head or in a script beside it gives what is missing.

References
torchtune/config/_validate.py; the recorded signatures
(`translator/frameworks/torchtune/components.json`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from translator.diagnostics import Diagnostic, Severity
from translator.frameworks.torchtune.components import REQUIRED, component
from translator.lint.commands_around import given_by_commands
from translator.lint.context import File
from translator.lint.rule import Rule
from translator.lint.torchtune import QUANTIZERS, components
from translator.nearest import meant_by
from translator.tree import Address, Node, spell

RULE = Rule(
    code="CFG202",
    name="component-arguments",
    severity=Severity.ERROR,
    words=("_component_",),
    formats=("torchtune",),
    bad={
        "torchtune": "optimizer:\n  _component_: torch.optim.AdamW\n  learning_rate: 2e-4  # <-\n"
    },
    good={"torchtune": "optimizer:\n  _component_: torch.optim.AdamW\n  lr: 2e-4\n"},
)

BY_RECIPE = {
    "tokenizer", "params", "optimizer", "num_training_steps", "last_epoch", "self", "kwargs", "args",
    "model_transform", "model", "transform", "source",
}  # fmt: skip
"""Arguments that a recipe or a builder passes itself."""


def check(file: File) -> Iterator[Diagnostic]:
    """A finding for each such argument."""
    for address, path in components(file):
        if path in QUANTIZERS:
            yield from _of_quantizer(file, address, path)
            continue
        known = component(path)
        if known is None:
            continue
        node = file.node(address)
        children = node.value if node is not None and node.is_mapping else {}
        given = [name for name in children if name != "_component_"]
        missing = [
            name
            for name, default in known.parameters.items()
            if default == REQUIRED and name not in BY_RECIPE and name not in given
        ]
        for name in given:
            if name in known.parameters or _passed_on(path, name, known.open, children):
                continue
            if file.own_torchtune is not None and file.own_torchtune.takes(path, name):
                continue
            near = [other for other in known.arguments if other not in given]
            close = meant_by(name, near, 0.5)
            yield RULE.at(
                file,
                file.at((*address, name)),
                f"{path.rpartition('.')[2]} takes no {name}",
                help=f"did you mean {close}?" if close else None,
                fix=file.rename((*address, name), close, safe=False) if close else None,
            )
        if missing:
            missing = _not_given(file, address, path, missing)
        if missing:
            yield RULE.at(
                file,
                file.at((*address, "_component_")),
                f"{path.rpartition('.')[2]} needs {', '.join(missing)}",
            )


def _not_given(file: File, address: Address, path: str, missing: list[str]) -> list[str]:
    """Those of some arguments that no command around the file gives either, and that the torchtune
    of its repository needs as well."""
    given, brought = given_by_commands(file), file.own_torchtune
    section = spell(address)
    return [
        name
        for name in missing
        if f"{section}.{name}" not in given and (brought is None or brought.needs(path, name))
    ]


def _of_quantizer(file: File, address: Address, path: str) -> Iterator[Diagnostic]:
    node = file.node(address)
    for name in node.value if node is not None and node.is_mapping else ():
        if name == "_component_" or name in QUANTIZERS[path]:
            continue
        close = meant_by(name, QUANTIZERS[path], 0.5)
        yield RULE.at(
            file,
            file.at((*address, name)),
            f"{path.rpartition('.')[2]} takes no {name}",
            help=f"did you mean {close}?" if close else None,
            fix=file.rename((*address, name), close, safe=False) if close else None,
        )


_LOADING = {
    "name", "data_dir", "data_files", "split", "cache_dir", "features", "download_config",
    "download_mode", "verification_mode", "keep_in_memory", "save_infos", "revision", "token",
    "streaming", "num_proc", "storage_options", "trust_remote_code",
}  # fmt: skip
"""Arguments of ``datasets.load_dataset``, to which data sets pass on what they do not know."""
_OF_JSON = (
    "encoding", "encoding_errors", "field", "use_threads", "block_size", "chunksize",
    "newlines_in_values", "on_mixed_types", "parse_agent_traces", "description", "version",
)  # fmt: skip
"""Arguments of the reader of JSON: datasets/packaged_modules/json/json.py, ``JsonConfig``, and of
all readers: datasets/builder.py, ``BuilderConfig``."""
_FILE_FORMATS = ("json", "csv", "parquet", "text", "arrow", "pandas")


_OF_PAIRS = ("preference_dataset", "stack_exchange_paired_dataset", "hh_rlhf_helpful_dataset")
"""Builders that hand on to ``PreferenceDataset``, which takes ``packed`` (torchtune 0.6.1,
datasets/_preference.py:109)."""


def _passed_on(path: str, name: str, open_ended: bool, children: Mapping[str, Node]) -> bool:
    """Whether what the component does not know itself is known where it hands it on."""
    if not open_ended:
        return False
    if not path.startswith("torchtune.datasets."):
        return True
    if name == "packed" and path.rpartition(".")[2] in _OF_PAIRS:
        return True
    source = children.get("source")
    if name in _LOADING or source is None or source.value not in _FILE_FORMATS:
        return name in _LOADING
    # a file format has arguments of its own (a delimiter, a field)
    return source.value != "json" or name in _OF_JSON
