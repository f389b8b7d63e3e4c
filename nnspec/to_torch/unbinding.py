"""Steps that take every element along a dimension, one after the other: written as one, `query, key = x.unbind(0)`."""

from __future__ import annotations

from nnspec.ir import Call, Module
from nnspec.layers.base import Layer
from nnspec.layers.families.indexing import WHOLE, Subscript
from nnspec.record import Record
from nnspec.to_torch.names import variable


class Unbinding(Record):
    """The calls that take the elements of a value along `dim`, in order."""

    value: str
    dim: int
    calls: tuple[Call, ...]


def unbinding(module: Module, index: int) -> Unbinding | None:
    """The elements that the calls from this index on take; None where they do not take each one once."""
    first = _element(module, module.calls[index])
    if first is None or first[1] != 0:
        return None
    value, (dim, _) = module.calls[index].inputs[0], first
    size = module.values[value].shape[dim]
    calls = module.calls[index : index + size] if isinstance(size, int) and size > 1 else ()
    for place, call in enumerate(calls):
        if _element(module, call) != (dim, place) or call.inputs[0] != value or call.training != calls[0].training:
            return None
    return Unbinding(value, dim, calls) if calls and len(calls) == size else None


def _element(module: Module, call: Call) -> tuple[int, int] | None:
    """The dimension of which a call takes one element and no other part, and which one it is."""
    if not isinstance(call.callee, Subscript) or call.count > 1 or len(call.inputs) != 1:
        return None
    given = module.values[call.inputs[0]]
    items = call.callee.expanded(given)
    places = [(dim, item) for dim, item in enumerate(items) if isinstance(item, int)]
    others = [item for item in items if not isinstance(item, int)]
    if len(places) != 1 or any(item != WHOLE for item in others):
        return None
    dim, item = places[0]
    size = given.shape[dim]
    return dim, item + size if item < 0 and isinstance(size, int) else item


def roles(module: Module) -> dict[str, str]:
    """The name of a value in the only layer that is given it: the query, key and value of an attention."""
    found: dict[str, str] = {}
    for call in module.calls:
        if isinstance(call.callee, Layer):
            inputs = (*call.callee.inputs, *call.callee.optional_inputs)
            for value, name in zip(call.inputs, inputs, strict=False):
                found[value] = "" if value in found else name
        else:
            found |= dict.fromkeys(call.inputs, "")
    return {value: variable(name) for value, name in found.items() if name and not name.startswith("input")}
