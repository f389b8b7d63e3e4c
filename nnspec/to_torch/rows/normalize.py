"""PyTorch row of the standardising by known numbers."""

from __future__ import annotations

from nnspec.layers.families.normalize import Normalize
from nnspec.to_torch.row import LayerUse, OwnFunction, row

_SOURCE = '''\
def normalize(x, mean, std):
    """(x - mean) / std, with a number for each channel (dimension 1) or one for all of them."""
    if not x.is_floating_point():
        raise TypeError(f"floats are normalised, and these are {x.dtype}; a picture's bytes are divided by 255 before")
    mean, std = (x.new_tensor(each).view(-1, *(1,) * (x.ndim - 2)) for each in (mean, std))
    return (x - mean) / std
'''


@row(Normalize)
def _(layer: Normalize, use: LayerUse) -> OwnFunction:
    return OwnFunction("normalize", _SOURCE, f"normalize({use.inputs[0]}, {list(layer.mean)}, {list(layer.std)})")
