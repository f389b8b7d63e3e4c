"""Convolutions over one, two and three dimensions.

The channels that come in are those of the incoming value. A depthwise convolution has `groups = C`.
"""

from math import prod
from typing import Annotated, ClassVar, Literal

from nnspec.dims import Expression, Size, product
from nnspec.layers.base import Continued, Example, Scores, Weight
from nnspec.layers.kernels import Kernels
from nnspec.layers.lookback import along_which, last_places, places_behind
from nnspec.layers.numbers import PositiveInt, Told
from nnspec.layers.tensor_type import ArgumentError, TensorType
from nnspec.layers.window import (
    MARGINS,
    Counts,
    Margins,
    Pairs,
    Sight,
    Window,
    each,
    margins,
    need_border,
    places,
    same_margins,
    same_upper_margins,
    seen,
)

Padding = Annotated[
    Margins | Literal["same", "valid", "same_upper"], Told(f'{MARGINS}, "same", "same_upper" or "valid"')
]


class _Convolution(Kernels):
    """The three convolutions."""

    makes: ClassVar[Scores | None] = "logits"
    padding: Padding = 0
    dilation: Counts = 1
    groups: PositiveInt = 1
    bias: bool = True
    padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = "zeros"

    def windows(self, input: TensorType) -> tuple[Window, ...]:
        """The window along each spatial dimension, with its padding."""
        sizes = (self.kernel_size, self.stride, self.dilation)
        names = ("kernel_size", "stride", "dilation")
        kernels, strides, dilations = (each(size, self.dims, name) for size, name in zip(sizes, names, strict=True))
        bare = tuple(map(Window, kernels, strides, dilations))
        pairs: Pairs
        if self.padding == "same":
            pairs = same_margins(bare)
        elif self.padding == "same_upper":
            pairs = same_upper_margins(bare, input.shape[2:])
        else:
            pairs = margins(0 if self.padding == "valid" else self.padding, self.dims)
        need_border(self.padding_mode, pairs, input)
        return tuple(
            Window(window.kernel, window.stride, window.dilation, *pair)
            for window, pair in zip(bare, pairs, strict=True)
        )

    def infer(self, input: TensorType) -> TensorType:
        self.channels(input, self.groups)
        return input.with_shape(input.shape[0], self.out_channels, *places(self.windows(input), input))

    def arithmetic(self, input: TensorType) -> tuple[str, ...]:
        return tuple(map(Window.written, self.windows(input), input.shape[2:]))

    def sight(self, input: TensorType) -> tuple[Sight, ...]:
        return seen(self.windows(input))

    def continued(self, time: Expression, past: Expression, input: TensorType) -> Continued | None:
        which = along_which(time, input, self.dims)
        if which is None:
            return None
        windows, dim = self.windows(input), input.rank - self.dims + which
        behind = places_behind(time, input, dim, windows[which])
        if behind == 0:
            return Continued(self)
        if self.padding_mode != "zeros":
            raise ArgumentError("padding_mode", f"pads with what is yet to come along {time}", help="pad with zeros")
        pairs = tuple((0, 0) if i == which else (each.begin, each.end) for i, each in enumerate(windows))
        return Continued(self.model_copy(update={"padding": pairs}), (last_places(input, dim, behind),))

    def kernel(self, input: TensorType) -> tuple[int, ...]:
        """The shape of the weight."""
        channels = self.channels(input, self.groups) // self.groups
        return (self.out_channels, channels, *each(self.kernel_size, self.dims, "kernel_size"))

    def weights(self, input: TensorType) -> tuple[Weight, ...]:
        return self.kernels(self.kernel(input), self.bias)

    def macs(self, input: TensorType) -> Size:
        output = self.infer(input).shape
        return product((output[0], *output[2:])) * prod(self.kernel(input))


class Conv1d(_Convolution):
    """Slides kernels over a sequence: each output channel is a sum over a window of the input channels.

    `padding` is a number, one for each dimension, or a pair [begin, end] for each; "same" keeps the size (stride 1
    only, the odd element at the end), "same_upper" is Keras' and TensorFlow's 'same': ceil(L / stride) places;
    "valid" is none.
    `norm` is "weight" for weight norm, with a length for each slice along `norm_dim`, "spectral" for spectral norm.
    Shapes: [N, C, L] -> [N, out_channels, (L + padding - dilation*(kernel_size - 1) - 1)//stride + 1].
    Raises an error where C is a symbol, or where the kernel does not fit. Source: torch.nn.Conv1d.
    """

    dims: ClassVar[int] = 1
    examples: ClassVar = (
        Example("Conv1d(8, 3)", ("float[N, 3, T]",)),
        Example("Conv1d(8, 3, padding = 1)", ("float[3, T]",)),
        Example("Conv1d(6, 5, stride = 2, padding = 2, groups = 3, bias = false)", ("float[N, 3, T]",)),
        Example('Conv1d(4, 4, padding = "same", dilation = 2)', ("float[N, 3, T]",)),
        Example("Conv1d(4, 3, padding = [[2, 0]])", ("float[N, 3, T]",)),
        Example('Conv1d(4, 3, norm = "weight")', ("float[N, 3, T]",)),
        Example('Conv1d(4, 2, padding = 1, groups = 2, norm = "weight", norm_dim = 2)', ("float[N, 4, T]",)),
        Example('Conv1d(4, 3, padding = 1, padding_mode = "circular")', ("float[N, 3, T]",)),
    )


class Conv2d(_Convolution):
    """Slides kernels over an image: each output channel is a sum over a window of the input channels.

    `padding` is a number, one for each dimension, or a pair [begin, end] for each; "same" keeps the size (stride 1
    only, the odd element at the end), "same_upper" is Keras' and TensorFlow's 'same': ceil(H / stride) places;
    "valid" is none.
    `norm` is "weight" for weight norm, "spectral" for spectral norm.
    Shapes: [N, C, H, W] -> [N, out_channels, (H + padding - dilation*(kernel_size - 1) - 1)//stride + 1, ...].
    Raises an error where C is a symbol, or where the kernel does not fit. Source: torch.nn.Conv2d.
    """

    dims: ClassVar[int] = 2
    examples: ClassVar = (
        Example("Conv2d(8, 3)"),
        Example('Conv2d(4, 3, padding = [[0, 1], [2, 1]], padding_mode = "reflect")', ("float[3, H, W]",)),
        Example("Conv2d(16, 7, stride = 2, padding = 3, bias = false)"),
        Example("Conv2d(4, [3, 5], stride = [1, 2], padding = [0, 2], dilation = [2, 1])"),
        Example("Conv2d(6, 3, padding = 1, groups = 3)"),
        Example('Conv2d(4, [3, 5], padding = "same", weight_init = "kaiming_normal", bias_init = 0)'),
        Example('Conv2d(4, 3, stride = 2, padding = "valid")'),
        Example('Conv2d(6, 3, stride = 2, padding = 1, groups = 3, norm = "spectral")'),
        Example(
            'Conv2d(4, 3, padding = [[0, 2], [1, 1]], bias = false, weight_init = "kaiming_normal", norm = "weight")'
        ),
        Example('Conv2d(4, 3, stride = 2, padding = "same_upper")', ("float[N, 3, 8, 9]",)),
        Example('Conv2d(4, 3, stride = 2, padding = "same_upper")', ("float[N, 3, 4*h, 2*w + 1]",), {"h": 3, "w": 5}),
        Example('Conv2d(4, 1, stride = 2, padding = "same_upper", bias = false)'),
        Example("Conv2d(4, 3, padding = [[0, 2], [1, 1]])"),
        Example('Conv2d(4, 3, padding = [1, 2], padding_mode = "reflect")'),
        Example('Conv2d(4, 3, padding = [[0, 1], [2, 1]], padding_mode = "replicate")'),
    )


class Conv3d(_Convolution):
    """Slides kernels over a volume: each output channel is a sum over a window of the input channels.

    `padding` is a number, one for each dimension, or a pair [begin, end] for each; "same" keeps the size (stride 1
    only, the odd element at the end), "same_upper" is Keras' and TensorFlow's 'same': ceil(D / stride) places;
    "valid" is none.
    `norm` is "weight" for weight norm, "spectral" for spectral norm.
    Shapes: [N, C, D, H, W] -> [N, out_channels, (D + padding - dilation*(kernel_size - 1) - 1)//stride + 1, ...].
    Raises an error where C is a symbol, or where the kernel does not fit. Source: torch.nn.Conv3d.
    """

    dims: ClassVar[int] = 3
    examples: ClassVar = (
        Example("Conv3d(4, 3, padding = 1)", ("float[N, 2, D, H, W]",), {"D": 4, "H": 5, "W": 6}),
        Example("Conv3d(4, 3)", ("float[2, 4, 5, 6]",)),
        Example("Conv3d(4, [1, 3, 3], stride = [1, 2, 2], groups = 2)", ("float[N, 2, 4, 7, 6]",)),
        Example("Conv3d(4, 2, padding = [[0, 1], [1, 0], [1, 1]], bias = false)", ("float[N, 2, 4, 5, 6]",)),
        Example('Conv3d(2, 3, padding = 1, padding_mode = "reflect")', ("float[N, 2, 4, 5, 6]",)),
    )
