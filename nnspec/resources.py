"""Where the grammar and the model zoo are: beside the package in a clone, inside it in an installed wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent


@cache
def folder(name: str) -> Path:
    """The folder `grammar` or `specs`.

    Raises:
        FileNotFoundError: the installation is damaged.
    """
    for place in (_PACKAGE / "_resources" / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"nnspec is installed without its folder {name!r}: install it again")


def grammar_text() -> str:
    """The Lark grammar."""
    return (folder("grammar") / "nnspec.lark").read_text(encoding="utf-8")
