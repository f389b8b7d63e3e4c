"""PyTorch rows of the layers that drop values in training."""

from __future__ import annotations

from nnspec.layers.families.channel_dropout import Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout, StochasticDepth
from nnspec.layers.families.dropout import AlphaDropout, Dropout
from nnspec.to_torch.row import LayerUse, Submodule, changed, row


@row(Dropout, Dropout1d, Dropout2d, Dropout3d, AlphaDropout, FeatureAlphaDropout)
def _(layer: Dropout, use: LayerUse) -> Submodule:
    expression = f"F.{layer.function}({{0}}, {layer.p!r}, self.training)"
    return Submodule(f"nn.{layer.kind}", (layer.p,), expression=expression)


STOCHASTIC_DEPTH = '''\
class StochasticDepth(nn.Module):
    """Drops whole samples (mode "row"), or all of them at once ("batch"), in training (Huang et al. 2016)."""

    def __init__(self, p, mode="row"):
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        samples = x.shape[0] if self.mode == "row" else 1
        kept = x.new_empty([samples] + [1] * (x.ndim - 1)).bernoulli_(1 - self.p)
        if self.p < 1:
            kept = kept / (1 - self.p)
        return x * kept

    def extra_repr(self):
        return f"p={self.p}, mode={self.mode!r}"
'''


@row(StochasticDepth)
def _(layer: StochasticDepth, use: LayerUse) -> Submodule:
    return Submodule("StochasticDepth", (layer.p,), changed(layer, "mode"), source=STOCHASTIC_DEPTH)
