"""PyTorch rows of the resizings. A symbolic size is read where it is used, in `forward`."""

from __future__ import annotations

from nnspec.dims import Expression
from nnspec.layers.families.resizing import Upsample, UpsamplingBilinear2d, UpsamplingNearest2d
from nnspec.to_torch.operands import tuple_text, written
from nnspec.to_torch.row import LayerUse, Submodule, changed, row


@row(Upsample, UpsamplingNearest2d, UpsamplingBilinear2d)
def _(layer: Upsample, use: LayerUse) -> Submodule | str:
    sizes = layer.size if isinstance(layer.size, tuple) else (layer.size,)
    if not any(isinstance(size, Expression) for size in sizes):
        keywords = changed(layer, *type(layer).model_fields)
        return Submodule(f"nn.{layer.kind}", (), keywords)
    options = {} if layer.way() == "nearest" else {"mode": layer.way()}
    corners = {"align_corners": True} if layer.corners() else {}
    target = tuple_text(map(use.size, use.results[0].shape[2:]))
    return f"F.interpolate({written(use.inputs[0] or '', target, **options, **corners)})"
