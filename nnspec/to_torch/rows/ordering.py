"""PyTorch rows of the layers that order elements."""

from __future__ import annotations

from nnspec.layers.families.ordering import ArgSort, Sort, TopK
from nnspec.to_torch.operands import written
from nnspec.to_torch.row import LayerUse, changed, row


@row(TopK)
def _(layer: TopK, use: LayerUse) -> str:
    return f"{use.inputs[0]}.topk({written(use.size(layer.k), **changed(layer, 'dim', 'largest', 'sorted'))})"


@row(Sort, ArgSort)
def _(layer: Sort | ArgSort, use: LayerUse) -> str:
    return f"{use.inputs[0]}.{layer.function}({written(**changed(layer, 'dim', 'descending'), stable=True)})"
