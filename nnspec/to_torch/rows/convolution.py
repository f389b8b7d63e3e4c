"""PyTorch rows of the convolutions."""

from __future__ import annotations

from nnspec.layers.families.convolution import Conv1d, Conv2d, Conv3d
from nnspec.layers.families.transposed_convolution import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from nnspec.to_torch.padding import pad_order, symmetric
from nnspec.to_torch.row import LayerUse, Submodule, changed, row

PADDED = '''\
class Padded{kind}(nn.{kind}):
    """A convolution whose input is padded by different amounts at the two ends, last dimension first."""

    def __init__(self, *sizes, pad, padding_mode="zeros", **options):
        super().__init__(*sizes, **options)
        self.pad = pad
        self.pad_mode = "constant" if padding_mode == "zeros" else padding_mode

    def forward(self, x):
        return super().forward(F.pad(x, self.pad, self.pad_mode))

    def extra_repr(self):
        return f"{{super().extra_repr()}}, pad={{self.pad}}, pad_mode={{self.pad_mode!r}}"
'''


@row(Conv1d, Conv2d, Conv3d)
def _(layer: Conv2d, use: LayerUse) -> Submodule:
    input = use.types[0]
    assert input is not None
    sizes = (input.shape[1], layer.out_channels, layer.kernel_size)
    stride, options = changed(layer, "stride"), changed(layer, "dilation", "groups", "bias", "padding_mode")
    pairs = tuple((window.begin, window.end) for window in layer.windows(input))
    padding = "same" if layer.padding == "same" else symmetric(pairs)
    if padding is None:
        source = PADDED.format(kind=layer.kind)
        return Submodule(f"Padded{layer.kind}", sizes, stride | {"pad": pad_order(pairs)} | options, source=source)
    return Submodule(f"nn.{layer.kind}", sizes, stride | ({"padding": padding} if padding else {}) | options)


@row(ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)
def _(layer: ConvTranspose2d, use: LayerUse) -> Submodule:
    input = use.types[0]
    assert input is not None
    keywords = changed(layer, "stride", "padding", "output_padding", "groups", "bias", "dilation")
    return Submodule(f"nn.{layer.kind}", (input.shape[1], layer.out_channels, layer.kernel_size), keywords)
