"""A page of the site, and pieces of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nnspec.record import Record


class Page(Record):
    """A file of the site, by its path: Markdown, or a picture as SVG."""

    path: str
    text: str

    @property
    def title(self) -> str:
        """The heading of a page."""
        return self.text.splitlines()[0].removeprefix("#").strip()


def block(text: str, language: str = "text") -> str:
    """A text as it stands, in a fence that is longer than any in it."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def joined(parts: Iterable[str]) -> str:
    """Parts with an empty line between them."""
    return "\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def folded(summary: str, content: str) -> str:
    """What most readers do not need at once."""
    indented = "\n".join(f"    {line}".rstrip() for line in content.splitlines())
    return f'??? note "{summary}"\n\n{indented}'
