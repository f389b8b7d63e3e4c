"""Latencies of the language server: `python tests/benchmarks/service.py [rounds]`.

A client edits a spec of about 100 lines and one of about 1,000, and asks everything after every edit. Each answer is
timed from the request to its arrival; the first one after an edit pays for reading the text and for all its shapes.
Shown are the median and the worst in milliseconds. The aims are 50 ms for 100 lines and 200 ms for 1,000.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable
from pathlib import Path

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

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


async def measured(client: LanguageClient, name: str, text: str, rounds: int) -> None:
    """Edit a text, ask everything after each edit, and print how long the answers took."""
    uri = (ROOT / "specs" / f"{name}.nn").as_uri()
    identifier = lsp.TextDocumentIdentifier(uri)
    client.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, "nnspec", 0, text)))
    lines = text.count("\n")
    whole = lsp.Range(lsp.Position(0, 0), lsp.Position(lines, 0))
    place = lsp.Position(2 * lines // 3, 4)
    found: dict[str, list[float]] = {}

    async def timed(what: str, answer: Awaitable[object]) -> None:
        start = time.perf_counter()
        await answer
        found.setdefault(what, []).append(1000 * (time.perf_counter() - start))

    for version in range(1, rounds + 1):
        changed = f"{text}# {version}\n"
        edited = lsp.VersionedTextDocumentIdentifier(version=version, uri=uri)
        changes = [lsp.TextDocumentContentChangeWholeDocument(changed)]
        client.text_document_did_change(lsp.DidChangeTextDocumentParams(edited, changes))
        at = (identifier, place)
        options = lsp.FormattingOptions(2, True)
        await timed("shapes", client.text_document_inlay_hint_async(lsp.InlayHintParams(identifier, whole)))
        await timed("hover", client.text_document_hover_async(lsp.HoverParams(*at)))
        await timed("completion", client.text_document_completion_async(lsp.CompletionParams(*at)))
        await timed("definition", client.text_document_definition_async(lsp.DefinitionParams(*at)))
        await timed("outline", client.text_document_document_symbol_async(lsp.DocumentSymbolParams(identifier)))
        await timed("folding", client.text_document_folding_range_async(lsp.FoldingRangeParams(identifier)))
        await timed("format", client.text_document_formatting_async(lsp.DocumentFormattingParams(identifier, options)))
        await asyncio.sleep(0.2)  # the mistakes are looked for meanwhile
    print(f"{name}, {lines} lines")
    for what, times in found.items():
        later = times[1:] or times  # the first loads the layers
        print(f"  {what:12}{statistics.median(later):8.1f} ms{max(later):8.1f} ms")


async def main(rounds: int) -> None:
    """Both texts, with one server."""
    client = LanguageClient("benchmark", "1")
    await client.start_io(sys.executable, "-m", "nnspec", "lsp")
    await client.initialize_async(lsp.InitializeParams(capabilities=lsp.ClientCapabilities()))
    client.initialized(lsp.InitializedParams())
    await measured(client, "resnet", (ROOT / "specs/resnet.nn").read_text(), rounds)
    await measured(client, "large", thousand(), rounds)
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10))
