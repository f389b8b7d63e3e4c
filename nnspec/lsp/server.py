"""The language server. Every request is answered from the text as it is at that moment, so that no answer is stale."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator
from pathlib import Path

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from nnspec.diagnostics import Span
from nnspec.lsp.translate import Translator, uri_of
from nnspec.service.document import Document, Memory
from nnspec.service.remarks import remarks
from nnspec.version import __version__

# A text that needs what nearly all need.
_FIRST = (
    "model First { input x: float[N, 3, 8, 8]\n Conv2d(4, 3) -> ReLU -> Flatten -> Linear(2) }\ntrain { data = digits }"
)
_SELDOM = 20_000, 10, 50  # how often the garbage collector looks at what is new
_QUIET = 0.03  # seconds without a change or a question before mistakes are looked for: what was asked comes first
_PATIENCE = 10  # times that long at most


class Server(LanguageServer):
    """The texts that an editor holds, each with what is known of it."""

    def __init__(self) -> None:
        # A whole text is sent at every change: pygls divides lines otherwise than the protocol where only a part is.
        super().__init__("nnspec", __version__, text_document_sync_kind=lsp.TextDocumentSyncKind.Full)
        self.stopping = False  # an editor has asked it to
        self._memory = Memory()
        self._documents: dict[str, Document] = {}
        self._pending: dict[str, asyncio.TimerHandle] = {}
        self._asked = 0.0  # when

    def warm(self) -> None:
        """Load the layers, and let the garbage collector leave alone all that stays: it takes a quarter of the time."""
        remarks(Document(_FIRST))
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_SELDOM)

    def document(self, uri: str) -> Document:
        """The text of a URI as it is now."""
        text = self.workspace.get_text_document(uri).source
        known = self._documents.get(uri)
        if known is None or known.text != text:
            known = self._documents[uri] = Document(text, _path(uri), self._others(uri), memory=self._memory)
        return known

    def translator(self, uri: str) -> Translator:
        """What turns answers on a text into those of the protocol."""
        self._asked = time.monotonic()
        document = self.document(uri)
        encoding = self.server_capabilities.position_encoding or "utf-16"
        return Translator(uri, document.path, document.text, getattr(encoding, "value", encoding))

    def at(self, uri: str, position: lsp.Position) -> tuple[Document, Translator, int]:
        """A text, its translator, and the offset of a position in it."""
        translator = self.translator(uri)
        return self.document(uri), translator, translator.lines.offset(position)

    def read(self, path: Path) -> str:
        """The text of another file, as the editor has it if it does."""
        return self._others("").get(path) or path.read_text(encoding="utf-8")

    def _others(self, uri: str) -> dict[Path, str]:
        """The other texts that the editor holds, by their files."""
        found = ((_path(each.uri), each.source) for each in self.workspace.text_documents.values() if each.uri != uri)
        return {path: text for path, text in found if path is not None}

    def changed(self, uri: str) -> None:
        """Look for the mistakes of a text, and of those that import it, as soon as nothing else is asked."""
        path = _path(uri)
        for each, document in list(self._documents.items()):
            if each == uri or path in document.readable.paths.values():
                del self._documents[each]
        for each in self.workspace.text_documents:
            if each not in self._documents:
                self._soon(each)

    def _soon(self, uri: str) -> None:
        self._cancel(uri)
        self._later(_QUIET, uri, None, _PATIENCE)

    def _later(self, seconds: float, uri: str, steps: Iterator[None] | None, patience: int) -> None:
        self._pending[uri] = asyncio.get_running_loop().call_later(seconds, self._examine, uri, steps, patience)

    def _cancel(self, uri: str) -> None:
        pending = self._pending.pop(uri, None)
        if pending is not None:
            pending.cancel()

    def _examine(self, uri: str, steps: Iterator[None] | None, patience: int) -> None:
        """Look at one model after the other; what is asked in between is answered first."""
        if patience and time.monotonic() - self._asked < _QUIET:
            return self._later(_QUIET, uri, steps, patience - 1)
        steps = self.document(uri).examined() if steps is None else steps
        if next(steps, self) is self:
            return self.publish(uri)
        return self._later(0.001, uri, steps, patience)

    def publish(self, uri: str) -> None:
        """Send the mistakes of a text, with the version that they are of."""
        self._pending.pop(uri, None)
        if uri not in self.workspace.text_documents:
            return
        version = self.workspace.text_documents[uri].version
        document, translator = self.document(uri), self.translator(uri)

        def where(span: Span) -> str | None:
            if span.source.name == document.source.name:
                return uri
            return uri_of(document.reading.paths.get(span.source.name)) or None

        found = [translator.diagnostic(each, where) for each in remarks(document)]
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, found, version))

    def closed(self, uri: str) -> None:
        """Forget a text, and what was said of it."""
        self.changed(uri)
        self._cancel(uri)
        self._documents.pop(uri, None)
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))


def _path(uri: str) -> Path | None:
    path = to_fs_path(uri) if uri.startswith("file:") else None
    return None if path is None else Path(path).resolve()
