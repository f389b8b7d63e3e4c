"""PyTorch rows of the layers that repeat a tensor's elements or turn them around."""

from __future__ import annotations

from nnspec.layers.families.repetition import Expand, Flip, RepeatInterleave, Roll, Tile
from nnspec.to_torch.row import Call, row


@row(Tile)
def _(layer: Tile, call: Call) -> str:
    return f"{call.inputs[0]}.tile({call.shape(layer.dims) or '()'})"


@row(RepeatInterleave)
def _(layer: RepeatInterleave, call: Call) -> str:
    return f"{call.inputs[0]}.repeat_interleave({call.size(layer.repeats)}, dim={layer.dim})"


@row(Expand)
def _(layer: Expand, call: Call) -> str:
    return f"{call.inputs[0]}.expand({call.shape(layer.shape) or '()'})"


@row(Roll)
def _(layer: Roll, call: Call) -> str:
    return f"{call.inputs[0]}.roll(shifts={layer.shifts}, dims={layer.dims})"


@row(Flip)
def _(layer: Flip, call: Call) -> str:
    return f"{call.inputs[0]}.flip({layer.dims})"
