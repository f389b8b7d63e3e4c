"""Transposed convolutions over one, two and three dimensions.

The channels that come in are those of the incoming value.
"""

from fractions import Fraction
from math import prod
from typing import ClassVar

from nnspec.dims import Size, product
from nnspec.layers.base import Example, Weight
from nnspec.layers.kernels import Kernels
from nnspec.layers.numbers import PositiveInt
from nnspec.layers.tensor_type import ArgumentError, TensorType
from nnspec.layers.window import (
    Amounts,
    Counts,
    Sight,
    Window,
    each,
    need_room,
)


class _TransposedConvolution(Kernels):
    """The three transposed convolutions."""

    rows_dim: ClassVar[int] = 1  # the outgoing channels

    padding: Amounts = 0
    output_padding: Amounts = 0
    groups: PositiveInt = 1
    bias: bool = True
    dilation: Counts = 1

    def windows(self, *inputs: TensorType) -> tuple[Window, ...]:
        """The window along each spatial dimension of the *output*; its padding is cut off."""
        kernels = each(self.kernel_size, self.dims, "kernel_size")
        strides = each(self.stride, self.dims, "stride")
        dilations = each(self.dilation, self.dims, "dilation")
        paddings = each(self.padding, self.dims, "padding")
        return tuple(map(Window, kernels, strides, dilations, paddings, paddings))

    def sight(self, input: TensorType) -> tuple[Sight, ...]:
        return tuple(
            Sight(Fraction(window.extent - 1, window.stride), Fraction(1, window.stride)) for window in self.windows()
        )

    def extra(self) -> tuple[int, ...]:
        """The output padding of each spatial dimension.

        Raises:
            ArgumentError: it is not smaller than the stride or the dilation.
        """
        extra = each(self.output_padding, self.dims, "output_padding")
        for more, window in zip(extra, self.windows(), strict=True):
            if more >= max(window.stride, window.dilation):
                raise ArgumentError(
                    "output_padding",
                    f"{more} is too much, it must be smaller than the stride or the dilation, "
                    f"{max(window.stride, window.dilation)}",
                    help="take a larger stride, or pad the result: Pad([0, 1, 0, 1])",
                )
        return extra

    def arithmetic(self, input: TensorType) -> tuple[str, ...]:
        return tuple(
            f"({size} - 1) * {window.stride}" + f" - {window.begin} - {window.end}" * bool(window.begin or window.end)
            + f" + {window.extent}" + f" + {extra}" * bool(extra)
            for size, window, extra in zip(input.shape[2:], self.windows(), self.extra(), strict=True)
        )  # fmt: skip

    def infer(self, input: TensorType) -> TensorType:
        self.channels(input, self.groups)
        sizes = []
        for index, (window, extra) in enumerate(zip(self.windows(), self.extra(), strict=True), start=2):
            size = (input.shape[index] - 1) * window.stride + (window.extent + extra - window.begin - window.end)
            need_room(
                size,
                f"the padding {window.begin} cuts off all of dimension {index} that comes of {input}: {size} are left",
                "take less padding or a larger kernel",
            )
            sizes.append(size)
        return input.with_shape(input.shape[0], self.out_channels, *sizes)

    def kernel(self, input: TensorType) -> tuple[int, ...]:
        """The shape of the weight."""
        channels = self.channels(input, self.groups)
        return (channels, self.out_channels // self.groups, *each(self.kernel_size, self.dims, "kernel_size"))

    def weights(self, input: TensorType) -> tuple[Weight, ...]:
        return self.kernels(self.kernel(input), self.bias)

    def macs(self, input: TensorType) -> Size:
        return product((input.shape[0], *input.shape[2:])) * prod(self.kernel(input))


class ConvTranspose1d(_TransposedConvolution):
    """The transpose of a convolution over a sequence: each element of the input adds a kernel to the output.

    `norm` is "weight" for weight norm, "spectral" for spectral norm.
    Shapes: [N, C, L] ->
    [N, out_channels, (L - 1)*stride - 2*padding + dilation*(kernel_size - 1) + output_padding + 1].
    Raises an error where C is a symbol. Source: torch.nn.ConvTranspose1d.
    """

    dims: ClassVar[int] = 1
    examples: ClassVar = (
        Example("ConvTranspose1d(4, 4, stride = 2, padding = 1)", ("float[N, 3, T]",)),
        Example('ConvTranspose1d(4, 4, stride = 2, norm = "spectral")', ("float[N, 3, T]",)),
        Example('ConvTranspose1d(4, 4, stride = 2, norm = "weight")', ("float[N, 3, T]",)),
        Example("ConvTranspose1d(4, 3, stride = 3, output_padding = 2, groups = 2, dilation = 2)", ("float[N, 2, T]",)),
        Example("ConvTranspose1d(4, 2, stride = 2, output_padding = 3, dilation = 4)", ("float[N, 2, T]",)),
    )


class ConvTranspose2d(_TransposedConvolution):
    """The transpose of a convolution over an image: each element of the input adds a kernel to the output.

    `norm` is "weight" for weight norm, "spectral" for spectral norm.
    Shapes: [N, C, H, W] ->
    [N, out_channels, (H - 1)*stride - 2*padding + dilation*(kernel_size - 1) + output_padding + 1, ...].
    Raises an error where C is a symbol. Source: torch.nn.ConvTranspose2d.
    """

    dims: ClassVar[int] = 2
    examples: ClassVar = (
        Example("ConvTranspose2d(4, 3)", ("float[3, H, W]",)),
        Example("ConvTranspose2d(4, 2, stride = 2)"),
        Example("ConvTranspose2d(4, 4, stride = 2, padding = 1, bias = false)"),
        Example("ConvTranspose2d(4, 3, stride = 2, padding = 1, output_padding = 1)"),
        Example("ConvTranspose2d(4, 3, padding = 3, output_padding = 1, dilation = 2)"),
        Example("ConvTranspose2d(6, [3, 2], stride = [2, 1], padding = [1, 0], groups = 3, dilation = [1, 2])"),
        Example('ConvTranspose2d(4, 3, weight_init = ["normal", 0.0, 0.02])'),
    )


class ConvTranspose3d(_TransposedConvolution):
    """The transpose of a convolution over a volume: each element of the input adds a kernel to the output.

    `norm` is "weight" for weight norm, "spectral" for spectral norm.
    Shapes: [N, C, D, H, W] ->
    [N, out_channels, (D - 1)*stride - 2*padding + dilation*(kernel_size - 1) + output_padding + 1, ...].
    Raises an error where C is a symbol. Source: torch.nn.ConvTranspose3d.
    """

    dims: ClassVar[int] = 3
    examples: ClassVar = (
        Example("ConvTranspose3d(4, 2, stride = 2)", ("float[N, 2, D, H, W]",), {"D": 3, "H": 4, "W": 5}),
        Example(
            "ConvTranspose3d(2, 3, stride = [1, 2, 2], padding = 1, output_padding = [0, 1, 1], groups = 2)",
            ("float[N, 2, 3, 4, 5]",),
        ),
    )
