"""`value[...]`: an element or a part of a tensor, a list, a text, or several results."""

from __future__ import annotations

from typing import Any, TypeAlias

from nnspec.diagnostics import Span
from nnspec.elaborate.builder.emit import emit
from nnspec.elaborate.builder.layer import make_layer
from nnspec.elaborate.builder.tensor import Results, Tensor
from nnspec.elaborate.describe import kind
from nnspec.elaborate.evaluate.names import need_value
from nnspec.elaborate.evaluate.operands import operand
from nnspec.elaborate.frame import Frame
from nnspec.elaborate.mistakes import AmbiguousIndex, BadOperation, WrongKind
from nnspec.elaborate.values import Argument, Meaning
from nnspec.layers import registry
from nnspec.syntax import tree as t

Index: TypeAlias = Meaning  # "..." for the dimensions between, ("slice", first, last, step) for a part


def subscript(frame: Frame, value: Meaning, items: tuple[Index, ...], trailer: t.Subscript, node: t.Postfix) -> Meaning:
    """The choice of a subscript."""
    value = operand(frame, value, node)
    if isinstance(value, Tensor):
        if len(value.members) > 1 and len(items) == 1 and isinstance(items[0], int):
            written = Span(frame.declarations.source, node.start, trailer.start).text
            frame.fail(AmbiguousIndex(frame.span(node), written, items[0], tuple(value.members)))
        cls = registry.find_by("operator", "[]")
        assert cls is not None
        layer = make_layer(frame, cls, {"items": Argument(items, frame.span(trailer), None)}, trailer)
        return emit(frame, layer, [value], node, title="the subscript")
    need_value(frame, value, node.base)
    if not isinstance(value, (tuple, str)):
        frame.fail(WrongKind(frame.span(node.base), "a tensor or a list before [...]", kind(value)))
    try:
        (index,) = items
        chosen: Any = slice(*index[1:]) if isinstance(index, tuple) else None if isinstance(index, bool) else index
        part: Meaning = value[chosen]
        return part
    except (ValueError, TypeError, IndexError):
        shown = f"{len(value)} elements, counted from 0"
        if isinstance(value, Results):
            found = f"this does not choose one of {len(value)} results"
            way = "the first one is [0]; what is behind it, as in [0][:, 1], is an index of that tensor"
            frame.fail(BadOperation(frame.span(trailer), found, way))
        advice = f"the last one has the number {len(value) - 1}, or -1" if value else None
        frame.fail(BadOperation(frame.span(trailer), f"this does not index {kind(value)} of {shown}", advice))
