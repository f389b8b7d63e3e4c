"""Layers that take parts of a tensor: subscripts, slices, single elements, splits; they take any element type."""

from typing import Annotated, Any, ClassVar, Literal

from nnspec.dims import Expression, Size, Undecidable, equal, exact_divide
from nnspec.layers.base import Example, Layer
from nnspec.layers.numbers import Before, PositiveInt, Within
from nnspec.layers.reshaping import need_positive, replaced
from nnspec.layers.subscript import check_index, slice_size
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType, axis
from nnspec.layers.view import View

SliceItem = tuple[Literal["slice"], int | Expression | None, int | Expression | None, int | None]
Item = int | Expression | SliceItem | Literal["..."] | None
RESULTS = 10_000  # of one layer
WHOLE: SliceItem = ("slice", None, None, None)


def _basic(value: Any) -> Any:
    if not isinstance(value, (tuple, list)):
        raise ValueError("takes a list of whole numbers, slices, none and `...`")
    for item in value:
        parts = item[1:] if isinstance(item, (tuple, list)) else (item,)
        if any(isinstance(part, (bool, float)) or (isinstance(part, str) and part != "...") for part in parts):
            raise ValueError("takes whole numbers, slices, none and `...`, nothing else")
    return value


class Subscript(Layer):
    """`x[:, 0]`, `x[..., 1:-1]`: indices, slices, new dimensions (none) and an ellipsis, as in numpy's basic indexing.

    Shapes: [N, T, C][:, 0] -> [N, C]. Steps are positive. Source: numpy, "Indexing on ndarrays".
    """

    rearranges: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("items",)
    operator: ClassVar[str | None] = "[]"

    items: Annotated[tuple[Item, ...], Before(_basic)]

    examples: ClassVar = (
        Example("a[:, 0]", ("float[N, T, 4]",)),
        Example("a[:, -1]", ("float[N, T, 4]",)),
        Example("a[:, :, 1:-1, 2::2]", ("float[N, 3, H, W]",)),
        Example("a[..., 0]"),
        Example("a[:, 1:3, ..., -2]", ("float[N, 4, H, W]",)),
        Example("a[0]", ("float[5]",)),
        Example("a[:, none, 0, :, none]"),
        Example("a[T - 1, 1:T]", ("float[T, T]",)),
        Example("a[:, :T]", ("float[3, 20]", "float[N, T <= 20]"), {"T": 9}),
    )

    def infer(self, input: TensorType) -> TensorType:
        shape: list[Size] = []
        remaining = iter(input.shape)
        for item in self.expanded(input):
            if item is None:
                shape.append(1)
                continue
            size = next(remaining)
            if isinstance(item, tuple):
                step = 1 if item[3] is None else item[3]
                shape.append(slice_size(size, item[1], item[2], step, "items"))
            else:
                check_index(size, item, "items")
        return input.with_shape(*shape)

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        items = [item for item in self.expanded(input) if item is not None]
        return (tuple(dim for dim, item in enumerate(items) if item != WHOLE),)

    def views(self, input: TensorType) -> tuple[View, ...]:
        dims, steps, remaining = list[int | None](), {}, iter(range(input.rank))
        for item in self.expanded(input):
            dim = None if item is None else next(remaining)
            if isinstance(item, tuple) and item[3] not in (None, 1):
                steps[len(dims)] = item[3]
            if item is None or isinstance(item, tuple):
                dims.append(dim)
        return (View(tuple(dims), steps),)

    def expanded(self, input: TensorType) -> tuple[int | Expression | SliceItem | None, ...]:
        """The items with the ellipsis written out, one item for every dimension of the input besides the new ones."""
        used = sum(item is not None and item != "..." for item in self.items)
        if used > input.rank:
            raise ArgumentError("items", f"{used} subscripts for a tensor of {input.rank} dimensions: {input}")
        if self.items.count("...") > 1:
            raise ArgumentError("items", "`...` stands twice", help="write it once; the other dimensions are `:`")
        whole = (WHOLE,) * (input.rank - used)
        items: list[int | Expression | SliceItem | None] = []
        for item in self.items if "..." in self.items else (*self.items, "..."):
            if isinstance(item, str):
                items.extend(whole)
            else:
                items.append(item)
        return tuple(items)


class Slice(Layer):
    """Elements `start` to `end` (not included) of one dimension, every `step`-th of them.

    Shapes: [N, 8, C] with dim = 1, start = 2 -> [N, 6, C]. Negative bounds count from the end. Source: numpy.
    """

    rearranges: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("dim", "start", "end")

    dim: int
    start: int | Expression = 0
    end: int | Expression | None = None
    step: PositiveInt = 1

    examples: ClassVar = (
        Example("Slice(1, 2)", ("float[N, 8, 3]",)),
        Example("Slice(1, 1, -1)", ("float[N, T, 3]",)),
        Example("Slice(-1, end = 7, step = 3)", ("float[N, 8]",)),
        Example("Slice(1, -3)", ("int[N, 8]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        index = axis(self.dim, input.rank)
        return replaced(input, index, slice_size(input.shape[index], self.start, self.end, self.step, "start"))

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return ((axis(self.dim, input.rank),),)

    def views(self, input: TensorType) -> tuple[View, ...]:
        steps = {} if self.step == 1 else {axis(self.dim, input.rank): self.step}
        return (View(tuple(range(input.rank)), steps),)


class Select(Layer):
    """Element `index` of one dimension, which goes away.

    Shapes: [N, T, C] with dim = 1 -> [N, C]. Source: torch.select.
    """

    rearranges: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("dim", "index")

    dim: int
    index: int | Expression

    examples: ClassVar = (Example("Select(1, 0)", ("float[N, T, 3]",)), Example("Select(-1, -2)", ("int[N, 8]",)))

    def infer(self, input: TensorType) -> TensorType:
        place = axis(self.dim, input.rank)
        check_index(input.shape[place], self.index, "index")
        return replaced(input, place)

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return ((axis(self.dim, input.rank),),)

    def views(self, input: TensorType) -> tuple[View, ...]:
        place = axis(self.dim, input.rank)
        return (View(tuple(dim for dim in range(input.rank) if dim != place)),)


class Take(Layer):
    """The elements of one dimension that a tensor of whole numbers names; the indices must be less than its size.

    Shapes: [9, C], int [T, S] -> [T, S, C]; with dim = 1: [N, 9, C], int [T] -> [N, T, C]. Source: numpy.take.
    """

    rearranges: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("dim",)
    inputs: ClassVar[tuple[str, ...]] = ("input", "indices")
    function: ClassVar[str | None] = "take"

    dim: int = 0

    examples: ClassVar = (
        Example("take(a, b)", ("float[5, H]", "int[N, T]")),
        Example("take(a, b, dim = 1)", ("int[N, 7, 3]", "int[T]")),
        Example("(a, b) -> Take(-1)", ("float[N, 2, 4]", "int[]")),
    )

    def infer(self, input: TensorType, indices: TensorType) -> TensorType:
        if indices.dtype != "int":
            raise InputError(f"needs whole numbers as indices, and gets {indices.dtype}", index=1)
        place = axis(self.dim, input.rank)
        return input.with_shape(*input.shape[:place], *indices.shape, *input.shape[place + 1 :])

    def mixed(self, input: TensorType, indices: TensorType) -> tuple[tuple[int, ...], ...]:
        return (axis(self.dim, input.rank),), ()


class Split(Layer):
    """Several parts of one dimension: a number of equal parts, or one part for each size.

    Shapes: [N, 12] with sections = 3 -> three times [N, 4], named 0, 1, 2. Source: numpy.split, torch.split.
    """

    by_position: ClassVar[tuple[str, ...]] = ("sections", "dim")

    sections: Annotated[int, Within(gt=0, le=RESULTS)] | tuple[int | Expression, ...]
    dim: int = 1

    examples: ClassVar = (
        Example("Split(3)", ("float[N, 12]",)),
        Example("Split([2, 3, 1])", ("float[N, 6, H]",)),
        Example("Split(2, dim = -1)", ("float[N, 2*w]",)),
        Example("Split([1, T - 1])", ("float[N, T]",)),
    )

    def result_names(self) -> tuple[str, ...]:
        count = self.sections if isinstance(self.sections, int) else len(self.sections)
        return tuple(map(str, range(count)))

    def infer(self, input: TensorType) -> tuple[TensorType, ...]:
        index = axis(self.dim, input.rank)
        return tuple(replaced(input, index, size) for size in self.sizes(input.shape[index]))

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return ((axis(self.dim, input.rank),),)

    def views(self, input: TensorType) -> tuple[View, ...]:
        return (View(tuple(range(input.rank))),) * len(self.result_names())

    def sizes(self, size: Size) -> tuple[Size, ...]:
        """The size of each part."""
        if isinstance(self.sections, int):
            try:
                return (exact_divide(size, self.sections),) * self.sections
            except Undecidable:
                known = "does not split" if isinstance(size, int) else "is not known to split"
                raise ArgumentError(
                    "sections",
                    f"a dimension of size {size} {known} into {self.sections} equal parts",
                    help="give the size of each part: sections = [a, b, ...]",
                ) from None
        for part in self.sections:
            need_positive(part, "sections", f"a part cannot have {part} elements")
        total: Size = sum(self.sections, 0)
        if not self.sections or not equal(total, size):
            raise ArgumentError(
                "sections",
                f"the parts add up to {total}, and the dimension has size {size}",
                help=f"choose parts that add up to {size}",
            )
        return self.sections


class Chunk(Layer):
    """`chunks` parts of one dimension, the last one smaller where it does not divide.

    Shapes: [7] with chunks = 3 -> [3], [3], [1], named 0, 1, 2. Source: torch.chunk.
    """

    by_position: ClassVar[tuple[str, ...]] = ("chunks", "dim")

    chunks: Annotated[int, Within(gt=0, le=RESULTS)]
    dim: int = 0

    examples: ClassVar = (
        Example("Chunk(3)", ("float[7]",)),
        Example("Chunk(2, dim = 1)", ("float[N, 8]",)),
        Example("Chunk(2, dim = -1)", ("float[N, 2*w]",)),
    )

    def result_names(self) -> tuple[str, ...]:
        return tuple(map(str, range(self.chunks)))

    def infer(self, input: TensorType) -> tuple[TensorType, ...]:
        index = axis(self.dim, input.rank)
        return tuple(replaced(input, index, size) for size in self.sizes(input.shape[index]))

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return ((axis(self.dim, input.rank),),)

    def views(self, input: TensorType) -> tuple[View, ...]:
        return (View(tuple(range(input.rank))),) * len(self.result_names())

    def sizes(self, size: Size) -> tuple[Size, ...]:
        """The size of each part."""
        part = (size + (self.chunks - 1)) // self.chunks
        last = size - part * (self.chunks - 1)
        if isinstance(size, Expression) and not equal(last, part):
            raise InputError(
                f"cannot tell the chunks of a dimension of size {size}, not known to be a multiple of {self.chunks}",
                help=f"declare the size as a multiple, such as {self.chunks}*k",
            )
        message = f"a dimension of size {size} makes less than {self.chunks} chunks, of {part} each"
        need_positive(last, "chunks", message, help="choose fewer chunks, or give the size of each: Split([a, b, ...])")
        return (part,) * (self.chunks - 1) + (last,)
