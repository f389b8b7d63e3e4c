"""Sizes of torch's symbolic shapes as sizes of nnspec."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nnspec.dims import Size, Undecidable, at_least, exact_divide, product

_SYMBOL = re.compile(r"[A-Za-z_]\w*")


class UnknownSize(Exception):
    """A size that nnspec has no form for; the text says how torch makes it, by the names of known sizes."""


def size_of(value: Any, names: Mapping[str, Size]) -> Size:
    """A number or symbol of torch; `names` has what the symbols are called.

    Raises:
        UnknownSize: it is made in a way that nnspec has no form for.
    """
    if isinstance(value, int):
        return int(value)
    try:
        return _converted(value.node.expr, names)
    except UnknownSize:
        text = _SYMBOL.sub(lambda found: str(names.get(found[0], found[0])), str(value.node.expr))
        raise UnknownSize(f"a size is {text}, which no spec can name") from None


def _converted(form: Any, names: Mapping[str, Size]) -> Size:
    if form.is_Integer:
        return int(form)
    if form.is_Symbol:
        if form.name not in names:
            raise UnknownSize
        return names[form.name]
    parts = [_converted(each, names) for each in form.args if not getattr(each, "is_Boolean", False)]
    if form.is_Add:
        return sum(parts, 0)
    if form.is_Mul:
        return product(parts)
    kind = type(form).__name__
    if kind in ("Max", "Min") and len(parts) == 2:
        for one, other in (parts, parts[::-1]):
            if at_least(*((one, other) if kind == "Max" else (other, one))):
                return one
    if kind in ("FloorDiv", "CleanDiv") and isinstance(parts[1], int) and parts[1] > 0:
        return parts[0] // parts[1]
    if kind in ("FloorDiv", "CleanDiv") and len(parts) == 2:
        try:
            return exact_divide(parts[0], parts[1])
        except Undecidable:
            raise UnknownSize from None
    if kind == "Pow" and isinstance(parts[1], int) and 0 < parts[1] < 8:
        return product([parts[0]] * parts[1])
    if kind in ("Mod", "PythonMod") and isinstance(parts[1], int) and parts[1] > 0:
        return parts[0] - parts[1] * (parts[0] // parts[1])
    raise UnknownSize
