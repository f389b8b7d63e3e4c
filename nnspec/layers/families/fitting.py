"""Making a value as large as another one, so that the two can be added or concatenated: the skips of U-Nets.

Sizes may be symbolic; what is refused is a difference that is not known to have the right sign for all of them.
"""

from typing import ClassVar

from nnspec.dims import Size, at_least, bounds
from nnspec.layers.base import Example, Layer
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType
from nnspec.layers.view import View
from nnspec.layers.window import Extents, Sight, each


def _need_places(input: TensorType, like: TensorType | None = None) -> None:
    if input.rank < 3:
        raise InputError(f"needs spatial dimensions ([N, C, L] or more), and gets {input}")
    if like is not None and like.rank != input.rank:
        raise InputError(
            f"has {like.rank} dimensions, and the value to fit to it {input.rank}: {like}, {input}", index=1
        )


def _refuse(have: Size, want: Size, index: int, complaint: str, instead: str, certain: bool) -> InputError:
    """A dimension that would go the other way, or (not `certain`) may do so for some values of the symbols."""
    if certain:
        return InputError(f"{complaint}: dimension {index} would go from {have} to {want}", help=instead)
    return InputError(
        f"{complaint}, and dimension {index} may do so for some sizes: it goes from {have} to {want}",
        help="give these dimensions fixed sizes, or multiples of one symbol such as 16*h",
    )


def _may_reach(size: Size, least: int) -> bool:
    most = bounds(size)[1]
    return most is None or most >= least


class CenterCrop(Layer):
    """The middle of the spatial dimensions: as much as `size` says, or as the value `like` has (U-Net, 2015).

    (have - want)//2 are cut off at the beginning. `enc4 -> CenterCrop(up)` crops to the size of `up`.
    A symbolic dimension that is cropped to a number is taken to be large enough, as with a convolution's kernel.
    Shapes: [N, C, H, W] -> [N, C, *size]. Raises an error where the input may be smaller than another symbolic size.
    Source: Ronneberger et al. 2015; torchvision.transforms.CenterCrop.
    """

    samples_apart: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("size",)
    optional_inputs: ClassVar[tuple[str, ...]] = ("like",)

    size: Extents | None = None

    examples: ClassVar = (
        Example("CenterCrop(4)"),
        Example("CenterCrop([5, 8])", ("float[N, 3, 5, 11]",)),
        Example("CenterCrop(3)", ("int[N, 3, T]",)),
        Example("CenterCrop([h, 3])", ("float[N, 3, 2*h, W]",), {"h": 5}),
        Example("CenterCrop", ("float[N, 3, H + 5, 9]", "float[N, 7, H, 4]")),
        Example("CenterCrop", ("float[N, 3, 3*h + 1, W]", "float[N, 3, 2*h, W]"), {"h": 4}),
    )

    def infer(self, input: TensorType, like: TensorType | None = None) -> TensorType:
        return input.with_shape(*input.shape[:2], *(want for _, want in self.crops(input, like)))

    def views(self, input: TensorType, like: TensorType | None = None) -> tuple[View, ...]:
        return (View(tuple(range(input.rank))),)

    def crops(self, input: TensorType, like: TensorType | None = None) -> tuple[tuple[Size, Size], ...]:
        """Where each spatial dimension begins, and how much is kept of it."""
        _need_places(input, like)
        if (like is None) == (self.size is None):
            raise ArgumentError(
                "size",
                "give it, or a value to crop to" if like is None else "cannot be combined with a value to crop to",
                help="write CenterCrop(224), or x -> CenterCrop(other)",
            )
        wanted = each(self.size, input.rank - 2, "size") if like is None else like.shape[2:]
        crops = []
        for index, want in enumerate(wanted, start=2):
            assert want is not None
            have = input.shape[index]
            if like is not None or not isinstance(want, int) or not _may_reach(have, want):
                self._need_larger(have, want, index)
            crops.append(((have - want) // 2, want))
        return tuple(crops)

    def _need_larger(self, have: Size, want: Size, index: int) -> None:
        if not at_least(have, want):
            complaint, instead = "a crop cannot make a value larger", "PadTo makes it larger"
            raise _refuse(have, want, index, complaint, instead, at_least(want, have + 1))


class PadTo(Layer):
    """Zeros around the spatial dimensions, to the size of the value `like`; the odd element goes to the end.

    `up -> PadTo(skip)` pads to the size of `skip`, and is nothing where the two agree.
    Shapes: [N, C, H, W], [M, K, Y, X] -> [N, C, Y, X]. Raises an error where the input may be larger.
    Source: the padding before a skip in milesial/Pytorch-UNet.
    """

    samples_apart: ClassVar[bool] = True
    inputs: ClassVar[tuple[str, ...]] = ("input", "like")

    examples: ClassVar = (
        Example("PadTo", ("float[N, 3, 2*h, 8]", "float[N, 5, 3*h, 11]"), {"h": 5}),
        Example("PadTo", ("float[N, 3, H, W]", "float[N, 5, H, W]")),
        Example("PadTo", ("int[N, 3, T]", "float[N, 5, T + 3]")),
    )

    def sight(self, input: TensorType, like: TensorType) -> tuple[Sight, ...]:
        return (Sight(),) * (input.rank - 2)

    def infer(self, input: TensorType, like: TensorType) -> TensorType:
        _need_places(input, like)
        for index, (have, want) in enumerate(zip(input.shape[2:], like.shape[2:], strict=True), start=2):
            if not at_least(want, have):
                complaint, instead = "padding cannot make a value smaller", "CenterCrop makes it smaller"
                raise _refuse(have, want, index, complaint, instead, at_least(have, want + 1))
        return input.with_shape(*input.shape[:2], *like.shape[2:])
