"""PyTorch rows of unfolding and folding."""

from __future__ import annotations

from nnspec.dims import Expression
from nnspec.layers.families.folding import Fold, Unfold
from nnspec.to_torch.operands import tuple_text, written
from nnspec.to_torch.row import LayerUse, Submodule, changed, row


@row(Unfold)
def _(layer: Unfold, use: LayerUse) -> Submodule:
    return Submodule("nn.Unfold", (layer.kernel_size,), changed(layer, "dilation", "padding", "stride"))


@row(Fold)
def _(layer: Fold, use: LayerUse) -> Submodule | str:
    options = changed(layer, "dilation", "padding", "stride")
    sizes = use.results[0].shape[2:]
    if any(isinstance(size, Expression) for size in sizes):
        target = tuple_text(map(use.size, sizes))
        return f"F.fold({written(use.inputs[0] or '', target, repr(layer.kernel_size), **options)})"
    return Submodule("nn.Fold", (layer.output_size, layer.kernel_size), options)
