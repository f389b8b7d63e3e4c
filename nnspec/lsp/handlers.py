"""The handlers of the language server, one for each request of the protocol."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams

from nnspec.lsp.server import Server
from nnspec.lsp.translate import uri_of
from nnspec.service.answers import Refused
from nnspec.service.completion import complete
from nnspec.service.document import Document
from nnspec.service.fixes import fixes
from nnspec.service.hover import hover
from nnspec.service.names import Names
from nnspec.service.outline import folds, outline
from nnspec.service.preview import formatted, page, picture
from nnspec.service.shapes import inlays

# The commands that give a picture and its page: of a URI, behind which a line, a character and the name of a model may
# stand. A page comes with the model on it, the models of the text, and the URIs of the files that its places are in.
PICTURE = "nnspec.picture"
PAGE = "nnspec.page"


def on_initialized(server: Server, params: lsp.InitializedParams) -> None:
    """The editor is ready: load what the first answer would wait for."""
    server.warm()


def did_open(server: Server, params: lsp.DidOpenTextDocumentParams) -> None:
    """A text is opened."""
    server.changed(params.text_document.uri)


def did_change(server: Server, params: lsp.DidChangeTextDocumentParams) -> None:
    """A text is changed."""
    server.changed(params.text_document.uri)


def did_save(server: Server, params: lsp.DidSaveTextDocumentParams) -> None:
    """A text is saved."""
    server.changed(params.text_document.uri)


def did_close(server: Server, params: lsp.DidCloseTextDocumentParams) -> None:
    """A text is closed."""
    server.closed(params.text_document.uri)


def on_hover(server: Server, params: lsp.HoverParams) -> lsp.Hover | None:
    """The remarks on a word."""
    document, translator, offset = server.at(params.text_document.uri, params.position)
    found = hover(document, offset)
    return None if found is None else translator.hover(found)


def on_completion(server: Server, params: lsp.CompletionParams) -> lsp.CompletionList:
    """The words that could stand at the cursor."""
    document, translator, offset = server.at(params.text_document.uri, params.position)
    found = complete(document, offset)
    return lsp.CompletionList(False, [translator.completion(each, rank) for rank, each in enumerate(found)])


def on_definition(server: Server, params: lsp.DefinitionParams) -> lsp.Location | None:
    """The place where a name is given."""
    document, translator, offset = server.at(params.text_document.uri, params.position)
    target = document.once(Names).definition(offset)
    return None if target is None else translator.location(target)


def on_references(server: Server, params: lsp.ReferenceParams) -> list[lsp.Location]:
    """All places of a name."""
    document, translator, offset = server.at(params.text_document.uri, params.position)
    places = document.once(Names).references(offset, declaration=params.context.include_declaration)
    return [translator.location(each) for each in places]


def on_prepare_rename(server: Server, params: lsp.PrepareRenameParams) -> lsp.Range | None:
    """The name that would be renamed."""
    document, translator, offset = server.at(params.text_document.uri, params.position)
    found = document.once(Names).at(offset)
    if found is None or found.key[0] != document.source.name:
        return None
    return translator.lines.range(found.start, found.end)


def on_rename(server: Server, params: lsp.RenameParams) -> lsp.WorkspaceEdit:
    """The edits that rename a name."""
    document, translator, offset = server.at(params.text_document.uri, params.position)
    try:
        return translator.changes(document.once(Names).rename(offset, params.new_name), server.read)
    except Refused as refused:
        raise JsonRpcInvalidParams(str(refused)) from refused


def on_symbols(server: Server, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
    """The outline."""
    translator = server.translator(params.text_document.uri)
    return [translator.symbol(each) for each in outline(server.document(params.text_document.uri))]


def on_folding(server: Server, params: lsp.FoldingRangeParams) -> list[lsp.FoldingRange]:
    """The lines that can be folded."""
    translator = server.translator(params.text_document.uri)
    return [translator.fold(each) for each in folds(server.document(params.text_document.uri))]


def on_inlay(server: Server, params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
    """The shapes behind steps."""
    document, translator, start = server.at(params.text_document.uri, params.range.start)
    end = translator.lines.offset(params.range.end)
    return [translator.inlay(each) for each in inlays(document) if start <= each.offset <= end]


def on_formatting(server: Server, params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit]:
    """The edits that bring a text into the canonical form."""
    translator = server.translator(params.text_document.uri)
    return [translator.edit(each) for each in formatted(server.document(params.text_document.uri))]


def on_code_action(server: Server, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
    """The quick fixes of mistakes."""
    document, translator, start = server.at(params.text_document.uri, params.range.start)
    made = []
    for found, fix in fixes(document, start, translator.lines.offset(params.range.end)):
        mended = [each for each in params.context.diagnostics if each.code == found.diagnostic.code]
        edit = translator.changes(fix.edits, server.read)
        kind = lsp.CodeActionKind.QuickFix
        made.append(lsp.CodeAction(fix.title, kind=kind, diagnostics=mended or None, edit=edit))
    return made


def on_picture(server: Server, *arguments: Any) -> str:
    """The picture of a model, as SVG."""
    document, offset, model = _asked(server, arguments)
    try:
        return picture(document, offset, model)
    except Refused as refused:
        raise JsonRpcInvalidParams(str(refused)) from refused


def on_page(server: Server, *arguments: Any) -> dict[str, Any]:
    """The page of a model."""
    document, offset, model = _asked(server, arguments)
    try:
        made = page(document, offset, model)
    except Refused as refused:
        raise JsonRpcInvalidParams(str(refused)) from refused
    models = [{"name": name, "range": [start, end]} for name, start, end in made.models]
    files = {name: "" if path is None else uri_of(path) for name, path in made.files.items()}
    return {"html": made.html, "model": made.model, "models": models, "files": files}


def _asked(server: Server, arguments: Sequence[Any]) -> tuple[Document, int, str | None]:
    """The text, offset and model that a command is about."""
    given = dict(zip(("uri", "line", "character", "model"), arguments, strict=False))
    place = lsp.Position(int(given.get("line", 0)), int(given.get("character", 0)))
    document, _, offset = server.at(str(given.get("uri")), place)
    return document, offset, given.get("model")


def on_shutdown(server: Server, params: None) -> None:
    """The editor is about to end the server."""
    server.stopping = True


def on_exit(server: Server, params: None) -> None:
    """End the process at once: the thread that reads standard input would wait for another line."""
    os._exit(0 if server.stopping else 1)


HANDLERS: dict[str, tuple[Callable[..., Any], Any]] = {
    lsp.INITIALIZED: (on_initialized, None),
    lsp.SHUTDOWN: (on_shutdown, None),
    lsp.EXIT: (on_exit, None),
    lsp.TEXT_DOCUMENT_DID_OPEN: (did_open, None),
    lsp.TEXT_DOCUMENT_DID_CHANGE: (did_change, None),
    lsp.TEXT_DOCUMENT_DID_SAVE: (did_save, None),
    lsp.TEXT_DOCUMENT_DID_CLOSE: (did_close, None),
    lsp.TEXT_DOCUMENT_HOVER: (on_hover, None),
    lsp.TEXT_DOCUMENT_COMPLETION: (on_completion, lsp.CompletionOptions(trigger_characters=list('("/=.'))),
    lsp.TEXT_DOCUMENT_DEFINITION: (on_definition, None),
    lsp.TEXT_DOCUMENT_REFERENCES: (on_references, None),
    lsp.TEXT_DOCUMENT_PREPARE_RENAME: (on_prepare_rename, None),
    lsp.TEXT_DOCUMENT_RENAME: (on_rename, lsp.RenameOptions(prepare_provider=True)),
    lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL: (on_symbols, None),
    lsp.TEXT_DOCUMENT_FOLDING_RANGE: (on_folding, None),
    lsp.TEXT_DOCUMENT_INLAY_HINT: (on_inlay, None),
    lsp.TEXT_DOCUMENT_FORMATTING: (on_formatting, None),
    lsp.TEXT_DOCUMENT_CODE_ACTION: (on_code_action, lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix])),
}


def create() -> Server:
    """A server with all its handlers."""
    server = Server()
    for method, (handler, options) in HANDLERS.items():
        server.feature(method, options)(handler)
    server.command(PICTURE)(on_picture)
    server.command(PAGE)(on_page)
    return server
