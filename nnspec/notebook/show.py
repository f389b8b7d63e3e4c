"""HTML of what a notebook shows. Pictures are images of their own, so that their styles are not those of the page."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape

_FEW = 12  # epochs of a run that are told as a table


def image(content: bytes, kind: str, words: str, width: float | None = None) -> str:
    """A picture; it is as wide as the page at most.

    Args:
        content: the file.
        kind: its type, `svg+xml` or `png`.
        words: the picture in words.
        width: in pixels, where it is not that of the file.
    """
    wide = f' width="{width:.0f}"' if width else ""
    data = f"data:image/{kind};base64,{b64encode(content).decode()}"
    return f'<img{wide} style="max-width: 100%; height: auto" alt="{escape(words)}" src="{data}">'


def folded(title: str, content: str) -> str:
    """Something under a title that opens and closes it."""
    return f"<details open><summary>{escape(title)}</summary>{content}</details>"


def epochs(history: Sequence[dict[str, float | int | None]], measure: str | None) -> str:
    """The last epochs of a run as a table."""
    if not history:
        return ""
    names = [name for name in history[-1] if any(row.get(name) is not None for row in history)]
    head = "".join(f"<th>{escape(name)}{' (best by)' if name == measure else ''}</th>" for name in names)
    rows = "".join(
        f"<tr>{''.join(f'<td>{_number(row.get(name))}</td>' for name in names)}</tr>" for row in history[-_FEW:]
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _number(value: float | int | None) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.5g}"
