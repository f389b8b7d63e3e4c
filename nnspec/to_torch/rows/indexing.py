"""PyTorch rows of the layers that take parts of a tensor."""

from __future__ import annotations

from nnspec.dims import Size
from nnspec.layers.families.indexing import Chunk, Item, Select, Slice, Split, Subscript, Take
from nnspec.layers.tensor_type import axis
from nnspec.to_torch.operands import tuple_text
from nnspec.to_torch.row import LayerUse, row


@row(Subscript)
def _(layer: Subscript, use: LayerUse) -> str:
    items = [_item(item, use) for item in layer.items]
    while len(items) > 1 and items[-1] == "...":
        items.pop()
    return f"{use.inputs[0]}[{', '.join(items) or '...'}]"


def _item(item: Item, use: LayerUse) -> str:
    if item is None or isinstance(item, str):
        return "None" if item is None else item
    if not isinstance(item, tuple):
        return use.size(item)
    start, stop, step = (_bound(part, use) for part in item[1:])
    return f"{start}:{stop}" + (f":{step}" if step else "")


def _bound(bound: Size | None, use: LayerUse) -> str:
    return "" if bound is None else use.size(bound)


@row(Slice)
def _(layer: Slice, use: LayerUse) -> str:
    start = None if layer.start == 0 else layer.start
    return _at(layer.dim, _item(("slice", start, layer.end, None if layer.step == 1 else layer.step), use), use)


@row(Take)
def _(layer: Take, use: LayerUse) -> str:
    return _at(layer.dim, str(use.inputs[1]), use)


@row(Select)
def _(layer: Select, use: LayerUse) -> str:
    return _at(layer.dim, use.size(layer.index), use)


def _at(dim: int, item: str, use: LayerUse) -> str:
    """The input with a subscript for one dimension."""
    rank = use.type_of().rank
    before = "..., " if dim == -1 and rank > 2 else ":, " * axis(dim, rank)
    return f"{use.inputs[0]}[{before}{item}]"


@row(Split)
def _(layer: Split, use: LayerUse) -> str:
    if len(use.results) == 1:
        return str(use.inputs[0])
    if isinstance(layer.sections, int):
        return f"{use.inputs[0]}.chunk({layer.sections}, dim={layer.dim})"
    return f"{use.inputs[0]}.split({tuple_text(map(use.size, layer.sections))}, dim={layer.dim})"


@row(Chunk)
def _(layer: Chunk, use: LayerUse) -> str:
    if len(use.results) == 1:
        return str(use.inputs[0])
    return f"{use.inputs[0]}.chunk({layer.chunks}, dim={layer.dim})"
