"""A page in one file: a heading and sections, with the style and the script of all reports inside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

from nnspec.record import Record


class Section(Record):
    """A part of a page: what it is called, its contents as HTML, and why something is not there."""

    title: str
    content: str
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name that links have for it."""
        return self.title.lower().replace(" ", "-")


def document(title: str, about: str, sections: Sequence[Section]) -> str:
    """The text of the file."""
    folder = files("nnspec.report")
    links = "".join(f'<li><a href="#{each.name}">{escape(each.title)}</a></li>' for each in sections)
    parts = {
        "title": escape(title),
        "about": escape(about),
        "style": folder.joinpath("report.css").read_text(encoding="utf-8"),
        "script": folder.joinpath("report.js").read_text(encoding="utf-8"),
        "links": links,
        "sections": "".join(map(_section, sections)),
    }
    head, *rest = folder.joinpath("report.html").read_text(encoding="utf-8").split("{{")
    filled = [head]
    for piece in rest:
        name, _, after = piece.partition("}}")
        filled += [parts[name.strip()], after]
    return "".join(filled)


def _section(section: Section) -> str:
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in section.notes)
    return (
        f'<section id="{section.name}" aria-labelledby="{section.name}-title"><h2 id="{section.name}-title">'
        f"{escape(section.title)}</h2>{section.content}{notes}</section>\n"
    )


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column names the rows; a narrow window scrolls it."""
    top = "".join(f'<th scope="col">{escape(head)}</th>' if head else "<td></td>" for head in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def folded(title: str, content: str) -> str:
    """Something under a title that opens and closes it, closed at first."""
    return f"<details><summary>{escape(title)}</summary>{content}</details>"
