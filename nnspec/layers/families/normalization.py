"""Normalisation layers: over the batch, over channels, over groups of channels, over the last dimensions.

The sizes that torch asks for (`num_features`, `num_channels`, `normalized_shape`) are those of the incoming value.
"""

from typing import Annotated, ClassVar

from nnspec.dims import product
from nnspec.layers.base import ONES, ZEROS, Example, Inferred, Layer, Weight
from nnspec.layers.batched import Batched
from nnspec.layers.initial import Initialised
from nnspec.layers.numbers import NonNegativeFloat, PositiveInt, Within
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType, need_dtype, number

Scale = Annotated[float, Within(ge=-1e30, le=1e30)]  # of squares, which leave room for larger values then
Momentum = Annotated[float, Within(ge=0, le=1)]


class _ChannelNorm(Initialised):
    """The base of the norms over channels (dimension 1); `ranks` are the numbers of dimensions they take.

    `fitting` names the layer of the same family for other numbers of dimensions.
    """

    samples_apart: ClassVar[bool] = True
    inferred: ClassVar[tuple[Inferred, ...]] = (Inferred("num_features", 1, "channels"),)
    ranks: ClassVar[tuple[int, ...]] = ()
    fitting: ClassVar[dict[int, str]] = {}

    def channels(self, input: TensorType) -> int:
        """The number of channels of an input that the layer can take.

        Raises:
            InputError: the input has other dimensions or elements, or a symbolic number of channels.
        """
        need_dtype(input, "float")
        if self.ranks and input.rank not in self.ranks:
            wanted = " or ".join(map(str, self.ranks))
            other = self.fitting.get(input.rank)
            help = other and f"write {other} instead"
            if input.rank + 1 in self.ranks and input.rank and isinstance(input.shape[0], int):
                help = "it needs a batch: begin the shape of the model's input with the number of samples, [N, ...]"
            raise InputError(f"needs {wanted} dimensions, and gets {input.rank}: {input}", help=help)
        if input.rank < 2:
            raise InputError(
                f"needs channels in dimension 1, and gets {input}", help="give it a batch of values: [N, C, ...]"
            )
        return number(input.shape[1], "dimension 1 (the channels)")

    def affine_weights(self, channels: int, scale: bool, bias: bool) -> tuple[Weight, ...]:
        """The weight and the bias that there are."""
        shape = (channels,)
        weight = (Weight("weight", shape, self.initial_weight(shape, ONES)),) if scale else ()
        return weight + ((Weight("bias", shape, self.initial_bias(shape, ZEROS)),) if bias else ())


def _running_statistics(channels: int) -> tuple[Weight, ...]:
    return (
        Weight("running_mean", (channels,), ZEROS, trainable=False, buffer=True),
        Weight("running_var", (channels,), ONES, trainable=False, buffer=True),
        Weight("num_batches_tracked", (), ZEROS, trainable=False, buffer=True, dtype="int"),
    )


class _BatchNorm(_ChannelNorm):
    """The three batch normalisations."""

    beyond_torch: ClassVar[frozenset[str]] = frozenset({"bias", "scale", "weight_init", "bias_init"})
    fitting: ClassVar = {2: "BatchNorm1d", 3: "BatchNorm1d", 4: "BatchNorm2d", 5: "BatchNorm3d"}

    eps: NonNegativeFloat = 1e-5
    momentum: Momentum | None = 0.1
    affine: bool = True
    track_running_stats: bool = True
    bias: bool = True
    scale: bool = True

    def steady(self, training: bool) -> bool:
        return self.track_running_stats and not training

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return ((),) if self.track_running_stats else ((0, *range(2, input.rank)),)

    def infer(self, input: TensorType) -> TensorType:
        self.channels(input)
        if not self.track_running_stats and product((input.shape[0], *input.shape[2:])) == 1:
            raise InputError(
                f"there is one value for each channel of {input}: it is its own mean",
                help="leave track_running_stats = true, or normalise before the size is 1",
            )
        return input

    def weights(self, input: TensorType) -> tuple[Weight, ...]:
        channels = self.channels(input)
        own = self.affine_weights(channels, self.affine and self.scale, self.affine and self.bias)
        return own + _running_statistics(channels) if self.track_running_stats else own


class BatchNorm1d(_BatchNorm):
    """Normalises each channel by its mean and variance over the batch; by their running averages in evaluation.

    `momentum = none` takes plain averages over all batches. `bias = false` and `scale = false` leave out one half
    of the affine map (`scale` is what Keras calls so; torch has no such argument).
    With `track_running_stats = false`, evaluation takes the statistics of the batch as training does.
    Shapes: [N, C] or [N, C, L], kept. Raises an error where C is a symbol. Source: torch.nn.BatchNorm1d.
    """

    ranks: ClassVar = (2, 3)
    examples: ClassVar = (
        Example("BatchNorm1d", ("float[N, 6]",)),
        Example("BatchNorm1d(eps = 1e-3, momentum = none)", ("float[N, 3, T]",)),
        Example("BatchNorm1d(affine = false)", ("float[N, 6]",)),
        Example("BatchNorm1d(track_running_stats = false)", ("float[N, 6]",)),
    )


class BatchNorm2d(_BatchNorm):
    """Normalises each channel by its mean and variance over the batch; by their running averages in evaluation.

    `momentum = none` takes plain averages over all batches. `bias = false` and `scale = false` leave out one half
    of the affine map (`scale` is what Keras calls so; torch has no such argument).
    With `track_running_stats = false`, evaluation takes the statistics of the batch as training does.
    Shapes: [N, C, H, W], kept. Raises an error where C is a symbol. Source: torch.nn.BatchNorm2d.
    """

    ranks: ClassVar = (4,)
    examples: ClassVar = (
        Example("BatchNorm2d"),
        Example("BatchNorm2d(eps = 1e-3, momentum = 0.01, weight_init = 0)"),
        Example("BatchNorm2d(bias = false)"),
        Example("BatchNorm2d(scale = false)"),
        Example("BatchNorm2d(scale = false, bias = false)"),
        Example("BatchNorm2d(track_running_stats = false)"),
        Example("BatchNorm2d(affine = false, track_running_stats = false)"),
    )


class BatchNorm3d(_BatchNorm):
    """Normalises each channel by its mean and variance over the batch; by their running averages in evaluation.

    `momentum = none` takes plain averages over all batches. `bias = false` and `scale = false` leave out one half
    of the affine map (`scale` is what Keras calls so; torch has no such argument).
    With `track_running_stats = false`, evaluation takes the statistics of the batch as training does.
    Shapes: [N, C, D, H, W], kept. Raises an error where C is a symbol. Source: torch.nn.BatchNorm3d.
    """

    ranks: ClassVar = (5,)
    examples: ClassVar = (
        Example("BatchNorm3d", ("float[N, 3, D, H, W]",), {"D": 3, "H": 4, "W": 5}),
        Example("BatchNorm3d(scale = false)", ("float[N, 3, 2, 4, 5]",)),
    )


class _InstanceNorm(Batched, _ChannelNorm):
    """The three instance normalisations."""

    beyond_torch: ClassVar[frozenset[str]] = frozenset({"bias", "weight_init", "bias_init"})
    fitting: ClassVar = {3: "InstanceNorm1d", 4: "InstanceNorm2d", 5: "InstanceNorm3d"}

    eps: NonNegativeFloat = 1e-5
    momentum: Momentum = 0.1
    affine: bool = False
    track_running_stats: bool = False
    bias: bool = True

    @property
    def batch_rank(self) -> int:
        return self.ranks[0]

    def steady(self, training: bool) -> bool:
        return not (training and self.track_running_stats)

    def infer(self, input: TensorType) -> TensorType:
        self.channels(input)
        if product(input.shape[2:]) == 1:
            raise InputError(
                f"there is one value for each channel of {input}: it is its own mean",
                help="normalise before the size is 1, or leave this layer out",
            )
        return input

    def weights(self, input: TensorType) -> tuple[Weight, ...]:
        channels = self.channels(input)
        own = self.affine_weights(channels, self.affine, self.affine and self.bias)
        return own + _running_statistics(channels) if self.track_running_stats else own


class InstanceNorm1d(_InstanceNorm):
    """Normalises each channel of each sample by its own mean and variance.

    With `track_running_stats = true`, evaluation takes running averages instead.
    Shapes: [N, C, L], kept. Raises an error where C is a symbol or L is 1. Source: torch.nn.InstanceNorm1d.
    """

    ranks: ClassVar = (3,)
    examples: ClassVar = (
        Example("InstanceNorm1d", ("float[3, T]",)),
        Example("InstanceNorm1d", ("float[N, 3, T]",)),
        Example("InstanceNorm1d(eps = 1e-3, affine = true)", ("float[N, 3, T]",)),
    )


class InstanceNorm2d(_InstanceNorm):
    """Normalises each channel of each sample by its own mean and variance.

    With `track_running_stats = true`, evaluation takes running averages instead.
    Shapes: [N, C, H, W], kept. Raises an error where C is a symbol or H * W is 1. Source: torch.nn.InstanceNorm2d.
    """

    ranks: ClassVar = (4,)
    examples: ClassVar = (
        Example("InstanceNorm2d(affine = true)", ("float[3, H, W]",)),
        Example("InstanceNorm2d"),
        Example("InstanceNorm2d(affine = true)"),
        Example("InstanceNorm2d(affine = true, bias = false)"),
        Example("InstanceNorm2d(track_running_stats = true, momentum = 0.2)"),
        Example("InstanceNorm2d(affine = true, track_running_stats = true)"),
    )


class InstanceNorm3d(_InstanceNorm):
    """Normalises each channel of each sample by its own mean and variance.

    With `track_running_stats = true`, evaluation takes running averages instead.
    Shapes: [N, C, D, H, W], kept. Raises an error where C is a symbol or D * H * W is 1.
    Source: torch.nn.InstanceNorm3d.
    """

    ranks: ClassVar = (5,)
    examples: ClassVar = (
        Example("InstanceNorm3d(affine = true)", ("float[N, 3, D, H, W]",), {"D": 3, "H": 4, "W": 5}),
    )


class GroupNorm(_ChannelNorm):
    """Normalises groups of channels of each sample by their own mean and variance (Wu & He 2018).

    Shapes: [N, C, ...], kept. Raises an error where C is no multiple of `num_groups`. Source: torch.nn.GroupNorm.
    """

    by_position: ClassVar[tuple[str, ...]] = ("num_groups",)
    inferred: ClassVar[tuple[Inferred, ...]] = (Inferred("num_channels", 1, "channels", place=1),)
    beyond_torch: ClassVar[frozenset[str]] = frozenset({"bias", "weight_init", "bias_init"})
    examples: ClassVar = (
        Example("GroupNorm(3)", ("float[N, 6, H, W]",)),
        Example("GroupNorm(2, eps = 1e-3, affine = false)", ("float[N, 6, T]",)),
        Example("GroupNorm(2, bias = false)", ("float[N, 6]",)),
        Example("GroupNorm(1)", ("float[N, 4, 5, 7]",)),
        Example("GroupNorm(6, eps = 1e-6)", ("float[N, 6, 2, H, 3]",)),
    )

    num_groups: PositiveInt
    eps: NonNegativeFloat = 1e-5
    affine: bool = True
    bias: bool = True

    def infer(self, input: TensorType) -> TensorType:
        channels = self.channels(input)
        if channels % self.num_groups:
            raise ArgumentError(
                "num_groups",
                f"{channels} channels cannot be divided into {self.num_groups} groups: {input}",
                help=f"take a divisor of {channels}",
            )
        if product((input.shape[0], channels // self.num_groups, *input.shape[2:])) == 1:
            raise InputError(
                f"there is one value for each group of {input}: it is its own mean",
                help="take fewer groups, or normalise before the size is 1",
            )
        return input

    def weights(self, input: TensorType) -> tuple[Weight, ...]:
        return self.affine_weights(self.channels(input), self.affine, self.affine and self.bias)


class _LastDimensionsNorm(Initialised):
    """The base of the norms over the last `dims` dimensions."""

    inferred: ClassVar[tuple[Inferred, ...]] = (Inferred("normalized_shape", -1),)

    def normalized_shape(self, input: TensorType, dims: int) -> tuple[int, ...]:
        """The last `dims` sizes.

        Raises:
            ArgumentError: there are fewer dimensions.
            InputError: one of them is symbolic, or the elements are not floats.
        """
        need_dtype(input, "float")
        if dims > input.rank:
            raise ArgumentError(
                "dims",
                f"normalises the last {dims} dimensions, and there are {input.rank}: {input}",
                help=f"take dims = {input.rank} or less" if input.rank else None,
            )
        return tuple(number(size, "a dimension that is normalised") for size in input.shape[input.rank - dims :])


class LayerNorm(_LastDimensionsNorm):
    """Normalises the last dimension (the last `dims` dimensions) by its mean and variance (Ba et al. 2016).

    Shapes: any, kept; the weights have the last `dims` sizes.
    Raises an error where one of these is a symbol. Source: torch.nn.LayerNorm.
    """

    beyond_torch: ClassVar[frozenset[str]] = frozenset({"dims", "weight_init", "bias_init"})
    examples: ClassVar = (
        Example("LayerNorm", ("float[N, T, 12]",)),
        Example("LayerNorm(eps = 1e-6, bias = false)", ("float[N, 12]",)),
        Example("LayerNorm(elementwise_affine = false)", ("float[N, T, 12]",)),
        Example("LayerNorm(dims = 3)", ("float[N, 3, 5, 7]",)),
    )

    eps: NonNegativeFloat = 1e-5
    elementwise_affine: bool = True
    bias: bool = True
    dims: PositiveInt = 1

    def infer(self, input: TensorType) -> TensorType:
        self.normalized_shape(input, self.dims)
        return input

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return (tuple(range(input.rank - self.dims, input.rank)),)

    def weights(self, input: TensorType) -> tuple[Weight, ...]:
        if not self.elementwise_affine:
            return ()
        shape = self.normalized_shape(input, self.dims)
        weight = Weight("weight", shape, self.initial_weight(shape, ONES))
        return (weight, Weight("bias", shape, self.initial_bias(shape, ZEROS))) if self.bias else (weight,)


class LayerNorm2d(_ChannelNorm):
    """Normalises the channels at each place of an image: a LayerNorm over dimension 1, as in ConvNeXt.

    Shapes: [N, C, H, W], kept. Raises an error where C is a symbol.
    Source: torchvision.models.convnext.LayerNorm2d, with the defaults of torch.nn.LayerNorm.
    """

    inferred: ClassVar[tuple[Inferred, ...]] = (Inferred("num_channels", 1, "channels"),)
    ranks: ClassVar = (4,)
    examples: ClassVar = (
        Example("LayerNorm2d", ("float[N, 6, H, W]",)),
        Example("LayerNorm2d(eps = 1e-6, elementwise_affine = false)", ("float[N, 6, H, W]",)),
        Example("LayerNorm2d(eps = 1e-6, bias = false)", ("float[N, 6, H, 5]",)),
    )

    eps: NonNegativeFloat = 1e-5
    elementwise_affine: bool = True
    bias: bool = True

    def infer(self, input: TensorType) -> TensorType:
        self.channels(input)
        return input

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return ((1,),)

    def weights(self, input: TensorType) -> tuple[Weight, ...]:
        affine = self.elementwise_affine
        return self.affine_weights(self.channels(input), affine, affine and self.bias)


class RMSNorm(_LastDimensionsNorm):
    """Divides the last dimension (the last `dims` dimensions) by its root mean square (Zhang & Sennrich 2019).

    `eps = none` is the smallest step of the number format, 1.19e-7 for float32.
    Shapes: any, kept; the weight has the last `dims` sizes.
    Raises an error where one of these is a symbol. Source: torch.nn.RMSNorm.
    """

    beyond_torch: ClassVar[frozenset[str]] = frozenset({"dims", "weight_init", "bias_init"})
    examples: ClassVar = (
        Example("RMSNorm", ("float[N, T, 12]",)),
        Example("RMSNorm(eps = 1e-6)", ("float[N, 12]",)),
        Example("RMSNorm(elementwise_affine = false, dims = 2)", ("float[N, T, 3, 4]",)),
        Example("RMSNorm(dims = 2)", ("float[N, T, 3, 4]",)),
    )

    eps: NonNegativeFloat | None = None
    elementwise_affine: bool = True
    dims: PositiveInt = 1

    def infer(self, input: TensorType) -> TensorType:
        self.normalized_shape(input, self.dims)
        return input

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return (tuple(range(input.rank - self.dims, input.rank)),)

    def weights(self, input: TensorType) -> tuple[Weight, ...]:
        if not self.elementwise_affine:
            return ()
        shape = self.normalized_shape(input, self.dims)
        return (Weight("weight", shape, self.initial_weight(shape, ONES)),)


class LocalResponseNorm(Layer):
    """Divides each value by (k + alpha * mean of the squares of `size` neighbouring channels) ** beta, as in AlexNet.

    Shapes: [N, C, ...] with three dimensions or more, kept. Source: torch.nn.LocalResponseNorm.
    """

    samples_apart: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("size",)
    examples: ClassVar = (
        Example("LocalResponseNorm(5)", ("float[N, 6, H, W]",)),
        Example("LocalResponseNorm(5, alpha = 1e-2, beta = 0.5, k = 2.0)", ("float[N, 6, H, W]",)),
        Example("LocalResponseNorm(4, alpha = 0.1)", ("float[N, 6, H, W]",)),
        Example("LocalResponseNorm(3, alpha = 0.1)", ("float[N, 6, T]",)),
        Example("LocalResponseNorm(3, alpha = 0.0)", ("float[N, 6, T]",)),
        Example("LocalResponseNorm(3, alpha = 0.1)", ("float[N, 6, 2, H, W]",)),
    )

    size: PositiveInt
    alpha: Scale = 1e-4
    beta: float = 0.75
    k: Scale = 1.0

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float")
        if input.rank < 3:
            raise InputError(
                f"needs channels and places ([N, C, L] or more dimensions), and gets {input}",
                help="normalise before the value is flattened",
            )
        return input
