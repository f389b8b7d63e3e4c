"""A data set: its samples, and all that is known of their fields."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnspec.record import Record
from nnspec.train.data.samples import Indices, Samples


class Own(Record):
    """The parts that a data set brings, each a range of its samples; None where it has no such part."""

    training: range
    validation: range | None = None
    test: range | None = None


class DataSet(Record):
    """Samples, and what their fields are: pictures, masks, classes, tokens."""

    name: str
    samples: Samples
    classes: tuple[str, ...] = ()  # what the labels mean, where that is known
    pictures: frozenset[str] = frozenset()  # the fields that may be resized
    masks: frozenset[str] = frozenset()  # fields with a class for every pixel, int64 [N, H, W]; never scaled
    held_out: int | None = None  # so many at the end are the set's own validation part
    in_order: bool = False  # the end is held out, not samples from everywhere
    aligned: dict[str, str] = {}  # noqa: RUF012 - sequences whose places are those of another field
    vocabularies: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - the tokens of fields, where classes are not enough
    tokenizer: str | None = None  # the text of the tokenizer.json that tokens are from
    columns: tuple[str, ...] = ()  # of a table: what each feature is, "width", or "colour=red" for 0 and 1
    filled: dict[str, float | str] = {}  # noqa: RUF012 - of a table: what stands where a column has no value
    texts: dict[str, dict[str, Any]] = {}  # noqa: RUF012 - fields of texts: the column, and the most tokens of each
    tested: int | None = None  # so many behind those are its test part
    parts: Own | None = None  # where they do not simply stand at the end
    notes: tuple[str, ...] = ()  # what its user should know of it

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def own(self) -> Own:
        """The parts that it brings: those for validation and for the test stand at its end."""
        if self.parts is not None:
            return self.parts
        validated, tested = self.held_out or 0, self.tested or 0
        edges = len(self) - validated - tested, len(self) - tested
        validation, test = range(edges[0], edges[1]), range(edges[1], len(self))
        return Own(range(edges[0]), validation or None, test or None)

    @property
    def fields(self) -> dict[str, Tensor]:
        """All values: pictures are float32 [N, C, H, W] within 0 and 1, labels int64 [N]."""
        return self.opened(np.arange(len(self)))

    def opened(self, indices: Indices) -> dict[str, Tensor]:
        """The values of some samples."""
        forms = self.samples.forms
        return {name: forms[name].open(rows) for name, rows in self.samples.rows(indices).items()}


class Frame(Record):
    """The form that pictures are brought to: channels and size, None where they stay."""

    channels: int | None
    height: int | None
    width: int | None


def resized(pictures: Tensor, height: int, width: int) -> Tensor:
    """Pictures [N, C, H, W] at another size: bilinear, averaged where they shrink."""
    if pictures.shape[-2:] == (height, width):
        return pictures
    shrinks = height < pictures.shape[-2] or width < pictures.shape[-1]
    made = torch.nn.functional.interpolate(
        pictures, (height, width), mode="bilinear", align_corners=False, antialias=shrinks
    )
    return made.clamp(0.0, 1.0)
