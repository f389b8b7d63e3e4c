"""PyTorch rows of the fully connected layers."""

from __future__ import annotations

from nnspec.layers.families.linear import Conv1D, Linear
from nnspec.to_torch.row import LayerUse, Submodule, changed, row


@row(Linear)
def _(layer: Linear, use: LayerUse) -> Submodule:
    return Submodule("nn.Linear", (use.type_of().shape[-1], layer.out_features), changed(layer, "bias"))


CONV1D = '''\
class Conv1D(nn.Module):
    """A linear layer with the transposed weight, [in, out], as in GPT-2."""

    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(in_features, out_features).normal_(std=0.02))
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x):
        return F.linear(x, self.weight.T, self.bias)
'''


@row(Conv1D)
def _(layer: Conv1D, use: LayerUse) -> Submodule:
    return Submodule("Conv1D", (use.type_of().shape[-1], layer.out_features), source=CONV1D)
