"""PyTorch rows of the pools to a given size."""

from __future__ import annotations

from nnspec.layers.base import Layer
from nnspec.layers.families.adaptive_pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
    GlobalAvgPool1d,
    GlobalAvgPool2d,
    GlobalAvgPool3d,
    GlobalMaxPool1d,
    GlobalMaxPool2d,
    GlobalMaxPool3d,
)
from nnspec.to_torch.row import LayerUse, Submodule, row


@row(
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
)
def _(layer: AdaptiveAvgPool2d, use: LayerUse) -> Submodule:
    return Submodule(f"nn.{layer.kind}", (layer.output_size,))


@row(GlobalAvgPool1d, GlobalAvgPool2d, GlobalAvgPool3d, GlobalMaxPool1d, GlobalMaxPool2d, GlobalMaxPool3d)
def _(layer: Layer, use: LayerUse) -> Submodule:
    return Submodule(f"nn.{layer.kind.replace('Global', 'Adaptive')}", (1,))
