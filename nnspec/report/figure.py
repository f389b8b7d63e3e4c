"""Figures of matplotlib as SVG inside a page: in the colours of the page, light or dark, with text that is text."""

from __future__ import annotations

import re
from html import escape
from io import StringIO
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, LINE = "#010203", "#040506"  # stand for the colours of the page, which are put in their place
COLORS = ("#1f77b4", "#e8710a", "#2a9d3f", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#a0a010", "#17a2b8")
_STYLE: dict[Any, Any] = {  # the keys that matplotlib types are a list of all its names
    "svg.fonttype": "none",
    "font.size": 9.0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": LINE,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": LINE,
    "axes.axisbelow": True,
    "image.interpolation": "nearest",
}


class Drawing:
    """A figure while it is drawn: `axes` is what is drawn on."""

    def __init__(self, width: float, height: float) -> None:
        """Begin a figure, its size in inches."""
        with rc_context(_STYLE):
            self.figure = Figure((width, height), layout="constrained")
            self.axes: Axes = self.figure.add_subplot()

    def svg(self, words: str, name: str) -> str:
        """The figure as an element of a page.

        Args:
            words: the figure in words.
            name: one that no other figure of the page has; identifiers inside follow from it.
        """
        text = StringIO()
        with rc_context({**_STYLE, "svg.hashsalt": name}):
            self.figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
        return _embedded(text.getvalue(), words, name)


def _embedded(text: str, words: str, name: str) -> str:
    """What HTML needs of a file of SVG: no prologue, no name spaces, no identifiers that nothing refers to."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text).replace("xlink:href", "href")
    referred = set(re.findall(r'(?:href="|url\()#([\w-]+)', text))
    text = re.sub(r' id="([^"]+)"', lambda found: found[0] if found[1] in referred else "", text)
    for identifier in referred:  # an image has a name that follows from its contents, which two figures may share
        text = text.replace(f'"{identifier}"', f'"{name}-{identifier}"').replace(
            f"#{identifier}", f"#{name}-{identifier}"
        )
    text = text.replace(INK, "var(--ink)").replace(LINE, "var(--line)")
    head = re.match(r'<svg[^>]*?viewBox="([^"]*)"[^>]*>', text)
    assert head, "matplotlib gives every figure a size"
    width = float(head[1].split()[2]) * 4 / 3  # points in pixels
    opening = f'<svg role="img" aria-label="{escape(words)}" viewBox="{head[1]}" style="width: {width:.0f}px">'
    return opening + text[head.end() :].strip()
