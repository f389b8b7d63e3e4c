"""The worker's side in Python: views of the text, and the language server, whose messages are handed over as texts.

The first view is shown before the server is loaded, which takes longer than all else; from then on both know the text
from the same document.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Callable
from typing import TYPE_CHECKING

from nnspec.layers import families
from nnspec.playground.views import view
from nnspec.service.document import Document, Memory

if TYPE_CHECKING:
    from nnspec.lsp.server import Server

_FIRST = "model First { input x: float[N, 3, 8, 8]\n Conv2d(4, 3) -> BatchNorm2d -> ReLU -> Flatten -> Linear(2) }"
URI = "playground:/spec.nn"  # the text on the page: it lies in no folder


class Outgoing:
    """What the server writes to: each write is a message."""

    def __init__(self, send: Callable[[str], None]) -> None:
        self.send = send

    def write(self, data: bytes) -> None:
        """Hand a message over."""
        self.send(data.decode())

    def close(self) -> None:
        """There is nothing to close."""


class Workbench:
    """The text that is worked on; it begins without a server."""

    def __init__(self) -> None:
        self._memory = Memory()
        self._document = Document("", memory=self._memory)
        self._server: Server | None = None

    def view(self, text: str, what: str, model: str = "") -> str:
        """A view of a text, as JSON."""
        return view(self._current(text), what, model)

    def _current(self, text: str) -> Document:
        if self._server is not None and URI in self._server.workspace.text_documents:
            known = self._server.document(URI)
            if known.text == text:
                return known
        if self._document.text != text:
            self._document = Document(text, memory=self._memory)
        return self._document

    def serve(self, send: Callable[[str], None]) -> None:
        """Load the language server; `send` takes what it says."""
        importlib.invalidate_caches()  # files may have come since the last look
        from nnspec.lsp.handlers import create

        self._server = create()
        self._server.protocol.set_writer(Outgoing(send), include_headers=False)

    def receive(self, message: str) -> None:
        """Take a message of the editor."""
        assert self._server is not None, "the page waits for the server"
        protocol = self._server.protocol
        protocol.handle_message(json.loads(message, object_hook=protocol.structure_message))


def warmed() -> Workbench:
    """A workbench with all layers loaded, that has made every view once: what the page begins with is the memory of it.

    What the server needs besides, which is linked when it runs, cannot be part of such a memory.
    """
    for module in pkgutil.iter_modules(families.__path__):
        importlib.import_module(f"{families.__name__}.{module.name}")
    bench = Workbench()
    for what in ("summary", "picture", "source"):
        bench.view(_FIRST, what)
    importlib.import_module("pygls.lsp.server")
    return Workbench()
