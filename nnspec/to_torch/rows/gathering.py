"""PyTorch rows of the layers that pick elements by indices, place by place, or put them there."""

from __future__ import annotations

from nnspec.layers.families.gathering import Gather, Scatter
from nnspec.to_torch.row import Call, row


@row(Gather)
def _(layer: Gather, call: Call) -> str:
    return f"{call.inputs[0]}.gather({layer.dim}, {call.inputs[1]})"


@row(Scatter)
def _(layer: Scatter, call: Call) -> str:
    name, indices, source = call.inputs
    if call.type_of(2).rank < call.type_of(1).rank:
        source = f"{source}.expand({call.shape(call.type_of(1).shape)})"
    if layer.reduce in (None, "sum"):
        return f"{name}.scatter{'_add' if layer.reduce else ''}({layer.dim}, {indices}, {source})"
    return f"{name}.scatter_reduce({layer.dim}, {indices}, {source}, {layer.reduce!r})"
