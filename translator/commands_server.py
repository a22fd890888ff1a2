"""``ftx server``: starts the language server, or says what it needs."""

from __future__ import annotations

import io
import sys


def run_server(port: int | None) -> int:
    """Serves until the editor ends it."""
    try:
        from translator.server import make_server
    except ModuleNotFoundError as error:
        if error.name not in ("pygls", "lsprotocol"):
            raise
        sys.stderr.write("ftx: the language server needs pygls: pip install 'ftx[lsp]'\n")
        return 2
    server = make_server()
    if port is None:
        server.start_io()
        if sys.stdout.closed:  # pygls does that, and the command's end looks at it
            sys.stdout = io.StringIO()
    else:
        server.start_tcp("127.0.0.1", port)
    return 0
