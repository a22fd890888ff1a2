"""``ftx server``: the findings of lint while a file is edited, over the Language Server Protocol.

Needs the extra ``lsp`` (pygls). Findings are published when a document is opened or changed, fixes
are code actions, and hovering over a key tells what it means and what the others call it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlparse

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from translator import __version__, api
from translator.codes import Code
from translator.diagnostics import Applicability, Diagnostic, Severity
from translator.document import Document
from translator.errors import FtxError
from translator.lens import Key
from translator.lint.checking import check_source
from translator.lint.settings import Finder, Settings
from translator.lint.sniffing import may_be_ours
from translator.matrix import FRAMEWORKS, table_of
from translator.record import replace
from translator.schema_recipe import field_description
from translator.source import Source, decode
from translator.spans import LineIndex, Span

_SEVERITIES = {
    Severity.ERROR: lsp.DiagnosticSeverity.Error,
    Severity.WARNING: lsp.DiagnosticSeverity.Warning,
    Severity.NOTE: lsp.DiagnosticSeverity.Information,
}


class Server(LanguageServer):
    """The server; ``found`` are the findings of each open document, by its address."""

    def __init__(self) -> None:
        super().__init__("ftx", __version__, text_document_sync_kind=lsp.TextDocumentSyncKind.Full)
        self.found: dict[str, tuple[str, list[Diagnostic]]] = {}

    def look(self, uri: str) -> None:
        """Checks a document as it is in the editor, and publishes what was found."""
        document = self.workspace.get_text_document(uri)
        text = document.source
        findings = findings_of(text, path_of(uri))
        self.found[uri] = (text, findings)
        index = LineIndex(text)
        told = [_told(finding, index) for finding in findings if not finding.verbose]
        self.text_document_publish_diagnostics(
            lsp.PublishDiagnosticsParams(uri=uri, diagnostics=told, version=document.version)
        )


def make_server() -> Server:
    """A server that is ready to be started."""
    server = Server()

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(ls: Server, params: lsp.DidOpenTextDocumentParams) -> None:
        ls.look(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def changed(ls: Server, params: lsp.DidChangeTextDocumentParams) -> None:
        ls.look(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(ls: Server, params: lsp.DidCloseTextDocumentParams) -> None:
        ls.found.pop(params.text_document.uri, None)

    @server.feature(
        lsp.TEXT_DOCUMENT_CODE_ACTION,
        lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix]),
    )
    def actions(ls: Server, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        uri = params.text_document.uri
        text, findings = ls.found.get(uri, ("", []))
        return _actions(uri, text, findings, params.range)

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hover(ls: Server, params: lsp.HoverParams) -> lsp.Hover | None:
        uri = params.text_document.uri
        text = ls.workspace.get_text_document(uri).source
        return hover_at(text, path_of(uri), params.position.line + 1)

    return server


def path_of(uri: str) -> Path:
    """The file behind an address."""
    return Path(unquote(urlparse(uri).path))


def findings_of(text: str, path: Path) -> list[Diagnostic]:
    """The findings about a text in the place of a file; a file of wrong settings is one itself."""
    data = text.encode("utf-8", "surrogatepass")
    if not may_be_ours(path.name, data):
        return []
    try:
        settings = Finder().of(path.parent)
    except FtxError as error:
        settings, trouble = Settings(root=path.parent), list(error.diagnostics)
    else:
        trouble = []
    try:
        source = replace(decode(data, str(path)), folder=path.parent)
        return [*trouble, *check_source(source, settings, known=False).findings]
    except FtxError as error:
        return [*trouble, *error.diagnostics]
    except RecursionError:
        message = "the file is nested too deeply"
        return [
            Diagnostic(
                code=Code.TOO_BIG.code, severity=Severity.ERROR, message=message, file=str(path)
            )
        ]


def _told(finding: Diagnostic, index: LineIndex) -> lsp.Diagnostic:
    message = finding.message if finding.help is None else f"{finding.message}\n{finding.help}"
    return lsp.Diagnostic(
        range=_range(finding.span),
        message=message,
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        source="ftx",
    )


def _range(span: Span | None) -> lsp.Range:
    if span is None:
        start = end = lsp.Position(line=0, character=0)
    else:
        start = lsp.Position(line=span.line - 1, character=span.column - 1)
        end = lsp.Position(line=span.end_line - 1, character=span.end_column - 1)
    return lsp.Range(start=start, end=end)


def _actions(
    uri: str, text: str, findings: list[Diagnostic], where: lsp.Range
) -> list[lsp.CodeAction]:
    index = LineIndex(text)
    found = []
    for finding in findings:
        span, fix = finding.span, finding.fix
        if span is None or fix is None:
            continue
        if span.end_line - 1 < where.start.line or span.line - 1 > where.end.line:
            continue
        edits = [
            lsp.TextEdit(range=_range(index.span(edit.start, edit.end)), new_text=edit.text)
            for edit in fix.edits
        ]
        safe = fix.applicability is Applicability.SAFE
        found.append(
            lsp.CodeAction(
                title=f"{finding.code}: {fix.message}" + ("" if safe else " (changes the run)"),
                kind=lsp.CodeActionKind.QuickFix,
                diagnostics=[_told(finding, index)],
                edit=lsp.WorkspaceEdit(changes={uri: edits}),
                is_preferred=safe,
            )
        )
    return found


def hover_at(text: str, path: Path, line: int) -> lsp.Hover | None:
    """What the key on a line means; None where there is none that the recipe has."""
    try:
        source = Source(path=str(path), text=text, folder=path.parent)
        document = api.load_source(source)
    except FtxError:
        return None
    parts = []
    shown: Span | None = None
    for field, origin in document.origins.items():
        if origin.written and origin.span is not None and origin.span.line == line:
            parts.append(_about(document, field))
            shown = shown or origin.span
    if not parts:
        return None
    content = lsp.MarkupContent(kind=lsp.MarkupKind.Markdown, value="\n\n---\n\n".join(parts[:3]))
    return lsp.Hover(contents=content, range=_range(shown))


def _about(document: Document, field: str) -> str:
    lines = [f"**{field}**"]
    meaning = field_description(field)
    if meaning:
        lines += ["", meaning]
    lines.append("")
    general = _general(field)
    for name in FRAMEWORKS:
        coverage = _coverage(name, general)
        if coverage is None or name == document.format:
            continue
        lines.append(f"- {name}: {coverage}")
    return "\n".join(lines).strip()


def _general(field: str) -> str:
    import re

    return re.sub(r"\[\d+\]", "", field)


@cache
def _coverage(framework: str, field: str) -> str | None:
    """What a framework calls a field and what it does without the key."""
    table = table_of(framework)
    coverage = table.matrix.get(field)
    if coverage is None:
        return None
    named = f"`{coverage.key}`" if coverage.key else "no key of its own"
    default = next(
        (row.default for row in table.rows if isinstance(row, Key) and row.field == field), None
    )
    told = named if default is None else f"{named}, {default} by default"
    return f"{told} ({coverage.status}{': ' + coverage.why if coverage.why else ''})"
