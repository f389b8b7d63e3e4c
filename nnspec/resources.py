"""Where the grammar, zoo, examples and reference are: beside the package in a clone, inside it in a wheel."""

from __future__ import annotations

from functools import cache
from os import PathLike
from pathlib import Path

_PACKAGE = Path(__file__).parent
OWN = {"zoo": "specs", "std": "specs/std", "examples": "examples"}  # the folders by what users call them


@cache
def folder(name: str) -> Path:
    """The folder `grammar`, `specs`, `examples` or `docs`.

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


def spec_path(path: str | PathLike[str]) -> Path:
    """The file that a user names: `zoo/resnet.nn` is nnspec's own where there is no such file here.

    So are the blocks in `std/`, and what is in `examples/`, pictures too.
    """
    given = Path(path)
    library, _, rest = given.as_posix().partition("/")
    own = OWN.get(library) if rest else None
    return given if own is None or given.exists() else folder(own) / rest
