"""The answers of the service in the types of the protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from lsprotocol import types as lsp
from pygls.uris import from_fs_path

from nnspec.diagnostics import Span
from nnspec.lsp.lines import Lines
from nnspec.service.answers import Completion, Edit, Fold, Hover, Inlay, Symbol, Target
from nnspec.service.remarks import Remark

_COMPLETIONS = {
    "layer": lsp.CompletionItemKind.Class,
    "block": lsp.CompletionItemKind.Struct,
    "model": lsp.CompletionItemKind.Module,
    "function": lsp.CompletionItemKind.Function,
    "value": lsp.CompletionItemKind.Variable,
    "argument": lsp.CompletionItemKind.Field,
    "key": lsp.CompletionItemKind.Property,
    "word": lsp.CompletionItemKind.EnumMember,
    "keyword": lsp.CompletionItemKind.Keyword,
    "file": lsp.CompletionItemKind.File,
}
_SYMBOLS = {
    "model": lsp.SymbolKind.Module,
    "block": lsp.SymbolKind.Class,
    "train": lsp.SymbolKind.Event,
    "phase": lsp.SymbolKind.Event,
    "input": lsp.SymbolKind.Interface,
    "output": lsp.SymbolKind.Interface,
    "value": lsp.SymbolKind.Variable,
    "layer": lsp.SymbolKind.Field,
    "key": lsp.SymbolKind.Property,
}
_SEVERITIES = {"error": lsp.DiagnosticSeverity.Error, "warning": lsp.DiagnosticSeverity.Warning}


def uri_of(path: Path | None) -> str:
    """The URI of a file."""
    return "" if path is None else from_fs_path(str(path)) or ""


class Translator:
    """Turns answers about one text into those of the protocol.

    Args:
        uri: of the text.
        path: the file, None for a text that was never saved.
        text: the text itself.
        encoding: the units in which the client counts characters.
    """

    def __init__(self, uri: str, path: Path | None, text: str, encoding: str) -> None:
        self.uri, self.path, self.encoding = uri, path, encoding
        self.lines = Lines(text, encoding)

    def diagnostic(self, remark: Remark, uri: Callable[[Span], str | None]) -> lsp.Diagnostic:
        """A mistake; `uri` finds the file of a place."""
        related = []
        for label in remark.related:
            where = uri(label.span)
            if where is not None:
                lines = Lines(label.span.source.text, self.encoding)
                place = lsp.Location(where, lines.range(label.span.start, label.span.end))
                related.append(lsp.DiagnosticRelatedInformation(place, label.text))
        return lsp.Diagnostic(
            self.lines.range(remark.start, remark.end),
            remark.text,
            severity=_SEVERITIES[remark.severity],
            code=remark.code,
            source="nnspec",
            related_information=related or None,
            tags=[lsp.DiagnosticTag.Unnecessary] if remark.unused else None,
        )

    def inlay(self, inlay: Inlay) -> lsp.InlayHint:
        """A shape behind a step."""
        return lsp.InlayHint(
            self.lines.position(inlay.offset),
            inlay.text,
            kind=lsp.InlayHintKind.Type,
            tooltip=inlay.more or None,
            padding_left=True,
        )

    def hover(self, hover: Hover) -> lsp.Hover:
        """The remarks on a word."""
        content = lsp.MarkupContent(lsp.MarkupKind.Markdown, hover.text)
        return lsp.Hover(content, self.lines.range(hover.start, hover.end))

    def edit(self, edit: Edit) -> lsp.TextEdit:
        """A change of this text."""
        return lsp.TextEdit(self.lines.range(edit.start, edit.end), edit.text)

    def changes(self, edits: Iterable[Edit], read: Callable[[Path], str]) -> lsp.WorkspaceEdit:
        """Changes of this text and of others."""
        found: dict[str, list[lsp.TextEdit]] = {}
        others: dict[Path, Lines] = {}
        for edit in edits:
            if edit.path is None or edit.path == self.path:
                found.setdefault(self.uri, []).append(self.edit(edit))
                continue
            lines = others.setdefault(edit.path, Lines(read(edit.path), self.encoding))
            change = lsp.TextEdit(lines.range(edit.start, edit.end), edit.text)
            found.setdefault(uri_of(edit.path), []).append(change)
        return lsp.WorkspaceEdit(changes=found)

    def location(self, target: Target) -> lsp.Location:
        """A place in this text or another one."""
        here = target.path == self.path
        lines = self.lines if here else Lines(target.text, self.encoding)
        return lsp.Location(self.uri if here else uri_of(target.path), lines.range(target.start, target.end))

    def completion(self, found: Completion, rank: int) -> lsp.CompletionItem:
        """A word that could stand at the cursor."""
        documentation = lsp.MarkupContent(lsp.MarkupKind.Markdown, found.documentation) if found.documentation else None
        return lsp.CompletionItem(
            found.label,
            kind=_COMPLETIONS[found.kind],
            detail=found.detail or None,
            documentation=documentation,
            sort_text=f"{rank:04}",
            text_edit=lsp.TextEdit(self.lines.range(found.start, found.end), found.insert),
            additional_text_edits=[self.edit(edit) for edit in found.edits] or None,
        )

    def symbol(self, symbol: Symbol) -> lsp.DocumentSymbol:
        """A symbol with those inside it."""
        return lsp.DocumentSymbol(
            symbol.name or "_",
            _SYMBOLS[symbol.kind],
            self.lines.range(symbol.start, max(symbol.end, symbol.name_end)),
            self.lines.range(symbol.name_start, symbol.name_end),
            detail=symbol.detail or None,
            children=[self.symbol(each) for each in symbol.children] or None,
        )

    def fold(self, fold: Fold) -> lsp.FoldingRange:
        """Lines that can be hidden; a closing bracket stays."""
        start, end = self.lines.position(fold.start).line, self.lines.position(fold.end).line
        last = end - 1 if fold.kind == "region" and end - 1 > start else end
        return lsp.FoldingRange(start, last, kind=lsp.FoldingRangeKind(fold.kind))
