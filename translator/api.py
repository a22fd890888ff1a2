"""Reading a file, and converting what was read."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping

from translator.codes import BY_CODE, Code
from translator.detect import check_format, detect
from translator.diagnostics import Diagnostic
from translator.document import Conversion, Document
from translator.errors import FtxError, LossError, UnresolvedError, bad_option
from translator.frameworks import framework
from translator.frameworks.base import ReadOptions, WriteOptions
from translator.record import replace
from translator.soundness import check_sound
from translator.source import MAX_BYTES, MAX_NOTEBOOK_BYTES, Source, decode, read_source
from translator.versions import check_version

ALL = "all"
"""In place of a code: every loss is accepted."""


def load(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    set: Mapping[str, str] | None = None,
    at: int | None = None,
    recipe: str | None = None,
) -> Document:
    """Reads a configuration, script, notebook or IR file. Nothing of it is ever run.

    ``format`` forces ``axolotl``, ``torchtune``, ``unsloth`` or ``ir`` instead of looking at the
    content. ``set`` gives values the file leaves open or has otherwise, by name and as text:
    a dotted key of a YAML file, a variable, argument or keyword of a script. ``at`` is the line of
    the training to read in a script that has several, ``recipe`` names the torchtune recipe a
    configuration belongs to.

    Raises:
        UnreadableError: missing, no text, too large, or not valid YAML, Python or JSON.
        NotAConfigError: no fine-tuning run in it, or one of a kind that ftx does not read.
        FtxError: ``format``, ``set``, ``at`` or ``recipe`` does not fit the file.
    """
    source = read_source(path)
    return load_source(source, format=format, set=set, at=at, recipe=recipe)


def loads(
    text: str | bytes,
    *,
    name: str = "<text>",
    format: str | None = None,
    set: Mapping[str, str] | None = None,
    at: int | None = None,
    recipe: str | None = None,
) -> Document:
    """The same for text at hand; ``name`` is what messages call it."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return load_source(decode_any(data, name), format=format, set=set, at=at, recipe=recipe)


def decode_any(data: bytes, name: str) -> Source:
    """Bytes without a file name to go by; what looks like JSON may be as large as a notebook.

    Raises:
        UnreadableError: too large, binary, or not UTF-8.
    """
    limit = MAX_NOTEBOOK_BYTES if data.lstrip()[:1] == b"{" else MAX_BYTES
    return decode(data, name, limit=limit)


def load_source(
    source: Source,
    *,
    format: str | None = None,
    set: Mapping[str, str] | None = None,
    at: int | None = None,
    recipe: str | None = None,
    as_written: bool = False,
) -> Document:
    """The same for a source that has been read already; ``as_written`` leaves placeholders of a
    template (``${NAME}``) the texts that they are."""
    name = check_format(format) if format else detect(source)
    for option, value, owner in (("at", at, "unsloth"), ("recipe", recipe, "torchtune")):
        if value is not None and name != owner:
            raise _misplaced(source, option, owner, name)
    overrides = dict(set or {})
    options = ReadOptions(overrides=overrides, at=at, recipe=recipe, as_written=as_written)
    document = framework(name).read(source, options)
    check_sound(document)
    return replace(document, bom=source.bom, overrides=overrides)


def _misplaced(source: Source, option: str, owner: str, name: str) -> FtxError:
    message = f"--{option} is for {owner} files, and {source.path} is one of {name}"
    return bad_option(message, file=source.path)


def convert(
    document: Document | str | os.PathLike[str],
    to: str,
    *,
    allow: Collection[str | Code] = (),
    strict: bool = True,
    stem: str | None = None,
    rewrite: bool = False,
) -> Conversion:
    """Tells a run in another format.

    ``to`` is a format, with a version after ``@`` when it is not the current one
    (``torchtune@0.6``). ``allow`` names the codes of losses that are accepted (``XLT402``,
    ``template-lost``, or ``all``). ``stem`` is the name, without ending, that the file will get;
    side files and run hints use it. A document that has the target's format already comes back
    byte for byte, but for the values that ``load`` was given with ``set``; ``rewrite`` writes it
    anew all the same.

    With ``strict=False`` the conversion is returned whatever it loses; its ``refused`` and
    ``diagnostics`` say what that is.

    Raises:
        LossError: the result would train something else, and ``allow`` does not accept that.
        UnresolvedError: the same, because of values that only the running program knows.
        FtxError: what :func:`load` raises, for a path; an unknown format, version or code.
    """
    if not isinstance(document, Document):
        document = load(document)
    name, _, version = to.partition("@")
    check_format(name)
    accepted = accepted_codes(allow)
    options = WriteOptions(
        version=check_version(name, version) if version else None,
        stem=_one_line(stem or _stem(document.path)),
    )
    if name == document.format and document.text and not rewrite:
        conversion = _unchanged(document, name)
    else:
        written = framework(name).write(document, options)
        conversion = Conversion(
            text=written.text,
            target=name,
            files={**_rows_of(document), **written.files},
            losses=written.losses,
            diagnostics=worst_first((*document.diagnostics, *written.losses)),
            document=document,
        )
    if strict:
        _raise_for(blocking(conversion, acceptable(accepted, document)))
    return conversion


def _rows_of(document: Document) -> dict[str, str]:
    """Rows that stand in the source itself, as the files that its recipe names."""
    marked = (key for key in document.facts if key.startswith("file:"))
    return {key.removeprefix("file:"): document.facts[key] for key in marked}


def _unchanged(document: Document, target: str) -> Conversion:
    from translator.editing import edited

    text = edited(document)
    return Conversion(
        text=f"\ufeff{text}" if document.bom else text,
        target=target,
        files={},
        losses=(),
        # what cannot be read does not matter to a file that stays as it is
        diagnostics=(),
        document=document,
    )


def accepted_codes(allow: Collection[str | Code]) -> frozenset[str]:
    """The codes behind codes, names and ``all``.

    Raises:
        FtxError: no such code.
    """
    from translator.allowing import code_of

    named = {entry if isinstance(entry, Code) else code_of(entry) for entry in allow}
    return frozenset(BY_CODE) if None in named else frozenset(c.code for c in named if c)


def acceptable(accepted: Collection[str], document: Document) -> frozenset[str]:
    """The codes that may be accepted of a document: without any data there is nothing to train."""
    found = frozenset(accepted)
    return found if document.recipe.data.sources else found - {Code.MISSING_KEY.code}


def blocking(conversion: Conversion, accepted: Collection[str]) -> tuple[Diagnostic, ...]:
    """The errors that ``accepted`` does not cover."""
    return tuple(d for d in conversion.refused if d.code not in accepted)


def worst_first(diagnostics: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """Errors, warnings, notes; each in the order of the file, what has no line last."""

    def place(diagnostic: Diagnostic) -> tuple[int, bool, int]:
        span = diagnostic.span
        return diagnostic.severity.rank, span is None, span.start if span else 0

    return tuple(sorted(diagnostics, key=place))


def _raise_for(errors: tuple[Diagnostic, ...]) -> None:
    if not errors:
        return
    if all(d.code == Code.UNRESOLVED.code for d in errors):
        raise UnresolvedError(*errors)
    raise LossError(*errors)


def _stem(path: str) -> str:
    """``configs/run.ir.json`` is told as ``run``; standard input as ``run`` as well."""
    name = os.path.basename(path)
    stem = name.removesuffix(".ir.json") if name.endswith(".ir.json") else os.path.splitext(name)[0]
    return stem if stem and not stem.startswith("<") else "run"


def _one_line(stem: str) -> str:
    """A name that stays in the comment that quotes it."""
    return "".join(letter if letter.isprintable() else "_" for letter in stem)
