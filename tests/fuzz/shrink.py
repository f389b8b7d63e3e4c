"""Smaller texts: lines, groups and tokens left out, the largest pieces first."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(r'"[^"\n]*"|\w+|\s+|.', re.S)


def without_lines(text: str) -> Iterator[str]:
    """Without half of the lines, a quarter, ..., one; without what is between two braces."""
    lines = text.splitlines(keepends=True)
    size = max(1, len(lines) // 2)
    while size:
        for start in range(0, len(lines), size):
            yield "".join(lines[:start] + lines[start + size :])
        size //= 2
    for match in re.finditer(r"\{[^{}]*\}", text):
        yield text[: match.start()] + text[match.end() :]
        yield text[: match.start()] + match.group()[1:-1] + text[match.end() :]


def without_steps(text: str) -> Iterator[str]:
    """Without one step of a chain, or one argument."""
    for match in re.finditer(r"-> [^\n>;{}]*?(?= ->|\n|$| ;| \})", text):
        yield text[: match.start()].rstrip(" ") + text[match.end() :]
    for match in re.finditer(r"(?<=[ (=])[A-Za-z_][^\n>;{}]*? -> ", text):
        yield text[: match.start()] + text[match.end() :]
    for match in re.finditer(r", \w+ = [^,()\[\]]+|, \w+ = \[[^\[\]]*\]|\(\w+ = [^,()]+\)", text):
        yield text[: match.start()] + text[match.end() :]


def without_tokens(text: str) -> Iterator[str]:
    """Without one token."""
    pieces = _TOKEN.findall(text)
    size = max(1, len(pieces) // 2)
    while size:
        for start in range(0, len(pieces), size):
            yield "".join(pieces[:start] + pieces[start + size :])
        size //= 2
