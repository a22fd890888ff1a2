"""The language server, spoken to over its protocol."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ftx_process import ROOT

from lint.examples import whole

pytest.importorskip("pygls")
TEXT, _ = whole(
    "axolotl", "lora_r: 16\nlora_alpha: 32\nadapter: lora\nlora_target_linear: true\n"
    "attn_implementation: flash\n"
)  # fmt: skip


class Client:
    """As much of a client as the tests need."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "translator", "server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.number = 0

    def send(self, method: str, params: dict[str, Any], **extra: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **extra}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        self.number += 1
        self.send(method, params, id=self.number)
        while True:
            message = self.read()
            if message.get("id") == self.number and "method" not in message:
                return message["result"]

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while line := self.process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return message

    def told(self) -> list[dict[str, Any]]:
        """The findings that are published next."""
        while True:
            message = self.read()
            if message.get("method") == "textDocument/publishDiagnostics":
                found: list[dict[str, Any]] = message["params"]["diagnostics"]
                return found


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client()
    capabilities: dict[str, Any] = {"capabilities": {}, "processId": None, "rootUri": None}
    client.ask("initialize", capabilities)
    client.send("initialized", {})
    yield client
    client.ask("shutdown", {})
    client.send("exit", {})
    assert client.process.wait(timeout=10) == 0
    for stream in (client.process.stdin, client.process.stdout):
        if stream is not None:
            stream.close()


def test_findings_fixes_and_hovers(client: Client, tmp_path: Path) -> None:
    uri = (tmp_path / "run.yaml").as_uri()
    item = {"uri": uri, "languageId": "yaml", "version": 1, "text": TEXT}
    client.send("textDocument/didOpen", {"textDocument": item})
    (found,) = [d for d in client.told() if d["code"] == "CFG108"]
    assert found["severity"] == 1
    assert found["range"]["start"] == {"line": 4, "character": 21}
    place = {"textDocument": {"uri": uri}}
    action, *_ = client.ask(
        "textDocument/codeAction",
        {**place, "range": found["range"], "context": {"diagnostics": []}},
    )
    (edit,) = action["edit"]["changes"][uri]
    assert edit["newText"] == "flash_attention_2"
    hover = client.ask("textDocument/hover", {**place, "position": {"line": 0, "character": 2}})
    assert "**adapter.rank**" in hover["contents"]["value"]
    assert "model.lora_rank, " in hover["contents"]["value"]
    changed = TEXT.replace(": flash\n", ": flash_attention_2\n")
    client.send(
        "textDocument/didChange",
        {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": changed}]},
    )
    assert [d for d in client.told() if d["code"] == "CFG108"] == []


def test_other_files_have_no_findings(client: Client, tmp_path: Path) -> None:
    uri = (tmp_path / "compose.yaml").as_uri()
    item = {"uri": uri, "languageId": "yaml", "version": 1, "text": "services:\n  a: [\n"}
    client.send("textDocument/didOpen", {"textDocument": item})
    assert client.told() == []
