"""Layers that repeat a tensor's elements or turn them around; they take any element type."""

from typing import ClassVar

from nnspec.dims import Expression, Size, equal
from nnspec.layers.base import Example, Layer
from nnspec.layers.reshaping import distinct_axes, need_positive, replaced
from nnspec.layers.tensor_type import ArgumentError, TensorType, axis
from nnspec.layers.view import View
from nnspec.layers.window import Sight


class Tile(Layer):
    """The tensor repeated `dims[i]` times along dimension i; fewer numbers than dimensions count from the last one.

    Shapes: [2, 3] with dims = [2, 1] -> [4, 3]. Source: torch.tile, numpy.tile.
    """

    by_position: ClassVar[tuple[str, ...]] = ("dims",)

    dims: tuple[int | Expression, ...]

    examples: ClassVar = (
        Example("Tile([2, 1, 3])", ("float[N, 2, 3]",)),
        Example("Tile([2])", ("int[N, 3]",)),
        Example("a -> Tile([N, 1, 1])", ("float[2, 3]", "float[N]")),
    )

    def infer(self, input: TensorType) -> TensorType:
        for count in self.dims:
            need_positive(count, "dims", f"{count} repetitions leave nothing")
        rank = max(input.rank, len(self.dims))
        shape = (1,) * (rank - input.rank) + input.shape
        counts = (1,) * (rank - len(self.dims)) + self.dims
        return input.with_shape(*(size * count for size, count in zip(shape, counts, strict=True)))

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        counts = self.dims[-input.rank :] if input.rank else ()
        return (tuple(input.rank - len(counts) + place for place, count in enumerate(counts) if count != 1),)


class RepeatInterleave(Layer):
    """Each element of a dimension `repeats` times, side by side: a, a, b, b, where `Tile` gives a, b, a, b.

    Shapes: [N, 2, T] with repeats = 4, dim = 1 -> [N, 8, T]. Source: torch.repeat_interleave.
    """

    by_position: ClassVar[tuple[str, ...]] = ("repeats", "dim")
    function: ClassVar[str | None] = "repeat_interleave"

    repeats: int | Expression
    dim: int

    examples: ClassVar = (
        Example("repeat_interleave(a, 4, dim = 1)", ("float[N, 2, T, 3]",)),
        Example("RepeatInterleave(N, 0)", ("int[3, N]",)),
        Example("RepeatInterleave(1, -1)", ("bool[N, T]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        need_positive(self.repeats, "repeats", f"{self.repeats} repetitions leave nothing")
        place = axis(self.dim, input.rank)
        return replaced(input, place, input.shape[place] * self.repeats)

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return ((axis(self.dim, input.rank),),)


class Expand(Layer):
    """Dimensions of size 1 stretched to `shape`; -1 keeps a size, and new dimensions may come first.

    Shapes: [1, 1, C] with shape = [N, -1, -1] -> [N, 1, C]. Source: torch.Tensor.expand.
    """

    by_position: ClassVar[tuple[str, ...]] = ("shape",)
    sizes_of_result: ClassVar[frozenset[str]] = frozenset({"shape"})
    pointwise: ClassVar[bool] = True

    shape: tuple[int | Expression, ...]

    examples: ClassVar = (
        Example("Expand([-1, 5, -1])", ("float[N, 1, 3]",)),
        Example("a -> Expand([N, -1, -1])", ("float[1, 2, 3]", "float[N]")),
        Example("a -> Expand([4, N, 3])", ("int[N, 3]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        new = len(self.shape) - input.rank
        if new < 0:
            raise ArgumentError(
                "shape",
                f"has {len(self.shape)} dimensions, and the input {input.rank}: {input}",
                help="give a size for every dimension; -1 keeps one",
            )
        result: list[Size] = []
        for place, wanted in enumerate(self.shape):
            given: Size = input.shape[place - new] if place >= new else 1
            if wanted == -1 and place >= new:
                result.append(given)
                continue
            need_positive(wanted, "shape", f"dimension {place} cannot have size {wanted}")
            if given != 1 and not equal(given, wanted):
                raise ArgumentError(
                    "shape",
                    f"dimension {place} has size {given}, and only size 1 can be stretched, to {wanted}",
                    help="write -1 to keep the size",
                )
            result.append(wanted)
        return input.with_shape(*result)

    def views(self, input: TensorType) -> tuple[View, ...]:
        new, result = len(self.shape) - input.rank, self.infer(input).shape
        kept = (place >= new and equal(input.shape[place - new], size) for place, size in enumerate(result))
        return (View(tuple(place - new if is_kept else None for place, is_kept in enumerate(kept))),)


class Roll(Layer):
    """Elements shifted along dimensions, those that leave at the end coming back at the start.

    Shapes: any -> the same. Source: torch.roll.
    """

    by_position: ClassVar[tuple[str, ...]] = ("shifts", "dims")

    shifts: int | tuple[int, ...]
    dims: int | tuple[int, ...]

    examples: ClassVar = (
        Example("Roll(2, 1)", ("float[N, 8]",)),
        Example("Roll([-3, -3], [1, 2])", ("float[N, 7*h, 7*w, 4]",), {"h": 2, "w": 1}),
        Example("Roll(5, -1)", ("int[N, T]",), {"T": 3}),
        Example("Roll(0, 0)", ("float[3]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        self.moves(input)
        return input

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return (tuple(dim for dim, _ in self.moves(input)),)

    def sight(self, input: TensorType) -> tuple[Sight, ...]:
        return (Sight(),) * input.rank

    def moves(self, input: TensorType) -> tuple[tuple[int, int], ...]:
        """(dimension from the front, shift) of each shift."""
        shifts = (self.shifts,) if isinstance(self.shifts, int) else self.shifts
        dims = (self.dims,) if isinstance(self.dims, int) else self.dims
        if len(shifts) != len(dims):
            raise ArgumentError("shifts", f"{len(shifts)} shifts for {len(dims)} dims", help="give one for each")
        return tuple(zip(distinct_axes(dims, input.rank), shifts, strict=True))


class Flip(Layer):
    """The elements in reverse order along one dimension or several.

    Shapes: any -> the same. Source: torch.flip.
    """

    by_position: ClassVar[tuple[str, ...]] = ("dims",)

    dims: int | tuple[int, ...]

    examples: ClassVar = (Example("Flip(1)"), Example("Flip([0, -1])", ("int[N, T]",)))

    def infer(self, input: TensorType) -> TensorType:
        self.axes(input)
        return input

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return (self.axes(input),)

    def sight(self, input: TensorType) -> tuple[Sight, ...]:
        return (Sight(),) * input.rank

    def axes(self, input: TensorType) -> tuple[int, ...]:
        """The dimensions, without negative indices."""
        return distinct_axes((self.dims,) if isinstance(self.dims, int) else self.dims, input.rank)
