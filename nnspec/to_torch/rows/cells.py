"""PyTorch rows of the recurrent cells."""

from __future__ import annotations

from nnspec.layers.families.cells import GRUCell, LSTMCell, RNNCell
from nnspec.to_torch.row import LayerUse, Submodule, changed, row


@row(RNNCell, GRUCell, LSTMCell)
def _(layer: RNNCell | GRUCell | LSTMCell, use: LayerUse) -> Submodule:
    sizes = (use.type_of().shape[1], layer.hidden_size)
    options = changed(layer, *(name for name in ("bias", "nonlinearity") if name in type(layer).model_fields))
    paired = isinstance(layer, LSTMCell) and use.types[1] is not None  # torch takes state and cell in a tuple
    return Submodule(f"nn.{layer.kind}", sizes, options, call="{module}({0}, ({1}, {2}))" if paired else None)
