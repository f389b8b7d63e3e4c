"""Memory that worker processes share with the one that they work for: samples are put where they are used.

A place in it is a batch. It is lent again when nothing refers to what was read into it; where all are in use, samples
travel between processes in the way of `torch.utils.data`.
"""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from math import prod
from weakref import ref

import numpy as np
import torch
from torch import Tensor

from nnspec.train.data.samples import Form, Rows

ALIGNED = 64  # bytes at a multiple of which a field begins


class Room:
    """Places for batches, in memory that forked processes share."""

    def __init__(self, forms: Mapping[str, Form], batch: int, count: int) -> None:
        """Reserve memory, which is taken when it is written to.

        Args:
            forms: of the fields.
            batch: the samples that a place has room for.
            count: of the places.
        """
        self.forms = forms
        self.batch = batch
        self.starts: dict[str, int] = {}
        size = 0
        for name, form in forms.items():
            self.starts[name] = size
            size += -(-form.bytes * batch // ALIGNED) * ALIGNED
        self.places = [mmap.mmap(-1, max(1, size)) for _ in range(count)]
        self.lent: list[ref[np.ndarray[tuple[int], np.dtype[np.uint8]]] | None] = [None] * count
        self.asked: set[int] = set()  # places that a worker writes to, or has written to

    def take(self, count: int) -> int | None:
        """A place that nobody uses for some samples, which a worker is told; None where there is none."""
        for place, held in enumerate(self.lent) if count <= self.batch else ():
            if place not in self.asked and (held is None or held() is None):
                self.asked.add(place)
                return place
        return None

    def rows(self, place: int, count: int) -> Rows:
        """The samples at a place."""
        whole = np.frombuffer(self.places[place], np.uint8)
        self.lent[place] = ref(whole)  # tensors keep the array that they are made of
        memory = torch.from_numpy(whole)
        return {name: self._field(memory, name, form, count) for name, form in self.forms.items()}

    def lend(self, place: int, count: int) -> Rows:
        """The samples that a worker has put at a place; it is taken again when these tensors are gone."""
        self.asked.discard(place)
        return self.rows(place, count)

    def _field(self, memory: Tensor, name: str, form: Form, count: int) -> Tensor:
        start = self.starts[name]
        values = memory[start : start + count * form.bytes].view(form.dtype)
        return values.view(count, *form.sizes) if prod(form.sizes) else values.new_empty((count, *form.sizes))
