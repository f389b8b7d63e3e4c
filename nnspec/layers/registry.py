"""Finding layers by what a spec writes: `Conv2d`, `exp(x)`, `a + b`, `concat { ... }`.

A layer exists as soon as a module of `families` defines its class; a class whose name begins with an underscore is
a base for others. A family is imported when one of its layers is first asked for (importing all of them would
double the start-up of `nnspec summary`), so the index of names is read from the text of the sources.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache

from nnspec.layers import families
from nnspec.layers.base import Layer

_DEFINITION = re.compile(
    r'^class ([A-Z]\w*)\(|^    (function|operator|merge)(?:: ClassVar\[[^\n]*\])? = "([^"\n]+)"', re.MULTILINE
)


@cache
def _index() -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """Layer name -> its family, and (role, word) such as ("operator", "+") -> layer name."""
    family_of: dict[str, str] = {}
    named: dict[tuple[str, str], str] = {}
    for module in pkgutil.iter_modules(families.__path__):
        path = f"{families.__name__}.{module.name}"
        loader = module.module_finder.find_spec(path).loader  # type: ignore[call-arg, union-attr]
        current = ""
        for match in _DEFINITION.finditer(loader.get_source(path)):  # type: ignore[union-attr]
            if match[1]:
                current = match[1]
                family_of[current] = path
            else:
                named[match[2], match[3]] = current
    return family_of, named


@cache
def find(name: str) -> type[Layer] | None:
    """The layer that a spec calls `name`, or None."""
    path = _index()[0].get(name)
    return None if path is None else getattr(importlib.import_module(path), name)


def find_by(role: str, word: str) -> type[Layer] | None:
    """The layer behind a `function` (exp), an `operator` (+) or a `merge` (concat), or None."""
    name = _index()[1].get((role, word))
    return None if name is None else find(name)


def families_of() -> dict[str, str]:
    """Layer name -> the module of its family."""
    return _index()[0]


def names() -> list[str]:
    """The names of all layers, sorted."""
    return sorted(_index()[0])


def words(role: str) -> list[str]:
    """The words that stand for a layer in one role."""
    return sorted(word for kind, word in _index()[1] if kind == role)


def all_layers() -> Iterator[type[Layer]]:
    """Every layer class, by name; imports all families."""
    for name in names():
        layer = find(name)
        assert layer is not None
        yield layer
