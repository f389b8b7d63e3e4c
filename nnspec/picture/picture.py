"""The picture of one or several models, in any of its forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path

from nnspec.arguments import typed
from nnspec.cached import cached_property
from nnspec.diagnostics import Diagnostic, Source, SpecError
from nnspec.extras import need
from nnspec.notebook.show import image
from nnspec.output import replacing
from nnspec.picture.build import Scenes, View
from nnspec.picture.dot import dot
from nnspec.picture.figure import Figure, figure
from nnspec.picture.mermaid import mermaid
from nnspec.picture.scene import Level
from nnspec.picture.svg import svg


class UnknownPicture(Diagnostic):
    """A picture was to be written to a file whose name does not say in which form."""

    code = "E0513"
    path: str

    @property
    def message(self) -> str:
        return f"{self.path} does not say in which form the picture is written"

    @property
    def help(self) -> str | None:
        return f"let its name end in {', '.join(FORMS)}"


class Picture:
    """A picture of models side by side; a notebook shows it."""

    def __init__(self, views: Sequence[View], sources: Mapping[str, Source] | None = None) -> None:
        self.views = views
        self.sources = sources or {}

    @cached_property
    def figure(self) -> Figure:
        """The boxes and lines in their places."""
        return figure(self.views)

    @cached_property
    def levels(self) -> list[tuple[str, Level]]:
        """The names of the models, and their boxes and lines without places."""
        return [(view.program.main.name, Scenes(view).whole()) for view in self.views]

    def svg(self) -> str:
        """The picture as SVG."""
        return svg(self.figure)

    def dot(self) -> str:
        """The graph in Graphviz's language."""
        return dot(self.levels)

    def mermaid(self) -> str:
        """The graph in Mermaid's language."""
        return mermaid(self.levels)

    @typed
    def png(self, scale: float = 2.0) -> bytes:
        """The picture as PNG, by resvg; `scale` pixels for each of its units.

        Raises:
            SpecError: resvg is not installed.
        """
        need("a PNG", "resvg_py")
        from nnspec.picture.png import png  # resvg is no part of the core

        return png(self.figure, scale)

    def html(self) -> str:
        """A page on which blocks open and close, with the numbers, the text and the PyTorch source of every part."""
        from nnspec.picture.page import page  # it writes the PyTorch source, which the others do not need

        return page(self.figure, self.views, self.sources)

    def __repr__(self) -> str:
        return f"<{self._title}>"

    @property
    def _title(self) -> str:
        return f"Picture of {' and '.join(view.program.main.name for view in self.views)}"

    def _repr_html_(self) -> str:
        return image(self.svg().encode(), "svg+xml", self._title)

    @typed
    def save(self, path: str | PathLike[str]) -> None:
        """Write it to a file, in the form that the end of its name says: .svg, .html, .png, .dot or .mmd.

        Raises:
            SpecError: the name ends otherwise, or the file cannot be written.
        """
        form = FORMS.get(Path(path).suffix.lower())
        if form is None:
            raise SpecError.of(UnknownPicture(None, str(path)))
        made = form(self)
        with replacing(path) as temporary:
            temporary.write_bytes(made)


FORMS: dict[str, Callable[[Picture], bytes]] = {
    ".svg": lambda picture: picture.svg().encode(),
    ".html": lambda picture: picture.html().encode(),
    ".png": lambda picture: picture.png(),
    ".dot": lambda picture: picture.dot().encode(),
    ".mmd": lambda picture: picture.mermaid().encode(),
}
