"""PyTorch rows of the layers that repeat a tensor's elements or turn them around."""

from __future__ import annotations

from nnspec.layers.families.repetition import Expand, Flip, RepeatInterleave, Roll, Tile
from nnspec.to_torch.row import LayerUse, row


@row(Tile)
def _(layer: Tile, use: LayerUse) -> str:
    return f"{use.inputs[0]}.tile({use.shape(layer.dims) or '()'})"


@row(RepeatInterleave)
def _(layer: RepeatInterleave, use: LayerUse) -> str:
    return f"{use.inputs[0]}.repeat_interleave({use.size(layer.repeats)}, dim={layer.dim})"


@row(Expand)
def _(layer: Expand, use: LayerUse) -> str:
    return f"{use.inputs[0]}.expand({use.shape(layer.shape) or '()'})"


@row(Roll)
def _(layer: Roll, use: LayerUse) -> str:
    return f"{use.inputs[0]}.roll(shifts={layer.shifts}, dims={layer.dims})"


@row(Flip)
def _(layer: Flip, use: LayerUse) -> str:
    return f"{use.inputs[0]}.flip({layer.dims})"
