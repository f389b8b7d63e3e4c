"""PyTorch rows of the shuffles."""

from __future__ import annotations

from nnspec.layers.families.shuffling import ChannelShuffle, PixelShuffle, PixelUnshuffle
from nnspec.to_torch.row import LayerUse, Submodule, row


@row(PixelShuffle, PixelUnshuffle, ChannelShuffle)
def _(layer: PixelShuffle, use: LayerUse) -> Submodule:
    return Submodule(f"nn.{layer.kind}", tuple(getattr(layer, name) for name in type(layer).model_fields))
