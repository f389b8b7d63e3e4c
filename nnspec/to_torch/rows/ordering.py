"""PyTorch rows of the layers that order elements."""

from __future__ import annotations

from nnspec.layers.families.ordering import ArgSort, Sort, TopK
from nnspec.to_torch.operands import written
from nnspec.to_torch.row import Call, changed, row


@row(TopK)
def _(layer: TopK, call: Call) -> str:
    return f"{call.inputs[0]}.topk({written(call.size(layer.k), **changed(layer, 'dim', 'largest', 'sorted'))})"


@row(Sort, ArgSort)
def _(layer: Sort | ArgSort, call: Call) -> str:
    return f"{call.inputs[0]}.{layer.function}({written(**changed(layer, 'dim', 'descending'), stable=True)})"
