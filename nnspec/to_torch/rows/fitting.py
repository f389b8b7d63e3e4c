"""PyTorch rows of the layers that make a value as large as another one."""

from __future__ import annotations

from nnspec.dims import Expression, Size
from nnspec.layers.families.fitting import CenterCrop, PadTo
from nnspec.to_torch.row import LayerUse, Submodule, row

CENTER_CROP = '''\
class CenterCrop(nn.Module):
    """Crops the spatial dimensions to the size of another tensor, around the middle."""

    def forward(self, x, like):
        for dim in range(2, x.ndim):
            x = x.narrow(dim, (x.shape[dim] - like.shape[dim]) // 2, like.shape[dim])
        return x
'''


@row(CenterCrop)
def _(layer: CenterCrop, use: LayerUse) -> Submodule | str:
    input, like = use.types
    assert input is not None
    if use.results[0] == input:
        return use.inputs[0] or ""
    if like is not None:
        return Submodule("CenterCrop", source=CENTER_CROP)
    crops = layer.crops(input)
    name = use.inputs[0]
    parts = [
        f".narrow({dim}, {_begin(begin, f'{name}.shape[{dim}]', use.size(want))}, {use.size(want)})"
        for dim, (begin, want) in enumerate(crops, start=2)
        if want != input.shape[dim]
    ]
    return f"{name}{''.join(parts)}"  # narrow refuses a size that is too small, where a slice would give less


def _begin(begin: Size, have: str, want: str) -> str:
    """Where a crop begins: a number, or computed from the shape at hand."""
    return f"({have} - {want}) // 2" if isinstance(begin, Expression) else str(begin)


PAD_TO = '''\
class PadTo(nn.Module):
    """Pads the spatial dimensions with zeros to the size of another tensor; the odd element goes to the end."""

    def forward(self, x, like):
        padding = []
        for have, want in zip(reversed(x.shape[2:]), reversed(like.shape[2:])):
            begin = (want - have) // 2
            padding += [begin, want - have - begin]
        return F.pad(x, padding)
'''


@row(PadTo)
def _(layer: PadTo, use: LayerUse) -> Submodule | str:
    if use.results[0] == use.types[0]:
        return use.inputs[0] or ""
    return Submodule("PadTo", source=PAD_TO)
