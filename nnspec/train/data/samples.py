"""Samples by their indices: the interface of all readers, and the one that holds everything in memory.

A reader says how many samples there are, which fields they have, and gives those of some indices in the type that they
are stored in: a picture of bytes stays one until the step that it is trained on (`nnspec/train/view.py`).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nnspec.record import Record

Indices = NDArray[np.int64]
Rows = dict[str, Tensor]
WIDE = frozenset({torch.float32, torch.int64, torch.bool})  # types that are what they are stored in


class Hash(Protocol):
    """A hash that bytes are added to."""

    def update(self, data: Any, /) -> None:
        """Add bytes."""


class Form(Record):
    """The form in which a field is stored: the type of its elements, and the sizes of a sample."""

    dtype: torch.dtype
    sizes: tuple[int, ...] = ()
    white: int | None = None  # of pictures in whole numbers: the value that becomes 1
    channels_last: bool = False  # of pictures [H, W, C]
    whole: bool = False  # truth values that are classes, 0 and 1

    @property
    def bytes(self) -> int:
        """The bytes that a sample takes."""
        return math.prod(self.sizes) * self.dtype.itemsize

    @property
    def opened(self) -> Form:
        """The form behind `open`."""
        sizes = (self.sizes[2], *self.sizes[:2]) if self.channels_last else self.sizes
        floats = self.white is not None or self.dtype.is_floating_point
        bools = self.dtype == torch.bool and not self.whole
        dtype = torch.float32 if floats else torch.bool if bools else torch.int64
        return Form(dtype, sizes)

    def open(self, rows: Tensor) -> Tensor:
        """Rows as a model takes them: pictures [N, C, H, W] within 0 and 1, float32, int64, or truth values."""
        if self.channels_last:
            rows = rows.permute(0, 3, 1, 2)
        if self.white is not None:
            return rows.to(torch.float32, memory_format=torch.contiguous_format).div_(self.white)
        if rows.dtype in WIDE and not self.whole:
            return rows
        return rows.to(torch.float32 if rows.is_floating_point() else torch.int64)


class Samples(ABC):
    """The samples of a data set, by index; a reader of files implements it."""

    forms: Mapping[str, Form]  # of the fields, by name
    known: Mapping[str, Tensor] = {}  # fields that are in memory as a whole, such as labels
    ranges: Mapping[str, tuple[int, int]] = {}  # the least and greatest integers of fields, where they are known
    varies = False  # whether one may be another when it is read again, so that none is kept
    decoded = False  # whether it takes long to get one: a file is opened, a picture unpacked
    shards: Sequence[int] | None = None  # the samples of each file, where they are best read one after the other
    buffer = 1  # samples of shards that are mixed

    @abstractmethod
    def __len__(self) -> int:
        """The number of samples."""

    @abstractmethod
    def rows(self, indices: Indices) -> Rows:
        """Some samples: a tensor a field, as it is stored.

        Raises:
            Unreadable: one is damaged.
        """

    def fill(self, indices: Indices, rows: Rows) -> None:
        """Put some samples where there is room for them.

        Raises:
            Unreadable: one is damaged.
        """
        for name, tensor in self.rows(indices).items():
            rows[name].copy_(tensor)

    def place(self, index: int) -> str:
        """The place of a sample in its files, in words."""
        return f"sample {index:,}"

    @abstractmethod
    def identify(self, hashed: Hash) -> None:
        """Add to a hash all by which the samples can be told from others."""

    @property
    def bytes(self) -> int:
        """The bytes that all of them take in memory."""
        return len(self) * sum(form.bytes for form in self.forms.values())


class Decoded(Samples):
    """Samples that take long to get: a file is opened, a picture unpacked. A reader puts them into given memory."""

    decoded = True

    def rows(self, indices: Indices) -> Rows:
        made = {name: torch.empty((len(indices), *form.sizes), dtype=form.dtype) for name, form in self.forms.items()}
        self.fill(indices, made)
        return made

    @abstractmethod
    def fill(self, indices: Indices, rows: Rows) -> None: ...


class Held(Samples):
    """Samples in memory, one tensor a field."""

    def __init__(
        self,
        fields: Mapping[str, Tensor],
        forms: Mapping[str, Form] | None = None,
        source: Samples | None = None,
        damaged: Mapping[int, Exception] | None = None,
        named: Callable[[int], str] | None = None,
    ) -> None:
        """Hold them.

        Args:
            fields: by name, samples first.
            forms: of fields that are not simply what they are stored as.
            source: where they are from.
            damaged: samples that cannot be read from there, each with the reason.
            named: says the place of a sample, where no source does.
        """
        self.known = dict(fields)
        plain = {name: Form(tensor.dtype, tuple(tensor.shape[1:])) for name, tensor in fields.items()}
        self.forms = {**plain, **(forms or {})}
        self.source = source
        self.damaged = damaged or {}
        self.named = named

    def __len__(self) -> int:
        return len(next(iter(self.known.values())))

    def rows(self, indices: Indices) -> Rows:
        for index in self.damaged:
            if index in indices:
                raise self.damaged[index]
        # numpy asks for huge pages, in which rows anywhere are found sooner
        return {name: torch.from_numpy(tensor.numpy()[indices]) for name, tensor in self.known.items()}

    def place(self, index: int) -> str:
        if self.source is not None:
            return self.source.place(index)
        return self.named(index) if self.named is not None else super().place(index)

    def identify(self, hashed: Hash) -> None:
        if self.source is not None:
            self.source.identify(hashed)
            return
        for name, tensor in sorted(self.known.items()):
            hashed.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            hashed.update(tensor.contiguous().view(-1).view(torch.uint8).numpy().data)


def fingerprint(samples: Samples) -> str:
    """The SHA-256 by which data is known to be the same as before."""
    hashed = sha256()
    samples.identify(hashed)
    return hashed.hexdigest()
