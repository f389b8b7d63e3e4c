"""Data and model brought together: which field feeds which input, in its shape; checked before the first step."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from nnspec.diagnostics import Span, SpecError
from nnspec.dims import Size
from nnspec.ir import Program
from nnspec.layers.tensor_type import DType, TensorType
from nnspec.recipe.augmentation import Extent
from nnspec.recipe.fields import Field, Fields
from nnspec.recipe.fitting import Fitting, size_of_pictures
from nnspec.recipe.mistakes import TooFewClasses
from nnspec.recipe.objective import Objective
from nnspec.recipe.targets import class_targets
from nnspec.train.changes import LUMINANCE
from nnspec.train.data.dataset import DataSet, Frame, resized
from nnspec.train.mistakes import BadData


def frame_of(program: Program | None, cut: bool = False) -> Frame:
    """The form of pictures for the model, or before they are cut for each batch."""
    return Frame(*size_of_pictures(program, cut))


class Fitted:
    """The data as the model takes it: `fields` has each field under its own name and under its input's.

    Where a recipe builds networks of its own, there is no model, and the fields are as the data has them.
    """

    def __init__(self, data: DataSet, program: Program | None, span: Span | None, cut: Extent | None = None) -> None:
        """`cut` is the size that pictures are cut to for each batch, where they may have another one here."""
        self.data = data
        self.fitting = Fitting(data.name, described(data, program), program, span, cut)
        self.types = {name: type for name, type in self.fitting.types.items() if type is not None}
        self.fields: dict[str, Tensor] = dict(data.fields)
        for name, field in self.fitting.feeds.items():
            self.fields[name] = self.fields[field] = self._conform(field, self.fields[field], self.types[name])

    @property
    def batch(self) -> Size:
        """The model's symbol for the number of samples."""
        return self.fitting.batch

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the model's inputs, in order."""
        return self.fitting.inputs

    def read_as(self, types: Mapping[str, TensorType | None]) -> None:
        """Take masks for what the recipe takes them: classes, or numbers, with a channel or without."""
        for name, type in types.items():
            if type is not None and type != self.types[name]:
                numbers = self.fields[name].float()
                self.fields[name] = numbers.unsqueeze(1) if type.rank > numbers.ndim else numbers
                self.types[name] = type

    def _conform(self, field: str, tensor: Tensor, type: TensorType) -> Tensor:
        """A field in the shape of an input: pictures in its channels and size, in a row where it has no place."""
        if field not in self.data.pictures or type.dtype != "float":
            return tensor
        if type.rank == 3 and tensor.shape[1] == 1:
            return tensor.squeeze(1)  # rows of grey levels, as a sequence has them
        sizes = size_of_pictures(self.fitting.program) if type.rank in (2, 4) else (None, None, None)
        channels, height, width = sizes
        if channels is not None and channels != tensor.shape[1]:
            tensor = _in_channels(tensor, channels)
        if self.fitting.cut is None or type.rank == 2:
            tensor = resized(tensor, height or tensor.shape[2], width or tensor.shape[3])
        return tensor.flatten(1) if type.rank == 2 else tensor


def described(data: DataSet, program: Program | None) -> Fields:
    """The fields of data that is read; those that may be indices of the model with their least and greatest."""
    inputs = {port.name for port in program.main.inputs} if program else set()
    found: dict[str, Field | None] = {}
    for name, tensor in data.fields.items():
        dtype = _dtype(tensor)
        indices = dtype == "int" and name in inputs and tensor.numel() > 0
        bounds = (int(tensor.min()), int(tensor.max())) if indices else None
        picture, mask = name in data.pictures, name in data.masks
        found[name] = Field(dtype, tuple(tensor.shape[1:]), picture, mask, data.aligned.get(name), bounds)
    return Fields(found)


def _in_channels(tensor: Tensor, channels: int) -> Tensor:
    """Pictures of one channel in three, or of three in one."""
    if channels == 1:
        return (tensor * torch.tensor(LUMINANCE).view(1, 3, 1, 1)).sum(1, keepdim=True)
    return tensor.expand(-1, channels, -1, -1).contiguous()


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
    for layer, classes, field, span in class_targets(objective, sources):
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
