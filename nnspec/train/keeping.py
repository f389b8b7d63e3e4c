"""The parts of a data set: held in memory ready for the step, or as they are stored, or read as they are wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from nnspec.diagnostics import Span
from nnspec.reading.unreadable import Unreadable
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.fail import refuse
from nnspec.train.data.samples import Held, Indices, Samples
from nnspec.train.delivery import Delivery, Ready
from nnspec.train.loaded import Loaded
from nnspec.train.loader import AT_ONCE, Classes, Damage, Loader
from nnspec.train.order import Order
from nnspec.train.supply import Supply
from nnspec.train.view import View, seen

READY = 2  # values that are ready for the step may take this part of the memory: a half
COUNTED = 1 << 30  # bytes of the values by which a field is judged, at most
DECODED = 512  # samples by which it is judged where each must be unpacked
CHUNK = 1 << 26  # bytes that are looked at, or made ready, at a time
FEW = 1 << 21  # bytes of samples that are read at once, and that one process reads alone
ASKED = "its samples are asked for in each epoch, as its code may change them; arrays and a TensorDataset are kept"


class Divided:
    """The samples of a data set: first as a whole, then divided into parts."""

    def __init__(self, data: DataSet, supply: Supply, device: torch.device, span: Span | None) -> None:
        """Read into memory what fits.

        Args:
            data: all of it.
            supply: the memory that may be taken, and the processes that read.
            device: of the batches.
            span: of the recipe.

        Raises:
            SpecError: samples are damaged.
        """
        self.data = data
        self.supply = supply
        self.device = device
        self.span = span
        self.samples = data.samples
        self.skipped: set[str] = set()  # the places of damaged samples
        if not (isinstance(data.samples, Held) or data.samples.varies) and data.samples.bytes <= supply.memory:
            self.samples = self._kept(data.samples)
        self.classes: dict[str, Classes] = {}  # of fields of which some samples are looked at before all are read
        self.divide([np.arange(len(data))])

    def divide(self, parts: Sequence[Indices], batch: int = AT_ONCE) -> None:
        """Divide it into parts, the training part first, whose samples are asked for in batches."""
        self.parts = parts
        pinned = self.device.type == "cuda"
        self.loader = Loader(self.samples, parts, self.supply, self.span, self.skipped, pinned, batch, self.classes)

    def values(self, view: View, part: int | None = None) -> Iterator[Tensor]:
        """The values by which a field is judged, one after the other: all of them, or those of some samples of many.

        Args:
            view: of the field.
            part: of which they are; None for all.
        """
        samples, bytes = self.data.samples, max(1, view.form.bytes)
        known = samples.known.get(view.field)
        size = max(1, min(CHUNK // bytes, 4 if known is None and samples.decoded else CHUNK))
        for number in range(len(self.parts)) if part is None else (part,):
            chosen, count = self.parts[number], self.looked_at(view, number)
            places = np.arange(len(chosen))
            if count < len(chosen):
                places = np.linspace(0, len(chosen) - 1, count).astype(np.int64)
            portions = [places[start : start + size] for start in range(0, len(places), size)]
            if known is not None:
                yield from (view(torch.from_numpy(known.numpy()[chosen[each]])) for each in portions)
            else:
                yield from (view(rows[view.field]) for rows in self.loader.rows((number, each) for each in portions))

    def looked_at(self, view: View, part: int) -> int:
        """The number of samples of a part by which a field is judged."""
        samples = self.data.samples
        decoded = samples.decoded and view.field not in samples.known
        most = DECODED if decoded else max(1, COUNTED // max(1, view.form.bytes))
        return min(most, len(self.parts[part]))

    def delivered(self, part: int, views: Mapping[str, View], order: Order) -> Delivery:
        """The delivery of a part."""
        distinct = {id(view): view for view in views.values()}
        ready = len(self.data) * sum(view.form.bytes for view in distinct.values())
        if isinstance(self.samples, Held) and ready <= max(self.supply.memory // READY, self.samples.bytes):
            return Ready(self._made_ready(part, views), order)
        return Loaded(self.loader, part, views, order, self.device)

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on it for the user."""
        if isinstance(self.samples, Held):
            return ()
        if self.samples.varies:
            return (ASKED,)
        return (f"its {self.samples.bytes:,} bytes are read while training goes on, being more than --memory",)

    def _kept(self, samples: Samples) -> Held:
        """All samples, read into memory as they are stored.

        Raises:
            SpecError: some are damaged; all of them are counted.
        """
        each, count = max(1, samples.bytes // len(samples)), len(samples)
        supply = self.supply.replace(workers=0) if samples.bytes <= FEW else self.supply
        loader = Loader(samples, [np.arange(count)], supply, self.span, self.skipped)
        made = {name: _room(count, form.sizes, form.dtype) for name, form in samples.forms.items()}
        size = max(1, min(64, FEW // each))
        portions = [np.arange(start, min(start + size, count)) for start in range(0, count, size)]
        bad: dict[int, Damage] = {}
        for places, (rows, damages) in zip(portions, loader.answers((0, each) for each in portions), strict=True):
            bad |= damages
            for field, tensor in rows.items():
                made[field][places[0] : places[-1] + 1] = tensor
            self.supply.reading(int(places[-1]) + 1, count)
        if bad and not self.supply.skips:
            first = next(iter(bad.values()))
            names = ", ".join(place for place, _, _ in [*bad.values()][:5]) + (", ..." if len(bad) > 5 else "")
            many = "1 sample" if len(bad) == 1 else f"{len(bad)} samples"
            reason = f"{many} cannot be read: {names}; of the first, {first[1]}"
            refuse(self.data.name, reason, f'{first[2]}, or remove them, or write damaged = "skip"', self.span)
        return Held(made, samples.forms, samples, {index: Unreadable(*why) for index, (_, *why) in bad.items()})

    def _made_ready(self, part: int, views: Mapping[str, View]) -> dict[str, Tensor]:
        """The values of a part, on the device; names that share a view share a tensor."""
        distinct = {str(id(view)): view for view in views.values()}
        count = len(self.parts[part])
        size = max(1, CHUNK // max(1, sum(view.form.bytes for view in distinct.values())))
        portions = [np.arange(start, min(start + size, count)) for start in range(0, count, size)]
        found = (seen(distinct, rows) for rows in self.loader.rows((part, places) for places in portions))
        if len(portions) == 1:
            made = next(found)
        else:
            made = {key: _room(count, view.form.sizes, view.form.dtype) for key, view in distinct.items()}
            for places, values in zip(portions, found, strict=True):
                for key, tensor in values.items():
                    made[key][places[0] : places[-1] + 1] = tensor
        ready = {key: tensor.to(self.device) for key, tensor in made.items()}
        return {name: ready[str(id(view))] for name, view in views.items()}


def _room(count: int, sizes: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """An empty tensor in memory of numpy's: it asks for huge pages, in which rows anywhere are found sooner."""
    return torch.from_numpy(np.empty((count, *sizes), torch.empty(0, dtype=dtype).numpy().dtype))
