"""The surroundings of a reader: everything that it is told besides its choice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nnspec.diagnostics import Span
from nnspec.layers.tensor_type import TensorType
from nnspec.record import Record
from nnspec.train.data.dataset import Frame
from nnspec.train.data.known import Known
from nnspec.train.supply import Supply


class Place(Record):
    """The place that data is read for."""

    base: Path  # the folder that paths start from
    frame: Frame  # what pictures must become
    span: Span | None  # of the recipe
    inputs: Mapping[str, TensorType] | None  # of the model, by name; None where the recipe builds its own networks
    known: Known | None = None  # what its numbers stand for, where they are those of another data set
    supply: Supply = Supply()  # where what is made of data once is kept, and who is told what takes long
