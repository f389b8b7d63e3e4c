"""`parse`: a source text to a `File`; mistakes go to the sink, and what can be read is returned.

After a mistake the declaration is given up and reading goes on at the next line that begins with `block`, `model`,
`import` or `train`, so that one run reports the mistakes of several declarations.
"""

from __future__ import annotations

import re
from functools import cache

import lark
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from nnspec.diagnostics import Sink, Source, Span, nearest
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.syntax import tables
from nnspec.syntax.layout import Layout, LimitReached
from nnspec.syntax.mistakes import NothingDeclared, TooLarge, UnexpectedEnd, UnexpectedText, UnknownCharacter
from nnspec.syntax.tree import Declaration, Expression, File
from nnspec.syntax.tree_builder import TreeBuilder

_DECLARATION = re.compile(r"^(?:block|model|import|train)\b", re.MULTILINE)

# What people call the tokens of the grammar.
_WORDS = {
    "NAME": "a name", "INTEGER": "a number", "FLOAT": "a number", "STRING": "a string", "CONSTANT": "a value",
    "_NEWLINE": "the end of the line", "SEMICOLON": "the end of the line", "$END": "the end of the file",
    "SIGN": "+ or -", "SCALE": "* or /", "COMPARE": "a comparison", "ELLIPSIS": "...", "MERGE": "concat { or add {",
    "LPAR": "(", "RPAR": ")", "LSQB": "[", "RSQB": "]", "LBRACE": "{", "RBRACE": "}", "COMMA": ",", "COLON": ":",
    "EQUAL": "=", "DOT": ".", "OPTIONAL": "?", "__ANON_0": "->", "__ANON_1": "..", "__ANON_2": "**",
}  # fmt: skip
_OPERAND = {"NAME", "INTEGER", "FLOAT", "STRING", "CONSTANT", "LPAR", "LSQB"}
_MINOR = {"SIGN", "SCALE", "COMPARE", "OR", "AND", "NOT", "X", "DOT", "LSQB", "LPAR", "__ANON_2", "__ANON_1", "COLON"}


@cache
def _parser(limits: Limits) -> tuple[lark.Lark, Layout]:
    layout = Layout(limits)
    if lark.__version__ == tables.LARK:
        return lark.Lark._load_from_dict(tables.DATA, tables.MEMO, postlex=layout), layout  # type: ignore[arg-type]
    from nnspec.syntax.build import OPTIONS, grammar_text

    return lark.Lark(grammar_text(), postlex=layout, **OPTIONS), layout  # tables of another Lark may not fit


def parse(source: Source, sink: Sink, limits: Limits = DEFAULT_LIMITS) -> File:
    """Read a source. What is wrong is added to the sink; the declarations that could be read are returned."""
    if len(source.text.encode("utf-8", "surrogatepass")) > limits.bytes:
        sink.add(TooLarge(Span(source, 0, 1), "this file, in bytes,", "bytes", limits.bytes))
        return File(0, 0, ())
    declarations: list[Declaration] = []
    start = 0
    while start < len(source.text):
        part, resume = _parse_from(source, start, sink, limits)
        declarations += part
        start = resume
    if not declarations and not sink.errors:
        sink.add(NothingDeclared(Span(source, 0, min(1, len(source.text)))))
    return File(0, len(source.text), tuple(declarations))


def parse_expression(source: Source, sink: Sink, limits: Limits = DEFAULT_LIMITS) -> Expression | None:
    """Read a source that is one expression; None, with a diagnostic, if it is not."""
    parser, layout = _parser(limits)
    try:
        tree = parser.parse(source.text, start="interpolation")
    except (UnexpectedToken, UnexpectedCharacters, LimitReached) as problem:
        _report(problem, source, layout, sink)
        return None
    expression: Expression = TreeBuilder(source, sink, limits).build(tree.children[0])
    return expression


def _parse_from(source: Source, start: int, sink: Sink, limits: Limits) -> tuple[tuple[Declaration, ...], int]:
    """Declarations from `start`, and where to go on. A mistake gives up what was read up to the next declaration."""
    parser, layout = _parser(limits)
    try:
        # blanks in place of what was read before keep every offset true
        tree = parser.parse(re.sub(r"[^\n]", " ", source.text[:start]) + source.text[start:], start="start")
    except (UnexpectedToken, UnexpectedCharacters, LimitReached) as problem:
        at = _report(problem, source, layout, sink)
        if isinstance(problem, LimitReached):
            return (), len(source.text)
        before = [match.start() for match in _DECLARATION.finditer(source.text, start, max(at, start))]
        after = _DECLARATION.search(source.text, at + 1)
        resume = after.start() if after else len(source.text)
        if before and before[-1] > start:  # what stands before the broken declaration is sound
            good, _ = _parse_from(Source(source.name, source.text[: before[-1]]), start, Sink(), limits)
            return good, resume
        return (), resume
    return TreeBuilder(source, sink, limits).declarations(tree), len(source.text)


def _report(problem: Exception, source: Source, layout: Layout, sink: Sink) -> int:
    """Add the diagnostic for a parser's exception, and return the offset of the mistake."""
    length = len(source.text)
    if isinstance(problem, LimitReached):
        what = {"tokens": "the number of tokens in this file", "nesting": "the nesting of brackets"}[problem.limit]
        bound = getattr(layout.limits, problem.limit)
        at = problem.token.start_pos or 0
        sink.add(TooLarge(Span(source, at, at + 1), what, problem.limit, bound))
        return at
    if isinstance(problem, UnexpectedCharacters):
        at = problem.pos_in_stream
        sink.add(UnknownCharacter(Span(source, at, at + 1), source.text[at]))
        return at
    assert isinstance(problem, UnexpectedToken)
    token = problem.token
    expected = _expected(problem.accepts or problem.expected)
    if token.type == "$END":
        opened = layout.open[-1] if layout.open else None
        at = opened.start_pos if opened is not None and opened.start_pos is not None else length
        span = Span(source, at, at + 1) if opened is not None else Span(source, max(0, length - 1), length)
        sink.add(UnexpectedEnd(span, expected, str(opened) if opened is not None else None))
        return length
    at = token.start_pos or 0
    if token.type == "_NEWLINE":
        sink.add(UnexpectedText(Span(source, at, at + 1), "the end of the line", expected))
        return at
    span = Span(source, at, token.end_pos or at + 1)
    sink.add(UnexpectedText(span, f"`{token}`", expected, _advice(token, problem, source)))
    return at


def _expected(kinds: set[str]) -> tuple[str, ...]:
    shown = {kind for kind in kinds if kind not in _MINOR} or set(kinds)
    if _OPERAND <= set(kinds):
        shown = (shown - _OPERAND - {"NOT"}) | {"NAME"}
    words = dict.fromkeys(_WORDS.get(kind, kind.lower()) for kind in sorted(shown))
    return tuple(words)[:6]


def _advice(token: lark.Token, problem: UnexpectedToken, source: Source) -> str | None:
    if token.type == "EQUAL":
        return "a label is written `name: step`, a value `name = chain`, a compile-time value `let name = ...`"
    line = source.text[source.text.rfind("\n", 0, token.start_pos) + 1 : token.start_pos]
    if token.type in _OPERAND | {"MERGE"} and line.strip():
        word = nearest(line.split()[0], ["let", "input", "output", "require", "for", "if", "block", "model", "import"])
        if word and word != line.split()[0]:
            return f"did you mean `{word}`?"
        return "put `->` between two steps on one line, or `;` between two statements"
    return None
