"""Data and model brought together: which field feeds which input, in its shape; checked before the first step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

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
from nnspec.train.data.dataset import Frame, resized
from nnspec.train.keeping import Divided
from nnspec.train.mistakes import BadData
from nnspec.train.view import View


def frame_of(program: Program | None, cut: bool = False) -> Frame:
    """The form of pictures for the model, or before they are cut for each batch."""
    return Frame(*size_of_pictures(program, cut))


class Fitted:
    """The data as the model takes it: `fields` has each field under its own name and under its input's.

    Where a recipe builds networks of its own, there is no model, and the fields are as the data has them.
    """

    def __init__(self, divided: Divided, program: Program | None, span: Span | None, cut: Extent | None = None) -> None:
        """`cut` is the size that pictures are cut to for each batch, where they may have another one here."""
        self.divided = divided
        data = self.data = divided.data
        self.fitting = Fitting(data.name, described(divided, program), program, span, cut)
        self.types = {name: type for name, type in self.fitting.types.items() if type is not None}
        self.fields = {name: View(name, form) for name, form in data.samples.forms.items()}
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
                self.fields[name] = self.fields[name].then(partial(_as_numbers, rank=type.rank))
                self.types[name] = type

    def values(self, name: str) -> Iterable[Tensor]:
        """The values of a field by which it is judged, in parts: all, or those of some samples where they are many."""
        return self.divided.values(self.fields[name])

    def _conform(self, field: str, view: View, type: TensorType) -> View:
        """A field in the shape of an input: pictures in its channels and size, in a row where it has no place."""
        if field not in self.data.pictures or type.dtype != "float":
            return view
        if type.rank == 3 and view.form.sizes[0] == 1:
            return view.then(partial(torch.squeeze, dim=1))  # rows of grey levels, as a sequence has them
        sizes = size_of_pictures(self.fitting.program) if type.rank in (2, 4) else (None, None, None)
        channels, height, width = sizes
        if channels is not None and channels != view.form.sizes[0]:
            view = view.then(partial(_in_channels, channels=channels))
        if self.fitting.cut is None or type.rank == 2:
            size = (height or view.form.sizes[1], width or view.form.sizes[2])
            if size != view.form.sizes[1:]:
                view = view.then(partial(resized, height=size[0], width=size[1]))
        return view.then(partial(torch.flatten, start_dim=1)) if type.rank == 2 else view


def described(divided: Divided, program: Program | None) -> Fields:
    """The fields of data that is read; those that may be indices of the model with their least and greatest."""
    inputs = {port.name for port in program.main.inputs} if program else set()
    found: dict[str, Field | None] = {}
    data = divided.data
    for name, stored in data.samples.forms.items():
        form = stored.opened
        dtype = _dtype(form.dtype)
        bounds = _bounds(divided, name) if dtype == "int" and name in inputs and 0 not in form.sizes else None
        picture, mask = name in data.pictures, name in data.masks
        found[name] = Field(dtype, form.sizes, picture, mask, data.aligned.get(name), bounds)
    return Fields(found)


def _bounds(divided: Divided, name: str) -> tuple[int, int]:
    """The least and the greatest value of a field."""
    samples = divided.data.samples
    if name in samples.ranges:
        return samples.ranges[name]
    parts = list(divided.values(View(name, samples.forms[name])))
    return min(int(part.min()) for part in parts), max(int(part.max()) for part in parts)


def _as_numbers(values: Tensor, rank: int) -> Tensor:
    """Classes as floats, with a channel where there must be one."""
    numbers = values.float()
    return numbers.unsqueeze(1) if rank > numbers.ndim else numbers


def _in_channels(tensor: Tensor, channels: int) -> Tensor:
    """Pictures of one channel in three, or of three in one."""
    if channels == 1:
        return (tensor * torch.tensor(LUMINANCE).view(1, 3, 1, 1)).sum(1, keepdim=True)
    return tensor.expand(-1, channels, -1, -1).contiguous()


def _dtype(dtype: torch.dtype) -> DType:
    return "float" if dtype.is_floating_point else "bool" if dtype == torch.bool else "int"


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
        ignored = getattr(layer, "ignore_index", None)
        if not isinstance(classes, int):
            continue
        counted = [labels[labels != ignored] if ignored is not None else labels for labels in fitted.values(field)]
        counted = [labels for labels in counted if labels.numel()]
        if not counted:
            continue
        least, greatest = min(int(x.min()) for x in counted), max(int(x.max()) for x in counted)
        if least < 0:
            reason = f"`{field}` has the label {least}"
            raise SpecError.of(BadData(span, fitted.data.name, reason, "labels count from 0"))
        if greatest >= classes:
            raise SpecError.of(TooFewClasses(span, field, max(greatest + 1, len(fitted.data.classes)), classes))
        found = classes
        view, whole = fitted.fields[field], fitted.divided
        if whole.looked_at(view, 0) < len(whole.parts[0]) and not view.stored.dtype.is_floating_point:
            whole.classes[view.field] = (classes, ignored)
    return found
