"""PyTorch rows of the pools. Where the two ends are padded by different amounts, a padding comes before the pool."""

from __future__ import annotations

from typing import Any

from nnspec.layers.families.average_pooling import AvgPool1d, AvgPool2d, AvgPool3d
from nnspec.layers.families.max_pooling import MaxPool1d, MaxPool2d, MaxPool3d
from nnspec.layers.families.power_pooling import LPPool1d, LPPool2d, LPPool3d
from nnspec.layers.tensor_type import TensorType
from nnspec.layers.window import Pairs, each
from nnspec.to_torch.padding import pad_order, symmetric
from nnspec.to_torch.row import LayerUse, Raw, Submodule, changed, row


def _pairs(layer: MaxPool2d | AvgPool2d, input: TensorType | None) -> Pairs:
    assert input is not None
    return tuple((window.begin, window.end) for window in layer.windows(input))


def _after_padding(padding: str, pool: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Submodule:
    """`nn.Sequential(padding, pool)`."""
    texts = [*map(repr, arguments), *(f"{name}={value!r}" for name, value in keywords.items())]
    return Submodule("nn.Sequential", (Raw(padding), Raw(f"nn.{pool}({', '.join(texts)})")))


@row(MaxPool1d, MaxPool2d, MaxPool3d)
def _(layer: MaxPool2d, use: LayerUse) -> Submodule:
    pairs = _pairs(layer, use.types[0])
    sizes, stride, options = (layer.kernel_size,), changed(layer, "stride"), changed(layer, "dilation", "ceil_mode")
    padding = symmetric(pairs)
    if padding is None or _too_wide(layer, pairs):
        text = f"nn.ConstantPad{layer.dims}d({pad_order(pairs)}, -math.inf)"
        return _after_padding(text, layer.kind, sizes, stride | options)
    return Submodule(f"nn.{layer.kind}", sizes, stride | ({"padding": padding} if padding else {}) | options)


def _too_wide(layer: MaxPool2d, pairs: Pairs) -> bool:
    """Whether torch's pool refuses the padding that a dilated window needs for "same_upper"."""
    kernels = each(layer.kernel_size, layer.dims, "kernel_size")
    return any(begin > kernel // 2 for (begin, _), kernel in zip(pairs, kernels, strict=True))


INSIDE = '''\
class {name}(nn.{kind}):
    """Averages that count what is inside only, with different padding at the two ends (last dimension first)."""

    def __init__(self, *sizes, pad, **options):
        super().__init__(*sizes, **options)
        self.pad = pad

    def forward(self, x):
        plane = torch.ones_like(x[(0,) * (x.dim() - {dims})])[None]
        share_inside = super().forward(F.pad(plane, self.pad))
        return super().forward(F.pad(x, self.pad)) / share_inside

    def extra_repr(self):
        return f"{{super().extra_repr()}}, pad={{self.pad}}"
'''


@row(AvgPool1d, AvgPool2d, AvgPool3d)
def _(layer: AvgPool2d, use: LayerUse) -> Submodule:
    pairs = _pairs(layer, use.types[0])
    sizes, stride = (layer.kernel_size,), changed(layer, "stride")
    divisor = {"divisor_override": layer.divisor} if layer.divisor else {}
    padding = symmetric(pairs)
    if padding is not None:
        options = ({"padding": padding} if padding else {}) | changed(layer, "ceil_mode", "count_include_pad")
        return Submodule(f"nn.{layer.kind}", sizes, stride | options | divisor)
    if layer.count_include_pad or divisor:
        text = f"nn.ZeroPad{layer.dims}d({pad_order(pairs)})"
        return _after_padding(text, layer.kind, sizes, stride | divisor)
    name = f"{layer.kind}Inside"
    source = INSIDE.format(name=name, kind=layer.kind, dims=layer.dims)
    return Submodule(name, sizes, stride | {"pad": pad_order(pairs)}, source=source)


@row(LPPool1d, LPPool2d, LPPool3d)
def _(layer: LPPool2d, use: LayerUse) -> Submodule:
    keywords, kernel = changed(layer, "stride", "ceil_mode"), layer.kernel_size
    if layer.dims == 1:  # torch's takes no list of one
        (kernel,) = each(kernel, 1, "kernel_size")
    return Submodule(f"nn.{layer.kind}", (layer.norm_type, kernel), keywords)
