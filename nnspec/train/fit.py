"""Data and model brought together: which field feeds which input, in its shape; checked before the first step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NoReturn, cast

import torch
from torch import Tensor

from nnspec.diagnostics import Span, SpecError
from nnspec.dims import Expression, Size, solve, symbol
from nnspec.elaborate.objective import Objective
from nnspec.ir import Call, Program
from nnspec.ir.indices import index_bounds
from nnspec.layers.base import DType, Layer, TensorType
from nnspec.layers.families.loss import Accuracy, CrossEntropyLoss, NLLLoss
from nnspec.train.changes import LUMINANCE, Extent
from nnspec.train.data.dataset import DataSet, Frame, resized
from nnspec.train.mistakes import BadData, DataMismatch, TooFewClasses


def frame_of(program: Program | None, cut: bool = False) -> Frame:
    """What pictures must become for the model's first float input; without a model they stay.

    Where they are cut for each batch, their channels alone are settled here.
    """
    for type in program.main.input_types if program else ():
        if type.dtype == "float" and type.rank == 4:
            channels, *size = (size if isinstance(size, int) else None for size in type.shape[1:])
            return Frame(channels, None, None) if cut else Frame(channels, *size)
        if type.dtype == "float" and type.rank == 2 and isinstance(type.shape[1], int):
            channels, side = _square(type.shape[1])
            return Frame(channels, side, side)
    return Frame(None, None, None)


def _square(size: int) -> tuple[int | None, int | None]:
    """The channels and the side of square pictures of so many numbers, if there are such."""
    for channels in (1, 3):
        side = math.isqrt(size // channels)
        if side * side * channels == size:
            return channels, side
    return None, None


class Fitted:
    """The data as the model takes it: `fields` has each field under its own name and under its input's.

    Where a recipe builds networks of its own, there is no model, and the fields are as the data has them.
    """

    def __init__(self, data: DataSet, program: Program | None, span: Span | None, cut: Extent | None = None) -> None:
        """`cut` is the size that pictures are cut to for each batch, where they may have another one here."""
        self.data = data
        self.cut = cut
        self.program = program
        self.span = span
        self.fields: dict[str, Tensor] = dict(data.fields)
        self.types: dict[str, TensorType] = {}
        self._given: dict[str, tuple[int, ...]] = {}  # the sizes of a sample of each input
        self._rows = index_bounds(program) if program else {}
        self._known: dict[str, int] = {}
        for name, type in self._ports:
            field = self._field(name)
            self.fields[name] = self.fields[field] = self._conform(name, self.fields[field], type, field)
            self.types[name] = self.types[field] = type
        for name, tensor in self.fields.items():
            self.types.setdefault(name, self.beside(name, tensor))

    def beside(self, name: str, tensor: Tensor) -> TensorType:
        """The type of a field that is no input: masks, pictures and sequences may have the symbols of an input.

        They take them where they are as long, counted from the end: a mask [N, H, W] from an image [N, 3, H, W]; from
        the input that they are aligned with, if there is one, and else from the first.
        """
        sizes: list[Size] = list(self._sizes(name, tensor))
        if name in self.data.masks | self.data.pictures or _dtype(tensor) == "int":
            for port, type in sorted(self._ports, key=lambda port: port[0] != self.data.aligned.get(name)):
                given = self._given[port]
                for place in range(1, min(len(sizes), type.rank - 1) + 1):
                    if sizes[-place] == given[-place]:
                        sizes[-place] = type.shape[-place]
        return TensorType(_dtype(tensor), (self.batch, *sizes))

    @property
    def _ports(self) -> list[tuple[str, TensorType]]:
        """The model's inputs with their types, in order."""
        main = self.program.main if self.program else None
        return [(port.name, main.values[port.value]) for port in main.inputs] if main else []

    @property
    def batch(self) -> Size:
        """What the model calls the number of samples."""
        return self._ports[0][1].shape[0] if self._ports else symbol("N")

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the model's inputs, in order."""
        return tuple(name for name, _ in self._ports)

    def fail(self, name: str, problem: str, advice: str) -> NoReturn:
        """Report an input that the data does not fit."""
        raise SpecError.of(DataMismatch(self.span, name, problem, advice))

    def _field(self, name: str) -> str:
        """The field that feeds an input: that of its name, or the first of numbers where there is one input."""
        if name in self.fields:
            return name
        numbers = [field for field, tensor in self.fields.items() if tensor.is_floating_point()]
        if len(self._ports) == 1 and numbers:
            return numbers[0]
        has = f"{self.data.name} has {', '.join(self.fields)}"
        self.fail(name, f"is no field of the data: {has}", "call the input what the data calls it")

    def _conform(self, name: str, tensor: Tensor, type: TensorType, field: str) -> Tensor:
        """The field in the shape of an input."""
        if not type.rank or not isinstance(type.shape[0], Expression):
            self.fail(name, f"fixes the number of samples: {type}", "write a name for it: [N, ...]")
        if field in self.data.pictures and type.dtype == "float":
            tensor = self._pictures(name, tensor, type)
        if _dtype(tensor) != type.dtype:
            self.fail(name, f"has {type.dtype} elements, and the data {_dtype(tensor)}", "change the input or the data")
        sizes = self._given[name] = self._sizes(field, tensor)
        self._need_rows(name, tensor)
        if tensor.ndim != type.rank or not all(map(self._agrees, type.shape[1:], sizes)):
            shown = f"[N, {', '.join(map(str, sizes))}]" if tensor.ndim > 1 else "[N]"
            self.fail(name, f"is {type}, and the data {shown}", "change the model's input, or the data")
        return tensor

    def _need_rows(self, name: str, tensor: Tensor) -> None:
        """Check that indices into a table of the model are below its length."""
        rows = self._rows.get(name)
        if rows is not None and len(tensor) and not 0 <= int(tensor.min()) <= int(tensor.max()) < rows:
            problem = f"counts from {int(tensor.min())} to {int(tensor.max())}, and its table has {rows} rows"
            advice = f"give the model as many: --set vocab={int(tensor.max()) + 1}, if that is what it calls them"
            self.fail(name, problem, advice)

    def _sizes(self, name: str, tensor: Tensor) -> tuple[int, ...]:
        """The sizes of a sample of a field, as a batch has them."""
        sizes = tuple(tensor.shape[1:])
        if self.cut is None or tensor.ndim < 3 or name not in self.data.pictures | self.data.masks:
            return sizes
        return *sizes[:-2], *self.cut

    def _pictures(self, name: str, tensor: Tensor, type: TensorType) -> Tensor:
        """Pictures in the channels and the size of the input, in a row where the input has no place for either."""
        if type.rank == 3 and tensor.shape[1] == 1:
            return tensor.squeeze(1)  # rows of grey levels, as a sequence has them
        frame = frame_of(self.program) if type.rank in (2, 4) else Frame(None, None, None)
        channels, height, width = frame.channels, frame.height, frame.width
        if channels is not None and channels != tensor.shape[1]:
            tensor = self._channels(name, tensor, channels)
        if self.cut is None or type.rank == 2:
            tensor = resized(tensor, height or tensor.shape[2], width or tensor.shape[3])
        elif tensor.shape[2] < self.cut[0] or tensor.shape[3] < self.cut[1]:
            given, part = (f"{size[0]}x{size[1]}" for size in (tensor.shape[2:], self.cut))
            problem = f"is given pictures of {given}, and {part} are cut out of them"
            self.fail(name, problem, "read them larger: size = ...")
        return tensor.flatten(1) if type.rank == 2 else tensor

    def _channels(self, name: str, tensor: Tensor, channels: int) -> Tensor:
        if tensor.shape[1] == 1 and channels == 3:
            return tensor.expand(-1, channels, -1, -1).contiguous()
        if tensor.shape[1] == 3 and channels == 1:
            weights = torch.tensor(LUMINANCE).view(1, 3, 1, 1)
            return (tensor * weights).sum(1, keepdim=True)
        self.fail(name, f"has {channels} channels, and the data {tensor.shape[1]}", "change the model's input")

    def _agrees(self, pattern: Size, size: int) -> bool:
        """Whether a size is what the input says, and the same for a symbol wherever it stands."""
        if isinstance(pattern, int):
            return pattern == size
        solved = solve(pattern, size)
        if solved is None:
            return False
        symbol, value = solved
        low, high = symbol.bounds
        in_range = isinstance(value, int) and value >= low and (high is None or value <= high)
        return in_range and self._known.setdefault(symbol.text, cast(int, value)) == value


def _dtype(tensor: Tensor) -> DType:
    return "float" if tensor.is_floating_point() else "bool" if tensor.dtype == torch.bool else "int"


def check_classes(fitted: Fitted, objective: Objective, sources: dict[str, Span]) -> int | None:
    """Check the labels against the model's classes, and return how many the model has.

    Args:
        fitted: the data.
        objective: loss and metrics.
        sources: some span of every text by its name, for the places of mistakes.

    Raises:
        SpecError: the data has labels that the model has no output for.
    """
    found = None
    for layer, classes, field, span in _class_targets(objective, sources):
        labels = fitted.fields[field]
        ignored = getattr(layer, "ignore_index", None)
        counted = labels[labels != ignored] if ignored is not None else labels
        if not isinstance(classes, int) or not len(counted):
            continue
        least, greatest = int(counted.min()), int(counted.max())
        if least < 0:
            reason = f"`{field}` has the label {least}"
            raise SpecError.of(BadData(span, fitted.data.name, reason, "labels count from 0"))
        if greatest >= classes:
            raise SpecError.of(TooFewClasses(span, field, max(greatest + 1, len(fitted.data.classes)), classes))
        found = classes
    return found


def span_of(call: Call, sources: dict[str, Span]) -> Span | None:
    """Where the spec has a call; `sources` has some span of every text by its name."""
    known = sources.get(call.place.file) if call.place else None
    return Span(known.source, call.place.start, call.place.end) if known and call.place else None


def _class_targets(objective: Objective, sources: dict[str, Span]) -> Iterator[tuple[Layer, Size, str, Span | None]]:
    """The layers that compare classes with a field of the data: the number of classes, the field, the place."""
    for program in objective.programs:
        main = program.main
        inputs = {port.value for port in main.inputs}
        for call in main.calls:
            if not isinstance(call.callee, (Accuracy, CrossEntropyLoss, NLLLoss)) or call.inputs[1] not in inputs:
                continue
            scores, target = main.types(call.inputs)
            assert scores is not None and target is not None
            if target.dtype == "int":
                yield call.callee, scores.shape[1], call.inputs[1], span_of(call, sources)
