"""`parse`: a source text to a `File`; mistakes go to the sink, and what can be read is returned.

After a mistake the declaration is given up and reading goes on at the next line that begins with `block`, `model`,
`import` or `train`, so that one run reports the mistakes of several declarations.
"""

from __future__ import annotations

import re
from functools import cache
from threading import Lock
from typing import Any

import lark
from lark import TextSlice, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from nnspec.diagnostics import Sink, Source, Span
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.resources import grammar_text
from nnspec.stack import deep_stack
from nnspec.syntax import tables
from nnspec.syntax.layout import Layout, LimitReached
from nnspec.syntax.lexer import OneScanLexer
from nnspec.syntax.mistakes import BadEscape, NothingDeclared, TooLarge, UnknownCharacter, UnreadableSpec
from nnspec.syntax.pieces import DECLARATION, Piece, Pieces, divided, placed
from nnspec.syntax.positions import quicken
from nnspec.syntax.tree import Declaration, Expression, File
from nnspec.syntax.tree_builder import TreeBuilder
from nnspec.syntax.unexpected import explain

# Compiled only where a mistake has been found.
_DECLARED = r"(?a:(?:block|model)\s+([A-Za-z_]\w*)|import\s+([^\"\n]*))"


_ONE_AT_A_TIME = Lock()  # the parser is shared by all threads


@cache
def _parser(limits: Limits) -> tuple[lark.Lark, Layout]:
    layout = Layout(limits)
    options: Any = {"postlex": layout, "_plugins": {"ContextualLexer": OneScanLexer}}
    if lark.__version__ == tables.LARK:
        parser = lark.Lark._load_from_dict(tables.DATA, tables.MEMO, **options)  # type: ignore[no-untyped-call]
    else:
        from nnspec.syntax.build import OPTIONS  # tables of another Lark may not fit: build them, which takes long

        parser = lark.Lark(grammar_text(), **options, **OPTIONS)
    quicken(parser._callbacks)
    return parser, layout


def parse(source: Source, sink: Sink, limits: Limits = DEFAULT_LIMITS, pieces: Pieces | None = None) -> File:
    """Read a source. What is wrong is added to the sink; the declarations that could be read are returned.

    Args:
        source: the text.
        sink: where mistakes go.
        limits: bounds on what it may hold.
        pieces: what was read before, which is not read again.
    """
    if len(source.text.encode("utf-8", "surrogatepass")) > limits.bytes:
        sink.add(TooLarge(Span(source, 0, 1), "this file, in bytes,", "bytes", limits.bytes))
        return File(0, 0, ())
    half = re.search(r"[\ud800-\udfff]", source.text)
    if half is not None:
        span = Span(source, *half.span())
        sink.add(UnreadableSpec(span, source.name, "it is not UTF-8 text", "a spec is a text file"))
        return File(0, 0, ())
    with _ONE_AT_A_TIME, deep_stack():
        return _Reader(source, sink, limits).file(pieces)


def parse_expression(source: Source, sink: Sink, limits: Limits = DEFAULT_LIMITS) -> Expression | None:
    """Read a source that is one expression; None, with a diagnostic, if it is not."""
    with _ONE_AT_A_TIME, deep_stack():
        return _Reader(source, sink, limits).expression()


class _Reader:
    """Reads one source. The parser is shared by all, and one at a time uses it."""

    def __init__(self, source: Source, sink: Sink, limits: Limits) -> None:
        self.source = source
        self.sink = sink
        self.limits = limits
        self.parser, self.layout = _parser(limits)
        self.layout.count = 0
        self.refused: tuple[int, UnexpectedToken] | None = None  # where the piece begins that was read last, and why

    def file(self, pieces: Pieces | None) -> File:
        """All declarations; after a mistake, those from the next one on."""
        length = len(self.source.text)
        declarations: list[Declaration] = []
        broken: list[str] = []
        start = 0
        try:
            while start < length and not self.sink.full:
                if pieces is not None:
                    start = self._in_pieces(start, pieces, declarations)
                    if start == length:
                        break
                tree, at = self._tree(start, length)
                if tree is not None:
                    declarations += self._builder.declarations(tree)
                    break
                place = self._broken_declaration(start, at)
                if place > start:  # what stands before the broken declaration is sound
                    sound, _ = self._tree(start, place)
                    declarations += self._builder.declarations(sound) if sound is not None else ()
                after = re.compile(DECLARATION).search(self.source.text, max(at, start + 1))
                start = after.start() if after else length
                broken += _declared(self.source.text[place : max(start, place)])
        except LimitReached as problem:
            self._limit(problem)
        if not declarations and not self.sink.errors:
            self.sink.add(NothingDeclared(Span(self.source, 0, min(1, length))))
        return File(0, length, tuple(declarations), tuple(broken))

    def _in_pieces(self, start: int, pieces: Pieces, declarations: list[Declaration]) -> int:
        """Add the declarations of all pieces from an offset on that can be read alone, and say where that ends.

        What cannot be, or comes with a remark, is left to who reads the text as a whole.
        """
        text = self.source.text
        for first, last in divided(text, start):
            if first == last:
                continue
            piece = pieces.known(text[first:last])
            if piece is None:
                piece = self._piece(first, last)
                if piece is None:
                    return first
                pieces.keep(text[first:last], piece)
            elif self.layout.count + piece.tokens > self.limits.tokens:
                return first
            else:
                self.layout.count += piece.tokens
            declarations += placed(piece, text, first)
        return len(text)

    def _piece(self, start: int, end: int) -> Piece | None:
        """A part of the text that can be read alone and has no mistake."""
        before = self.layout.count
        alone = _Reader(self.source, Sink(), self.limits)
        self.layout.count = before
        try:
            tree = self.parser.parse(TextSlice(self.source.text, start, end), start="start")
            found = alone._builder.declarations(tree)
        except UnexpectedCharacters:
            found = ()
        except UnexpectedToken as problem:
            found = ()
            if problem.token.type != "$END":  # what stands behind the piece makes no difference
                self.refused = start, problem
                return None
        if found and not alone.sink.found:
            return Piece(start, self.layout.count - before, found)
        self.layout.count = before
        return None

    def expression(self) -> Expression | None:
        """The whole source as one expression."""
        try:
            tree, _ = self._tree(0, len(self.source.text), "interpolation")
            return None if tree is None else self._builder.expression(tree)
        except LimitReached as problem:
            self._limit(problem)
            return None

    @property
    def _builder(self) -> TreeBuilder:
        return TreeBuilder(self.source, self.sink, self.limits, self._interpolation)

    def _tree(self, start: int, end: int, rule: str = "start") -> tuple[Tree[Token] | None, int]:
        """Lark's tree for a part of the text; or None, after reporting the mistake, and its offset.

        Raises:
            LimitReached: the part has too many tokens or brackets.
        """
        try:
            if self.refused is not None and self.refused[0] == start:
                raise self.refused[1]
            return self.parser.parse(TextSlice(self.source.text, start, end), start=rule), end
        except UnexpectedCharacters as problem:
            at = problem.pos_in_stream or 0
            self.sink.add(UnknownCharacter(Span(self.source, at, at + 1), self.source.text[at]))
            return None, at
        except UnexpectedToken as problem:
            mistake, at = explain(problem, self.source, self.layout, end)
            self.sink.add(mistake)
            return None, at

    def _interpolation(self, span: Span) -> Tree[Token] | None:
        """The tree for an expression inside a string."""
        self.layout.count += 10  # what starting the parser costs
        text = TextSlice(self.source.text, span.start, span.end)
        try:
            return self.parser.parse(text, start="interpolation")
        except (UnexpectedCharacters, UnexpectedToken):
            whole = Span(self.source, span.start - 1, span.end + 1)
            self.sink.add(BadEscape(whole, "what stands between the braces is not an expression"))
        return None

    def _limit(self, problem: LimitReached) -> None:
        what = {"tokens": "the number of words and signs in this file", "nesting": "the nesting of brackets"}
        at = problem.token.start_pos or 0
        bound = getattr(self.limits, problem.limit)
        self.sink.add(TooLarge(Span(self.source, at, at + 1), what[problem.limit], problem.limit, bound))

    def _broken_declaration(self, start: int, at: int) -> int:
        """Where the declaration begins that has its mistake at `at`."""
        begins = [match.start() for match in re.compile(DECLARATION).finditer(self.source.text, start, max(at, start))]
        return begins[-1] if begins else start


def _declared(text: str) -> list[str]:
    """The names that a broken declaration would have declared: using them is no further mistake."""
    names: list[str] = []
    for match in re.finditer(_DECLARED, text):
        names += [match[1]] if match[1] else re.findall(r"[A-Za-z_]\w*", match[2])
    return names
