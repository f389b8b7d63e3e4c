"""Diagnostics as a person reads them: the source line, a caret under the words, the other places, the way out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from nnspec.diagnostics.diagnostic import MOST, Diagnostic, Found, Origin
from nnspec.diagnostics.source import Span

_ACTING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


_WIDTH = 140  # columns of a source line that are shown; of a longer one, a part around the span
_LENGTH = 300  # characters of a message: a spec can make names and strings as long as it likes


def render(found: Iterable[Found]) -> str:
    """All diagnostics, each followed by an empty line; nothing in them can act on a terminal."""
    items = list(found)
    parts = [_render(item.diagnostic, item.chain) for item in items]
    if len(items) >= MOST:
        parts.append(f"{len(items)} mistakes are shown: correct these, and check again for more\n")
    return "\n".join(parts)


def painted(text: str) -> str:
    """A text of diagnostics with the colours of a terminal: what is wrong red, what else matters blue."""
    text = re.sub(r"(?m)^error\[.*", lambda line: f"\033[1;31m{line[0]}\033[0m", text)
    text = re.sub(r"(?m)^warning\[.*", lambda line: f"\033[1;33m{line[0]}\033[0m", text)
    text = re.sub(r"(?m)(?<=\| )( *)(\^.*)", lambda line: f"{line[1]}\033[1;31m{line[2]}\033[0m", text)
    return re.sub(r"(?m)(?<=\| )( *)(-.*)", lambda line: f"{line[1]}\033[1;34m{line[2]}\033[0m", text)


def _render(diagnostic: Diagnostic, chain: tuple[Origin, ...]) -> str:
    lines = [f"{diagnostic.severity}[{diagnostic.code}]: {_clean(diagnostic.message)}"]
    places = [(diagnostic.span, diagnostic.label, "^")] if diagnostic.span else []
    places += [(label.span, label.text, "-") for label in diagnostic.labels]
    width = max((len(str(span.source.position(span.start)[0])) for span, _, _ in places if span), default=1)
    gutter = " " * width
    previous = None
    for index, (span, text, mark) in enumerate(places):
        assert span is not None
        if index == 0 or span.source.name != previous:
            lines.append(f"{gutter}--> {_clean(str(span))}")
        previous = span.source.name
        lines += [f"{gutter} |", *_excerpt(span, _clean(text), mark, width)]
    if places:
        lines.append(f"{gutter} |")
    lines += [f"{gutter} = {_clean(text)}" for text in _calls(chain)]
    lines += [_wrapped(gutter, "note", note) for note in diagnostic.notes]
    if diagnostic.help:
        lines.append(_wrapped(gutter, "help", diagnostic.help))
    return "\n".join(lines) + "\n"


def _calls(chain: tuple[Origin, ...]) -> list[str]:
    """The chain of block calls, innermost first; of a long one, its ends."""
    shown = [f"in {x.name}, called{f' as {x.label}' if x.label else ''} at {x.span}" for x in chain]
    return shown if len(shown) <= 8 else [*shown[:4], f"... in {len(shown) - 6} further calls ...", *shown[-2:]]


def _wrapped(gutter: str, word: str, text: str) -> str:
    indent = "\n" + gutter + " " * (len(word) + 5)
    return f"{gutter} = {word}: {indent.join(map(_clean, text.split(chr(10))))}"


def _excerpt(span: Span, text: str, mark: str, width: int) -> list[str]:
    number, column = span.source.position(span.start)
    line = span.source.line(number)
    first, last = column - 1, min(column - 1 + max(1, span.end - span.start), max(len(line), column))
    if len(line) > _WIDTH:
        cut = max(0, first - _WIDTH // 2)
        line, first, last = line[cut : cut + _WIDTH], first - cut, min(last - cut, _WIDTH)
        line = ("..." + line[3:] if cut else line) + "..."
    before = "".join("\t" if character == "\t" else " " * _cells(character) for character in line[:first])
    carets = mark * max(1, sum(map(_cells, line[first:last])))
    return [f"{number:>{width}} | {printable(line)}".rstrip(), f"{' ' * width} | {before}{carets} {text}".rstrip()]


def _clean(text: str) -> str:
    """A text from a spec on one line: without what would act on a terminal, and not too long."""
    return printable(text if len(text) <= _LENGTH else text[:_LENGTH] + "...").replace("\t", " ")


def printable(line: str) -> str:
    """Control characters, and those that turn the direction of writing, are replaced."""
    return "".join("\ufffd" if unicodedata.category(c) in _ACTING and c != "\t" else c for c in line)


def _cells(character: str) -> int:
    """The number of columns that a terminal gives a character."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
