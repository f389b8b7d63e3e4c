"""The text of a spec in the colours of a terminal."""

from __future__ import annotations

import re

import click

from nnspec.diagnostics.render import printable

_TOKEN = re.compile(
    r'(?P<comment>#[^\n]*)|(?P<string>"(?:\\.|[^"\\\n])*")|(?P<word>[A-Za-z_]\w*)|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)'
)
KEYWORDS = frozenset(
    "import from as block model train input output require if else for in training phase rename order scan "
    "each carry along backward residual skip concat add multiply and or not true false none".split()
)
_LOOKS: dict[str, dict[str, object]] = {
    "comment": {"fg": "bright_black"},
    "string": {"fg": "green"},
    "number": {"fg": "yellow"},
    "statement": {"fg": "magenta", "bold": True},
    "layer": {"fg": "cyan"},
}


def highlight(text: str, *, colours: bool) -> str:
    """The text, safe to print: with colours, and control characters replaced."""
    shown = "\n".join(map(printable, text.splitlines()))
    return _TOKEN.sub(_coloured, shown) if colours else shown


def _coloured(match: re.Match[str]) -> str:
    kind, word = match.lastgroup or "", match[0]
    if kind == "word":
        kind = "statement" if word in KEYWORDS else "layer" if word[0].isupper() and len(word) > 1 else ""
    look = _LOOKS.get(kind)
    return click.style(word, **look) if look else word  # type: ignore[arg-type]
