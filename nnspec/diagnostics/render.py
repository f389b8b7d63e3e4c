"""Diagnostics as a person reads them: the source line, a caret under the words, the other places, the way out."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from nnspec.diagnostics.diagnostic import Diagnostic, Found, Origin
from nnspec.diagnostics.source import Span


def render(found: Iterable[Found]) -> str:
    """All diagnostics, each followed by an empty line."""
    return "\n".join(_render(item.diagnostic, item.chain) for item in found)


def _render(diagnostic: Diagnostic, chain: tuple[Origin, ...]) -> str:
    lines = [f"{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"]
    places = [(diagnostic.span, diagnostic.label, "^")] if diagnostic.span else []
    places += [(label.span, label.text, "-") for label in diagnostic.labels]
    width = max((len(str(span.source.position(span.start)[0])) for span, _, _ in places if span), default=1)
    gutter = " " * width
    previous = None
    for index, (span, text, mark) in enumerate(places):
        assert span is not None
        if index == 0 or span.source.name != previous:
            lines.append(f"{gutter}--> {span}")
        previous = span.source.name
        lines += [f"{gutter} |", *_excerpt(span, text, mark, width)]
    if places:
        lines.append(f"{gutter} |")
    for link in chain:
        label = f" {link.label}" if link.label else ""
        lines.append(f"{gutter} = in {link.name}, called as{label} at {link.span}" if label else
                     f"{gutter} = in {link.name}, called at {link.span}")  # fmt: skip
    lines += [_wrapped(gutter, "note", note) for note in diagnostic.notes]
    if diagnostic.help:
        lines.append(_wrapped(gutter, "help", diagnostic.help))
    return "\n".join(lines) + "\n"


def _wrapped(gutter: str, word: str, text: str) -> str:
    indent = "\n" + gutter + " " * (len(word) + 5)
    return f"{gutter} = {word}: {indent.join(text.splitlines())}"


def _excerpt(span: Span, text: str, mark: str, width: int) -> list[str]:
    number, column = span.source.position(span.start)
    line = span.source.line(number)
    length = max(1, min(span.end - span.start, len(line) - column + 1))
    before = "".join("\t" if character == "\t" else " " * _cells(character) for character in line[: column - 1])
    carets = mark * max(1, sum(map(_cells, line[column - 1 : column - 1 + length])))
    shown = _printable(line)
    return [f"{number:>{width}} | {shown}".rstrip(), f"{' ' * width} | {before}{carets} {text}".rstrip()]


def _printable(line: str) -> str:
    """Control characters would act on the terminal of the reader: show them as a question mark."""
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c != "\t" else c for c in line)


def _cells(character: str) -> int:
    """How many columns a terminal gives a character."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
