"""PyTorch rows of the normalisation layers."""

from __future__ import annotations

from nnspec.layers.families.normalization import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    GroupNorm,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
    LayerNorm,
    LayerNorm2d,
    LocalResponseNorm,
    RMSNorm,
)
from nnspec.to_torch.row import LayerUse, Submodule, changed, row


@row(BatchNorm1d, BatchNorm2d, BatchNorm3d)
def _(layer: BatchNorm2d, use: LayerUse) -> Submodule:
    channels = (layer.channels(use.results[0]),)
    keywords = changed(layer, "eps", "momentum", "affine", "track_running_stats", "bias")
    if layer.scale or not layer.affine:
        return Submodule(f"nn.{layer.kind}", channels, keywords)
    if layer.bias:
        name = f"{layer.kind}WithoutScale"
        return Submodule(name, channels, keywords, source=WITHOUT_SCALE.format(name=name, base=layer.kind))
    del keywords["bias"]
    return Submodule(f"nn.{layer.kind}", channels, keywords | {"affine": False})


WITHOUT_SCALE = '''\
class {name}(nn.{base}):
    """Batch normalisation that learns a bias and no scale (`scale=False` in Keras)."""

    def __init__(self, num_features, **options):
        super().__init__(num_features, **options)
        self.weight = None

    def reset_parameters(self):
        self.reset_running_stats()
        nn.init.zeros_(self.bias)
'''


@row(InstanceNorm1d, InstanceNorm2d, InstanceNorm3d)
def _(layer: InstanceNorm2d, use: LayerUse) -> Submodule:
    keywords = changed(layer, "eps", "momentum", "affine", "track_running_stats", "bias")
    return Submodule(f"nn.{layer.kind}", (layer.channels(use.results[0]),), keywords)


@row(GroupNorm)
def _(layer: GroupNorm, use: LayerUse) -> Submodule:
    return Submodule(
        "nn.GroupNorm", (layer.num_groups, layer.channels(use.results[0])), changed(layer, "eps", "affine", "bias")
    )


@row(LayerNorm)
def _(layer: LayerNorm, use: LayerUse) -> Submodule:
    shape = layer.normalized_shape(use.results[0], layer.dims)
    keywords = changed(layer, "eps", "elementwise_affine", "bias")
    return Submodule("nn.LayerNorm", (shape if layer.dims > 1 else shape[0],), keywords)


LAYER_NORM_2D = '''\
class LayerNorm2d(nn.LayerNorm):
    """A LayerNorm over the channels of an image [N, C, H, W]."""

    def forward(self, x):
        x = x.permute(0, 2, 3, 1)
        x = F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)
'''


@row(LayerNorm2d)
def _(layer: LayerNorm2d, use: LayerUse) -> Submodule:
    keywords = changed(layer, "eps", "elementwise_affine", "bias")
    return Submodule("LayerNorm2d", (layer.channels(use.results[0]),), keywords, source=LAYER_NORM_2D)


@row(RMSNorm)
def _(layer: RMSNorm, use: LayerUse) -> Submodule:
    shape = layer.normalized_shape(use.results[0], layer.dims)
    return Submodule(
        "nn.RMSNorm", (shape if layer.dims > 1 else shape[0],), changed(layer, "eps", "elementwise_affine")
    )


LOCAL_RESPONSE_NORM = '''\
class LocalResponseNorm(nn.LocalResponseNorm):
    """The norm with its squares in 32 bits at least: they are soon beyond float16."""

    def forward(self, x):
        return super().forward(x.to(torch.promote_types(x.dtype, torch.float32))).to(x.dtype)
'''


@row(LocalResponseNorm)
def _(layer: LocalResponseNorm, use: LayerUse) -> Submodule:
    keywords = changed(layer, "alpha", "beta", "k")
    return Submodule("LocalResponseNorm", (layer.size,), keywords, source=LOCAL_RESPONSE_NORM)
