"""From a YAML file to a document."""

from __future__ import annotations

from collections.abc import Mapping

from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.document import Document
from translator.errors import FtxError, NotAConfigError
from translator.fields import assemble
from translator.frameworks.axolotl import conflicts, older
from translator.frameworks.axolotl.lookup import no_effect
from translator.frameworks.axolotl.placeholders import fill, given
from translator.frameworks.axolotl.schema import all_keys, check_kinds
from translator.frameworks.axolotl.table import table
from translator.frameworks.base import ReadOptions
from translator.reading import Reader, apply_overrides
from translator.source import Source
from translator.spans import Span
from translator.syntax.yaml import PyYamlDialect, read_yaml
from translator.tree import Address, Node, spell

_MEANINGLESS_ALONE = {"base_model", "datasets", "pretraining_dataset", "learning_rate", "adapter"}


def read_config(source: Source, options: ReadOptions) -> Document:
    """Reads an Axolotl configuration.

    Raises:
        UnreadableError: not valid YAML.
        NotAConfigError: no configuration of a training.
    """
    tree, findings = read_yaml(source, PyYamlDialect)
    if not tree.is_mapping:
        raise _no_config(source, tree.span, "holds no mapping of keys to values")
    overrides = options.overrides
    _override(tree, overrides if options.as_written else fill(tree, overrides))
    if not _MEANINGLESS_ALONE & set(tree.value):
        keys = ", ".join(list(tree.value)[:4]) or "nothing"
        raise _no_config(source, tree.span, f"has no base_model and no datasets, but {keys}")
    reader = Reader(path=source.path, tree=tree, diagnostics=list(findings))
    older.modernise(reader)
    table().read(reader, all_keys())
    check_kinds(reader)
    conflicts.check(reader)
    if not reader.values["adapter"]:
        _without_adapter(reader)
    return Document(
        path=source.path,
        format="axolotl",
        text=source.text,
        recipe=assemble(reader.values),
        origins=reader.origins,
        diagnostics=tuple(reader.diagnostics),
        leftovers=tuple(reader.leftovers),
        tree=tree,
        facts=reader.facts,
    )


def _without_adapter(reader: Reader) -> None:
    told = set()
    # weights of 4 or 8 bits without an adapter are refused: it was forgotten, and its keys are meant
    forgotten = any(reader.value(name) for name in ("load_in_4bit", "load_in_8bit"))
    for field, origin in sorted(reader.origins.items()):
        if field.startswith("adapter.") and origin.written and origin.key not in told:
            told.add(origin.key)
            no_effect(reader, tuple((origin.key or "").split(".")), "there is no adapter",
                      verbose=forgotten)  # fmt: skip


def _no_config(source: Source, span: Span, why: str) -> NotAConfigError:
    return NotAConfigError(
        Diagnostic(
            code=Code.NOT_A_CONFIG.code,
            severity=Severity.ERROR,
            message=f"{source.path} is no Axolotl training configuration: it {why}",
            file=source.path,
            span=span,
        )
    )


def _override(tree: Node, overrides: Mapping[str, str]) -> None:
    """``--set key=value``."""
    values: dict[Address, Node] = {}
    for name, text in overrides.items():
        address: Address = tuple(
            int(step) if step.isdigit() else step
            for step in name.replace("[", ".").replace("]", "").split(".")
        )
        values[address] = given(name, text)
    try:
        apply_overrides(tree, values)
    except KeyError as error:
        name = str(error.args[0])
        message = f"--set {name}: the file has nothing there to set"
        raise FtxError(
            Diagnostic(
                code=Code.BAD_OPTION.code,
                severity=Severity.ERROR,
                message=message,
                file="--set",
                key=spell((name,)),
            )
        ) from None
