"""PyTorch row of the relative position index: a buffer of the module that uses it."""

from __future__ import annotations

from nnspec.layers.families.relative_position import RelativePositionIndex
from nnspec.to_torch.row import LayerUse, Submodule, row

SOURCE = '''\
def relative_position_index(height, width):
    """For each pair of places in a window, the row of the table for the offset between them."""
    rows = torch.arange(height).repeat_interleave(width)
    columns = torch.arange(width).repeat(height)
    index = (rows[:, None] - rows + height - 1) * (2 * width - 1) + columns[:, None] - columns + width - 1
    return nn.Buffer(index.flatten())
'''


@row(RelativePositionIndex)
def _(layer: RelativePositionIndex, use: LayerUse) -> Submodule:
    return Submodule("relative_position_index", layer.sizes, source=SOURCE, call="{module}")
