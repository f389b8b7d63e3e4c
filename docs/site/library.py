"""The reference of the library: every name of the public surface, with its signature and docstring."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import ModuleType

import nnspec
from docs.site.docstring import escaped, heading, prose
from docs.site.page import Page, block, joined, table
from nnspec.limits import DEFAULT_LIMITS


def pages() -> Iterator[Page]:
    """The contents, and a page for each class; functions are on one page together."""
    found = {name: getattr(nnspec, name) for name in nnspec.__all__ if not name.startswith("_")}
    classes = {name: each for name, each in found.items() if inspect.isclass(each)}
    others = {name: each for name, each in found.items() if name not in classes}
    places = {name: f"{name}.md" if name in classes else f"functions.md#{name.lower()}" for name in found}
    rows = [(f"[{name}]({places[name]})", _first(each)) for name, each in found.items()]
    yield Page("library/index.md", joined(["# Library", table(["name", ""], rows)]))
    for name, kind in classes.items():
        members = [_part(f"{name}.{inner}", each) for inner, each in _members(kind)]
        yield Page(f"library/{name}.md", joined([f"# {name}", *_made(name, kind), _text(kind), *members]))
    yield Page("library/functions.md", joined(["# Functions", *(_part(name, each) for name, each in others.items())]))


def _made(name: str, kind: type) -> list[str]:
    """How an object of a class is made, where that is for users."""
    if kind not in (nnspec.Limits, nnspec.Session, nnspec.WeightChoice):
        return []
    shown = heading(name, kind).removesuffix(" -> None")
    return [block(shown.replace(str(DEFAULT_LIMITS.memory), "..."), "python")]  # that of the machine


def _first(each: object) -> str:
    return escaped((inspect.getdoc(each) or "").split("\n\n")[0].replace("\n", " "))


def _members(kind: type) -> Iterator[tuple[str, object]]:
    for name, each in vars(kind).items():
        is_member = callable(each) or isinstance(each, property | classmethod)
        if is_member and not name.startswith("_") and inspect.getdoc(each):
            yield name, each


def _part(name: str, each: object) -> str:
    return joined([f"## {name}", _text(each, name)])


def _text(each: object, name: str = "") -> str:
    function = each.__func__ if isinstance(each, classmethod) else each
    head = ""
    if isinstance(each, property):
        head = "*Attribute.*"
    elif isinstance(each, ModuleType):
        head = block(f"nnspec.{name}", "python")
    elif name and inspect.isroutine(function):
        head = block(heading(name.rpartition(".")[2], function), "python")
    return joined([head, prose(inspect.getdoc(each) or "")])
