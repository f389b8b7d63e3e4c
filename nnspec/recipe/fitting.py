"""Data and model brought together by their types: which field feeds which input, and what a loss then sees.

`nnspec check` knows of the data what its choice says, `nnspec train` what it read; both ask here.
"""

from __future__ import annotations

import math
from typing import NoReturn, cast

from nnspec.diagnostics import Span, SpecError
from nnspec.dims import Expression, Size, solve, symbol
from nnspec.ir import Program
from nnspec.ir.indices import index_bounds
from nnspec.layers.tensor_type import TensorType
from nnspec.recipe.augmentation import Extent
from nnspec.recipe.fields import Field, Fields
from nnspec.recipe.mistakes import DataMismatch

Sizes = tuple[int | None, ...]


class Fitting:
    """The fields of data as the model takes them; where a recipe builds networks of its own, as the data has them."""

    def __init__(
        self, data: str, fields: Fields, program: Program | None, span: Span | None, cut: Extent | None = None
    ) -> None:
        """Bring them together.

        Args:
            data: what the data is called.
            fields: what is known of its fields.
            program: the model; None where a recipe builds networks of its own.
            span: where a mistake is shown.
            cut: the size that pictures are cut to for each batch, where they may have another one before.

        Raises:
            SpecError: the data does not have what an input asks for.
        """
        self.data = data
        self.fields = fields
        self.program = program
        self.span = span
        self.cut = cut
        self.feeds: dict[str, str] = {}  # the field of each input; none where only the data knows it
        self.types: dict[str, TensorType | None] = {}  # of inputs and fields; None where only the data knows it
        self._given: dict[str, Sizes] = {}  # the sizes of a sample of each input
        self._rows = index_bounds(program) if program else {}
        self._known: dict[str, int] = {}
        for name, type in self._ports:
            field = self._field(name)
            self.types[name] = type
            if field is not None:
                self.feeds[name] = field
                self._conform(name, fields.known[field], type)
                self.types[field] = type
        for name, described in fields.known.items():
            self.types.setdefault(name, self.beside(name, described))

    @property
    def _ports(self) -> list[tuple[str, TensorType]]:
        """The model's inputs with their types, in order."""
        main = self.program.main if self.program else None
        return [(port.name, main.values[port.value]) for port in main.inputs] if main else []

    @property
    def batch(self) -> Size:
        """The model's symbol for the number of samples."""
        return self._ports[0][1].shape[0] if self._ports else symbol("N")

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the model's inputs, in order."""
        return tuple(name for name, _ in self._ports)

    def fail(self, name: str, problem: str, advice: str) -> NoReturn:
        """Report an input that the data does not fit."""
        raise SpecError.of(DataMismatch(self.span, name, problem, advice))

    def _field(self, name: str) -> str | None:
        """The field that feeds an input: that of its name, or the first of numbers where there is one input."""
        known = self.fields.known
        if name in known:
            return name
        numbers = [field for field, each in known.items() if each is not None and each.dtype == "float"]
        if len(self._ports) == 1 and numbers:
            return numbers[0]
        if not self.fields.complete or (len(self._ports) == 1 and None in known.values()):
            return None
        self.fail(
            name, f"is no field of the data: {self.data} has {self.fields}", "call the input what the data calls it"
        )

    def _conform(self, name: str, field: Field | None, type: TensorType) -> None:
        """Check that a field has the type of an input."""
        if not type.rank or not isinstance(type.shape[0], Expression):
            self.fail(name, f"fixes the number of samples: {type}", "write a name for it: [N, ...]")
        if field is None:
            self._given[name] = (None,) * (type.rank - 1)
            return
        sizes = self._pictured(name, field, type) if field.picture and type.dtype == "float" else field.sizes
        if field.dtype != type.dtype:
            self.fail(name, f"has {type.dtype} elements, and the data {field.dtype}", "change the input or the data")
        sizes = self._given[name] = self._cut(field, sizes)
        self._need_rows(name, field)
        if len(sizes) + 1 != type.rank or not all(map(self._agrees, type.shape[1:], sizes)):
            shown = Field(field.dtype, sizes).shape
            self.fail(name, f"is {type}, and the data {shown}", "change the model's input, or the data")

    def _pictured(self, name: str, field: Field, type: TensorType) -> Sizes:
        """The sizes of pictures as the input has them, in a row where it has no place for height and width."""
        channels, height, width = size_of_pictures(self.program) if type.rank in (2, 4) else (None, None, None)
        if len(field.sizes) != 3:
            return field.sizes
        given = field.sizes[0]
        if type.rank == 3 and given in (1, None):
            return field.sizes[1:]  # rows of grey levels, as a sequence has them
        if channels is not None and given is not None and given != channels and {given, channels} != {1, 3}:
            self.fail(name, f"has {channels} channels, and the data {given}", "change the model's input")
        made: Sizes = (channels or given, *field.sizes[1:])
        if self.cut is None or type.rank == 2:
            made = (made[0], height or made[1], width or made[2])
        elif any(size is not None and size < least for size, least in zip(made[1:], self.cut, strict=True)):
            before, part = (f"{size[0]}x{size[1]}" for size in (made[1:], self.cut))
            problem = f"is given pictures of {before}, and {part} are cut out of them"
            self.fail(name, problem, "read them larger: size = ...")
        if type.rank != 2:
            return made
        return (None,) if None in made else (math.prod(cast(tuple[int, ...], made)),)

    def _cut(self, field: Field, sizes: Sizes) -> Sizes:
        """The sizes of a sample of a field, as a batch has them."""
        if self.cut is None or len(sizes) < 2 or not (field.picture or field.mask):
            return sizes
        return *sizes[:-2], *self.cut

    def _need_rows(self, name: str, field: Field) -> None:
        """Check that indices into a table of the model are below its length."""
        rows = self._rows.get(name)
        if rows is not None and field.range is not None and not 0 <= field.range[0] <= field.range[1] < rows:
            least, greatest = field.range
            problem = f"counts from {least} to {greatest}, and its table has {rows} rows"
            advice = f"give the model as many: --set vocab={greatest + 1}, if that is what it calls them"
            self.fail(name, problem, advice)

    def _agrees(self, pattern: Size, size: int | None) -> bool:
        """Whether a size is what the input says, and the same for a symbol wherever it stands."""
        if size is None or isinstance(pattern, int):
            return size is None or pattern == size
        solved = solve(pattern, size)
        if solved is None:
            return False
        unknown, value = solved
        low, high = unknown.bounds
        in_range = isinstance(value, int) and value >= low and (high is None or value <= high)
        return in_range and self._known.setdefault(unknown.text, cast(int, value)) == value

    def beside(self, name: str, field: Field | None) -> TensorType | None:
        """The type of a field that is no input: masks, pictures and sequences may have the symbols of an input.

        They take them where they are as long, counted from the end: a mask [N, H, W] from an image [N, 3, H, W]; from
        the input that they are aligned with, if there is one, and else from the first. What only the data knows is
        taken to be as long.
        """
        if field is None:
            return None
        sizes: list[Size | None] = list(self._cut(field, field.sizes))
        if field.mask or field.picture or field.dtype == "int":
            for port in sorted(self._given, key=lambda port: port != field.aligned):
                given, type = self._given[port], dict(self._ports)[port]
                for place in range(1, min(len(sizes), type.rank - 1) + 1):
                    if sizes[-place] is None or sizes[-place] == given[-place]:
                        sizes[-place] = type.shape[-place]
        whole = [symbol(f"{name}_{place}") if size is None else size for place, size in enumerate(sizes)]
        return TensorType(field.dtype, (self.batch, *whole))


def size_of_pictures(program: Program | None, cut: bool = False) -> tuple[int | None, int | None, int | None]:
    """The channels, the height and the width that pictures must have for a model; None for what may stay.

    They are those of its first float input; without a model all may stay. Where pictures are cut for each batch, their
    channels alone are settled.
    """
    for type in program.main.input_types if program else ():
        if type.dtype == "float" and type.rank == 4:
            channels, height, width = (size if isinstance(size, int) else None for size in type.shape[1:])
            return (channels, None, None) if cut else (channels, height, width)
        if type.dtype == "float" and type.rank == 2 and isinstance(type.shape[1], int):
            channels, side = _square(type.shape[1])
            return channels, side, side
    return None, None, None


def _square(size: int) -> tuple[int | None, int | None]:
    """The channels and the side of square pictures of `size` numbers, if there are such."""
    for channels in (1, 3):
        side = math.isqrt(size // channels)
        if side * side * channels == size:
            return channels, side
    return None, None
