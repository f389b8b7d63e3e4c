"""PyTorch rows of the layers that take parts of a tensor."""

from __future__ import annotations

from nnspec.dims import Size
from nnspec.layers.base import axis
from nnspec.layers.families.indexing import Chunk, Item, Select, Slice, Split, Subscript, Take
from nnspec.to_torch.operands import tuple_text
from nnspec.to_torch.row import Call, row


@row(Subscript)
def _(layer: Subscript, call: Call) -> str:
    return f"{call.inputs[0]}[{', '.join(_item(item, call) for item in layer.items) or '...'}]"


def _item(item: Item, call: Call) -> str:
    if item is None or isinstance(item, str):
        return "None" if item is None else item
    if not isinstance(item, tuple):
        return call.size(item)
    start, stop, step = (_bound(part, call) for part in item[1:])
    return f"{start}:{stop}" + (f":{step}" if step else "")


def _bound(bound: Size | None, call: Call) -> str:
    return "" if bound is None else call.size(bound)


@row(Slice)
def _(layer: Slice, call: Call) -> str:
    start = None if layer.start == 0 else layer.start
    return _at(layer.dim, _item(("slice", start, layer.end, None if layer.step == 1 else layer.step), call), call)


@row(Take)
def _(layer: Take, call: Call) -> str:
    return _at(layer.dim, str(call.inputs[1]), call)


@row(Select)
def _(layer: Select, call: Call) -> str:
    return _at(layer.dim, call.size(layer.index), call)


def _at(dim: int, item: str, call: Call) -> str:
    """The input with a subscript for one dimension."""
    rank = call.type_of().rank
    before = "..., " if dim == -1 and rank > 2 else ":, " * axis(dim, rank)
    return f"{call.inputs[0]}[{before}{item}]"


@row(Split)
def _(layer: Split, call: Call) -> str:
    if len(call.results) == 1:
        return str(call.inputs[0])
    if isinstance(layer.sections, int):
        return f"{call.inputs[0]}.chunk({layer.sections}, dim={layer.dim})"
    return f"{call.inputs[0]}.split({tuple_text(map(call.size, layer.sections))}, dim={layer.dim})"


@row(Chunk)
def _(layer: Chunk, call: Call) -> str:
    if len(call.results) == 1:
        return str(call.inputs[0])
    return f"{call.inputs[0]}.chunk({layer.chunks}, dim={layer.dim})"
