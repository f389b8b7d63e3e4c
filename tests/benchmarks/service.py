"""Latencies of the language server: `python -m tests.benchmarks.service [rounds]`.

A client (pytest-lsp, as VS Code) edits a spec of about 100 lines and one of about 1,000, and asks everything after every
edit: of a number in the first block, of a line at the top, which moves all others, and of a step that is half written.
Each answer is timed from the request to its arrival; the first one after an edit pays for reading the text and for all
its shapes, and the last one is that of the mistakes, which come by themselves. Shown are the median, the best and the
worst in milliseconds, and the load of the machine. The aims are 50 ms for 100 lines and 200 ms for 1,000.
"""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from lsprotocol import types as lsp
from pytest_lsp import LanguageClient, client_capabilities
from pytest_lsp.client import default_converter, register_lsp_features

ROOT = Path(__file__).parent.parent.parent
BLOCK = """\
block Unit{n}(width, stride = 1) {{
  residual {{
    conv1: Conv2d(width, 3, stride = stride, padding = 1, bias = false) -> bn1: BatchNorm2d -> ReLU
    conv2: Conv2d(width, 3, padding = 1, bias = false) -> bn2: BatchNorm2d
  }} skip {{
    down: Conv2d(width, 1, stride = stride, bias = false) -> BatchNorm2d
  }}
  ReLU
}}

"""


def thousand() -> str:
    """A network of 80 different blocks: about 1,000 lines."""
    blocks = "".join(BLOCK.format(n=number) for number in range(80))
    steps = "".join(f"  unit{number}: Unit{number}({16 + number})\n" for number in range(80))
    return f"{blocks}model Large {{\n  input x: float[N, 3, 32, 32]\n{steps}  GlobalAvgPool2d -> Flatten -> Linear(10)\n}}\n"


def number(text: str, count: int) -> str:
    """Another number in the first block."""
    return re.sub(r"padding = \d", f"padding = {count % 2 + 1}", text, count=1)


def line(text: str, count: int) -> str:
    """Another line at the top."""
    return f"# {count}\n{text}"


def half(text: str, count: int) -> str:
    """A step that is being written, in the last model."""
    at = text.index("\n", text.rindex("\n  input ") + 1)
    return f"{text[:at]}\n  Conv2d({count}, {text[at:]}"


EDITS: list[Callable[[str, int], str]] = [number, line, half]


PUBLISHED: dict[str, int | None] = {}  # the versions of the texts whose mistakes have come


def publish(client: LanguageClient, params: lsp.PublishDiagnosticsParams) -> None:
    """The mistakes of a text have come."""
    PUBLISHED[params.uri] = params.version


def computed(process: int) -> float:
    """The milliseconds that a process has computed for so far; 0 where nothing tells that."""
    tasks = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(each.read_text().split()[0]) for each in tasks) / 1e6


class Editor:
    """A client with one text, and the times that it has waited."""

    def __init__(self, client: LanguageClient, process: int, uri: str) -> None:
        self.client, self.process, self.uri, self.version = client, process, uri, 0
        self.identifier = lsp.TextDocumentIdentifier(uri)
        self.found: dict[str, list[tuple[float, float]]] = {}  # times, and those of the server alone

    def open(self, text: str) -> None:
        item = lsp.TextDocumentItem(self.uri, "nnspec", self.version, text)
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))

    def change(self, text: str) -> None:
        self.version += 1
        edited = lsp.VersionedTextDocumentIdentifier(version=self.version, uri=self.uri)
        changes = [lsp.TextDocumentContentChangeWholeDocument(text)]
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(edited, changes))

    async def timed(self, what: str, answer: Awaitable[object]) -> None:
        start, before = time.perf_counter(), computed(self.process)
        await answer
        took = 1000 * (time.perf_counter() - start)
        self.found.setdefault(what, []).append((took, computed(self.process) - before))

    async def ask(self, text: str) -> None:
        """Everything that an editor asks, at a place in the middle."""
        client, document = self.client, self.identifier
        lines = text.count("\n")
        at = document, lsp.Position(2 * lines // 3, 4)
        whole = lsp.Range(lsp.Position(0, 0), lsp.Position(lines, 0))
        options = lsp.FormattingOptions(2, True)
        await self.timed("shapes", client.text_document_inlay_hint_async(lsp.InlayHintParams(document, whole)))
        await self.timed("hover", client.text_document_hover_async(lsp.HoverParams(*at)))
        await self.timed("completion", client.text_document_completion_async(lsp.CompletionParams(*at)))
        await self.timed("definition", client.text_document_definition_async(lsp.DefinitionParams(*at)))
        references = lsp.ReferenceParams(lsp.ReferenceContext(True), *at)
        await self.timed("references", client.text_document_references_async(references))
        await self.timed("outline", client.text_document_document_symbol_async(lsp.DocumentSymbolParams(document)))
        await self.timed("folding", client.text_document_folding_range_async(lsp.FoldingRangeParams(document)))
        asked = lsp.DocumentFormattingParams(document, options)
        await self.timed("format", client.text_document_formatting_async(asked))

    async def mistakes(self) -> None:
        """Wait for the mistakes of the text as it is."""
        while PUBLISHED.get(self.uri) != self.version:
            await asyncio.sleep(0.001)

    async def fixes(self, text: str) -> None:
        """Ask for the quick fixes of all mistakes, which an editor does once it has been told of these."""
        whole = lsp.Range(lsp.Position(0, 0), lsp.Position(text.count("\n"), 0))
        asked = lsp.CodeActionParams(self.identifier, whole, lsp.CodeActionContext([]))
        await self.timed("fixes", self.client.text_document_code_action_async(asked))


async def measured(client: LanguageClient, process: int, name: str, text: str, rounds: int) -> None:
    """Edit a text, ask everything after each edit, and print how long the answers took."""
    editor = Editor(client, process, (ROOT / "specs" / f"{name}.nn").as_uri())
    editor.open(text)
    for count in range(rounds * len(EDITS) + 1):
        changed = EDITS[count % len(EDITS)](text, count)
        editor.change(changed)
        await editor.ask(changed)
        await editor.timed("mistakes", editor.mistakes())
        await editor.fixes(changed)
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{name}, {text.count(chr(10))} lines; load {load} on {os.cpu_count()} cores")
    print(f"{'milliseconds':14}{'median':>10}{'best':>10}{'worst':>10}{'computed':>10}")
    for what, both in editor.found.items():
        times, inside = zip(*both[1:], strict=True)  # the first text is unknown
        shown = statistics.median(times), min(times), max(times), statistics.median(inside)
        print(f"  {what:12}" + "".join(f"{each:10.1f}" for each in shown))


async def main(rounds: int) -> None:
    """Both texts, with one server."""
    client = LanguageClient(converter_factory=default_converter)
    register_lsp_features(client, {lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS: publish})
    await client.start_io(sys.executable, "-m", "nnspec", "lsp")
    assert client._server is not None
    process = client._server.pid
    await client.initialize_session(lsp.InitializeParams(capabilities=client_capabilities("visual-studio-code")))
    await asyncio.sleep(2)  # it loads the layers
    await measured(client, process, "resnet", (ROOT / "specs/resnet.nn").read_text(), rounds)
    await measured(client, process, "large", thousand(), rounds)
    await client.shutdown_session()
    await client.stop()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10))
