"""PyTorch rows of the fully connected layers."""

from __future__ import annotations

from nnspec.layers.families.linear import Linear
from nnspec.to_torch.row import Call, Submodule, changed, row


@row(Linear)
def _(layer: Linear, call: Call) -> Submodule:
    return Submodule("nn.Linear", (call.type_of().shape[-1], layer.out_features), changed(layer, "bias"))
