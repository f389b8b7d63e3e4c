"""Padding: the last dimensions made larger at their ends. `padding` is in torch's order, the last dimension first."""

from typing import Annotated, ClassVar, Literal

from nnspec.dims import Expression, equal
from nnspec.layers.base import Continued, Example, Layer
from nnspec.layers.batched import Batched
from nnspec.layers.families.shape import Identity
from nnspec.layers.lookback import along_which, last_places
from nnspec.layers.numbers import FiniteFloat, Told
from nnspec.layers.tensor_type import ArgumentError, TensorType, need_dtype
from nnspec.layers.window import Amounts, Pairs, Sight, need_border, need_room, spatial

Mode = Literal["constant", "reflect", "replicate", "circular"]


def padded(input: TensorType, pairs: Pairs, mode: Mode) -> TensorType:
    """The input with its last dimensions padded.

    Raises:
        ArgumentError: there are not enough elements to pad with.
        InputError: negative padding leaves nothing.
    """
    need_border(mode, pairs, input)
    kept = input.rank - len(pairs)
    sizes = list(input.shape)
    for index, (begin, end) in enumerate(pairs, start=kept):
        cut = -min(begin, 0) - min(end, 0)
        need_room(
            sizes[index] - cut + 1,
            f"there are no {cut} elements to cut off in dimension {index} of {input}",
            "cut off less",
        )
        sizes[index] = sizes[index] + (begin + end)
        need_room(
            sizes[index], f"cutting {-begin - end} off dimension {index} of {input} leaves nothing", "cut off less"
        )
    return input.with_shape(*sizes)


def from_last(padding: tuple[int, ...]) -> Pairs:
    """(begin, end) in the order of the dimensions, from torch's order."""
    return tuple(zip(padding[-2::-2], padding[::-2], strict=True))


def _continued(
    layer: Layer, time: Expression, input: TensorType, pairs: Pairs, mode: Mode, value: float
) -> Continued | None:
    """Padding before a sequence: of the next part it is the end of the part before."""
    which = along_which(time, input, len(pairs))
    if which is None or pairs[which] == (0, 0):
        return None if which is None else Continued(layer)
    (begin, end), dim = pairs[which], input.rank - len(pairs) + which
    if end or begin < 0 or mode != "constant" or value or not equal(input.shape[dim], time):
        message = f"does not pad {time} places on the left alone, with zeros"
        raise ArgumentError("padding", message, help="look back only: pad the beginning of the sequence with zeros")
    others = [pair if index != which else (0, 0) for index, pair in enumerate(pairs)]
    flat = tuple(each for pair in reversed(others) for each in pair)
    rest = Pad(padding=flat) if any(flat) else Identity()
    return Continued(rest, (last_places(input, dim, begin),))


class Pad(Layer):
    """The last dimensions with `value` (or with their own elements) around them; negative padding cuts off.

    `padding` is [left, right], [left, right, top, bottom], ...: the last dimension first. The modes "reflect",
    "replicate" and "circular" take float elements, and leave at least the first dimension alone.
    Shapes: [..., H, W] -> [..., H + top + bottom, W + left + right]. Source: torch.nn.functional.pad.
    """

    by_position: ClassVar[tuple[str, ...]] = ("padding",)

    padding: tuple[int, ...]
    mode: Mode = "constant"
    value: FiniteFloat = 0.0

    examples: ClassVar = (
        Example("Pad([1, 2])"),
        Example("Pad([1, 0, 0, 3], value = 1.5)"),
        Example("Pad([-1, 2, 0, -3])"),
        Example("Pad([0, 1], value = -2)", ("int[N, T]",)),
        Example("Pad([1, 1], value = 1)", ("bool[N, T]",)),
        Example('Pad([2, 1, 1, 3], mode = "reflect")'),
        Example('Pad([2, 1], mode = "replicate")'),
        Example('Pad([2, 1], mode = "circular")', ("float[N, 3, T]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        if len(self.padding) % 2:
            raise ArgumentError(
                "padding",
                f"has an odd number of entries ({len(self.padding)}), and needs two for each dimension",
                help="write [begin, end] of the last dimension, then of the one before: [left, right, top, bottom]",
            )
        pairs = from_last(self.padding)
        whole = 0 if self.mode == "constant" else 1
        if not pairs:
            raise ArgumentError("padding", "pads nothing", help="write [begin, end] of the last dimension")
        if len(pairs) > input.rank - whole:
            raise ArgumentError(
                "padding",
                f"has {len(self.padding)} entries, two for each dimension, and the input is {input}",
                help=f'the mode "{self.mode}" pads {max(input.rank - whole, 0)} of these at most',
            )
        if self.mode != "constant":
            self._need_own_elements(input, pairs)
        elif input.dtype != "float" and self.value not in ((0, 1) if input.dtype == "bool" else (int(self.value),)):
            whole_number = "0 or 1" if input.dtype == "bool" else "a whole number"
            raise ArgumentError(
                "value", f"{self.value} cannot be an element of {input.dtype}", help=f"write {whole_number}"
            )
        return padded(input, pairs, self.mode)

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return (tuple(range(input.rank - len(self.padding) // 2, input.rank)),)

    def sight(self, input: TensorType) -> tuple[Sight, ...]:
        return (Sight(),) * (len(self.padding) // 2)

    def continued(self, time: Expression, past: Expression, input: TensorType) -> Continued | None:
        return _continued(self, time, input, from_last(self.padding), self.mode, self.value)

    def _need_own_elements(self, input: TensorType, pairs: Pairs) -> None:
        need_dtype(input, "float")
        if min(self.padding) < 0:
            raise ArgumentError("padding", f'the mode "{self.mode}" cannot cut off', help="cut off with a Pad before")
        if self.value:
            raise ArgumentError("value", f'means nothing in the mode "{self.mode}"', help="leave it out")
        if not 2 <= input.rank <= 5 or len(pairs) > 3:
            raise ArgumentError(
                "mode",
                f'"{self.mode}" takes 2 to 5 dimensions, and gets {input}',
                help="flatten the leading dimensions",
            )


class _PadSpatial(Batched):
    """The base of the paddings of all spatial dimensions."""

    samples_apart: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("padding",)
    mode: ClassVar[Mode] = "constant"

    padding: Annotated[int | tuple[int, ...], Told("an integer, or a list of them")]

    def pairs(self) -> Pairs:
        """(begin, end) of each spatial dimension."""
        if isinstance(self.padding, int):
            return ((self.padding, self.padding),) * self.dims
        if len(self.padding) != 2 * self.dims:
            raise ArgumentError(
                "padding",
                f"has {len(self.padding)} entries, and {2 * self.dims} are needed: two for each spatial dimension",
                help="write one number, or [begin, end] of the last dimension, then of the one before: "
                "[left, right, top, bottom]",
            )
        return from_last(self.padding)

    def infer(self, input: TensorType) -> TensorType:
        spatial(input, self.dims, self.kind)
        return padded(input, self.pairs(), self.mode)

    def sight(self, input: TensorType) -> tuple[Sight, ...]:
        return (Sight(),) * self.dims

    def continued(self, time: Expression, past: Expression, input: TensorType) -> Continued | None:
        return _continued(self, time, input, self.pairs(), self.mode, getattr(self, "value", 0.0))


class _PadFromInside(_PadSpatial):
    """The paddings that repeat elements of the input; they cannot cut off."""

    padding: Amounts


class ConstantPad1d(_PadSpatial):
    """A sequence with `value` around it; negative padding cuts off.

    `padding` is one number, or [left, right].
    Shapes: [N, C, L] -> [N, C, L + left + right].
    Source: torch.nn.ConstantPad1d.
    """

    by_position: ClassVar[tuple[str, ...]] = ("padding", "value")
    dims: ClassVar[int] = 1

    value: FiniteFloat

    examples: ClassVar = (
        Example("ConstantPad1d(1, 0.5)", ("float[N, 3, T]",)),
        Example("ConstantPad1d([-1, 2], -2)", ("float[N, 3, T]",)),
    )


class ConstantPad2d(_PadSpatial):
    """An image with `value` around it; negative padding cuts off.

    `padding` is one number, or [left, right, top, bottom].
    Shapes: [N, C, H, W] -> [N, C, H + top + bottom, W + left + right].
    Source: torch.nn.ConstantPad2d.
    """

    by_position: ClassVar[tuple[str, ...]] = ("padding", "value")
    dims: ClassVar[int] = 2

    value: FiniteFloat

    examples: ClassVar = (
        Example("ConstantPad2d([1, -2, 0, 3], -2)", ("float[3, H, W]",)),
        Example("ConstantPad2d(1, 0.5)"),
        Example("ConstantPad2d([1, -2, 0, 3], -2)"),
    )


class ConstantPad3d(_PadSpatial):
    """A volume with `value` around it; negative padding cuts off.

    `padding` is one number, or [left, right, top, bottom, front, back].
    Shapes: [N, C, D, H, W] -> [N, C, D + front + back, H + top + bottom, W + left + right].
    Source: torch.nn.ConstantPad3d.
    """

    by_position: ClassVar[tuple[str, ...]] = ("padding", "value")
    dims: ClassVar[int] = 3

    value: FiniteFloat

    examples: ClassVar = (
        Example("ConstantPad3d(1, 0.5)", ("float[N, 2, 4, 5, 6]",)),
        Example("ConstantPad3d([1, -2, 0, 1, 2, 0], -2)", ("float[N, 2, 4, 5, 6]",)),
    )


class ZeroPad1d(_PadSpatial):
    """A sequence with zeros around it; negative padding cuts off.

    `padding` is one number, or [left, right].
    Shapes: [N, C, L] -> [N, C, L + left + right].
    Source: torch.nn.ZeroPad1d.
    """

    dims: ClassVar[int] = 1
    examples: ClassVar = (
        Example("ZeroPad1d(1)", ("float[N, 3, T]",)),
        Example("ZeroPad1d([-1, 2])", ("float[N, 3, T]",)),
    )


class ZeroPad2d(_PadSpatial):
    """An image with zeros around it; negative padding cuts off.

    `padding` is one number, or [left, right, top, bottom].
    Shapes: [N, C, H, W] -> [N, C, H + top + bottom, W + left + right].
    Source: torch.nn.ZeroPad2d.
    """

    dims: ClassVar[int] = 2
    examples: ClassVar = (
        Example("ZeroPad2d(1)"),
        Example("ZeroPad2d([1, -2, 0, 3])"),
    )


class ZeroPad3d(_PadSpatial):
    """A volume with zeros around it; negative padding cuts off.

    `padding` is one number, or [left, right, top, bottom, front, back].
    Shapes: [N, C, D, H, W] -> [N, C, D + front + back, H + top + bottom, W + left + right].
    Source: torch.nn.ZeroPad3d.
    """

    dims: ClassVar[int] = 3
    examples: ClassVar = (
        Example("ZeroPad3d(1)", ("float[N, 2, 4, 5, 6]",)),
        Example("ZeroPad3d([1, -2, 0, 1, 2, 0])", ("float[N, 2, 4, 5, 6]",)),
    )


class ReflectionPad1d(_PadFromInside):
    """A sequence with its own elements reflected around it, without repeating the outermost.

    `padding` is one number, or [left, right].
    Shapes: [N, C, L] -> [N, C, L + left + right].
    Raises an error where a padding is not smaller than its dimension.
    Source: torch.nn.ReflectionPad1d.
    """

    dims: ClassVar[int] = 1
    mode: ClassVar[Mode] = "reflect"
    examples: ClassVar = (
        Example("ReflectionPad1d(1)", ("float[N, 3, T]",)),
        Example("ReflectionPad1d([2, 1])", ("float[N, 3, T]",)),
    )


class ReflectionPad2d(_PadFromInside):
    """An image with its own elements reflected around it, without repeating the outermost.

    `padding` is one number, or [left, right, top, bottom].
    Shapes: [N, C, H, W] -> [N, C, H + top + bottom, W + left + right].
    Raises an error where a padding is not smaller than its dimension.
    Source: torch.nn.ReflectionPad2d.
    """

    dims: ClassVar[int] = 2
    mode: ClassVar[Mode] = "reflect"
    examples: ClassVar = (
        Example("ReflectionPad2d(1)", ("float[3, H, W]",)),
        Example("ReflectionPad2d(1)"),
        Example("ReflectionPad2d([1, 2, 0, 3])"),
    )


class ReflectionPad3d(_PadFromInside):
    """A volume with its own elements reflected around it, without repeating the outermost.

    `padding` is one number, or [left, right, top, bottom, front, back].
    Shapes: [N, C, D, H, W] -> [N, C, D + front + back, H + top + bottom, W + left + right].
    Raises an error where a padding is not smaller than its dimension.
    Source: torch.nn.ReflectionPad3d.
    """

    dims: ClassVar[int] = 3
    mode: ClassVar[Mode] = "reflect"
    examples: ClassVar = (
        Example("ReflectionPad3d(1)", ("float[N, 2, 4, 5, 6]",)),
        Example("ReflectionPad3d([1, 2, 0, 1, 2, 0])", ("float[N, 2, 4, 5, 6]",)),
    )


class ReplicationPad1d(_PadFromInside):
    """A sequence with its outermost elements repeated around it.

    `padding` is one number, or [left, right].
    Shapes: [N, C, L] -> [N, C, L + left + right].
    Source: torch.nn.ReplicationPad1d.
    """

    dims: ClassVar[int] = 1
    mode: ClassVar[Mode] = "replicate"
    examples: ClassVar = (
        Example("ReplicationPad1d(1)", ("float[N, 3, T]",)),
        Example("ReplicationPad1d([2, 1])", ("float[N, 3, T]",)),
    )


class ReplicationPad2d(_PadFromInside):
    """An image with its outermost elements repeated around it.

    `padding` is one number, or [left, right, top, bottom].
    Shapes: [N, C, H, W] -> [N, C, H + top + bottom, W + left + right].
    Source: torch.nn.ReplicationPad2d.
    """

    dims: ClassVar[int] = 2
    mode: ClassVar[Mode] = "replicate"
    examples: ClassVar = (
        Example("ReplicationPad2d(1)"),
        Example("ReplicationPad2d([1, 2, 0, 3])"),
    )


class ReplicationPad3d(_PadFromInside):
    """A volume with its outermost elements repeated around it.

    `padding` is one number, or [left, right, top, bottom, front, back].
    Shapes: [N, C, D, H, W] -> [N, C, D + front + back, H + top + bottom, W + left + right].
    Source: torch.nn.ReplicationPad3d.
    """

    dims: ClassVar[int] = 3
    mode: ClassVar[Mode] = "replicate"
    examples: ClassVar = (
        Example("ReplicationPad3d(1)", ("float[N, 2, 4, 5, 6]",)),
        Example("ReplicationPad3d([1, 2, 0, 1, 2, 0])", ("float[N, 2, 4, 5, 6]",)),
    )


class CircularPad1d(_PadFromInside):
    """A sequence with the elements of its opposite ends around it.

    `padding` is one number, or [left, right].
    Shapes: [N, C, L] -> [N, C, L + left + right].
    Raises an error where a padding is larger than its dimension.
    Source: torch.nn.CircularPad1d.
    """

    dims: ClassVar[int] = 1
    mode: ClassVar[Mode] = "circular"
    examples: ClassVar = (
        Example("CircularPad1d(1)", ("float[N, 3, T]",)),
        Example("CircularPad1d([2, 1])", ("float[N, 3, T]",)),
    )


class CircularPad2d(_PadFromInside):
    """An image with the elements of its opposite ends around it.

    `padding` is one number, or [left, right, top, bottom].
    Shapes: [N, C, H, W] -> [N, C, H + top + bottom, W + left + right].
    Raises an error where a padding is larger than its dimension.
    Source: torch.nn.CircularPad2d.
    """

    dims: ClassVar[int] = 2
    mode: ClassVar[Mode] = "circular"
    examples: ClassVar = (
        Example("CircularPad2d(1)", ("float[3, H, W]",)),
        Example("CircularPad2d(1)"),
        Example("CircularPad2d([1, 2, 0, 3])"),
    )


class CircularPad3d(_PadFromInside):
    """A volume with the elements of its opposite ends around it.

    `padding` is one number, or [left, right, top, bottom, front, back].
    Shapes: [N, C, D, H, W] -> [N, C, D + front + back, H + top + bottom, W + left + right].
    Raises an error where a padding is larger than its dimension.
    Source: torch.nn.CircularPad3d.
    """

    dims: ClassVar[int] = 3
    mode: ClassVar[Mode] = "circular"
    examples: ClassVar = (
        Example("CircularPad3d(1)", ("float[N, 2, 4, 5, 6]",)),
        Example("CircularPad3d([1, 2, 0, 1, 2, 0])", ("float[N, 2, 4, 5, 6]",)),
    )
