"""Samples read ahead of the steps, by worker processes of `torch.utils.data`.

A request names positions in a part, and the order of the requests is the order of the answers: so the number of
processes changes nothing but the speed. A damaged sample stops the run, or the next sample of its part that is whole
stands in its place, which is the same whoever reads it.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import signal
import sys
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from weakref import WeakSet

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from nnspec.diagnostics import Diagnostic, Span, SpecError
from nnspec.reading.unreadable import Unreadable
from nnspec.train.data.samples import Indices, Rows, Samples
from nnspec.train.room import Room
from nnspec.train.signals import TO_SAVE
from nnspec.train.supply import Supply

DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux
MOST_DAMAGED = 100  # samples in a row
TOLD = 5  # damaged samples that are told of one by one
AT_ONCE = 64  # samples that are read at once, unless it is said otherwise
AHEAD = 2  # requests that each process is given ahead
Request = tuple[int, Indices]  # a part, and positions in it
Classes = tuple[int, int | None]  # their count, and the number that stands for none of them
Sent = tuple[int, Indices, int | None]  # a request, and the place where its samples are put
Damage = tuple[str, str, str]  # the place of a sample, what is wrong with it, what to do
OPEN: WeakSet[Loader] = WeakSet()
Answer = tuple[Rows, dict[int, Damage], bool, tuple[int, int] | None]
"""Samples; those that are damaged, by index; whether they are too many; the place that they are at, and their count."""


class DamagedSample(Diagnostic):
    """A sample cannot be read: its file is missing, damaged, or of another kind than the others.

    `damaged = "skip"` in the `train` block goes on with the next one in its place, and counts them.
    """

    code = "E0651"
    name: str
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return f"{self.name}: {self.reason}"

    @property
    def help(self) -> str | None:
        return f'{self.advice}, or go on without such samples: damaged = "skip"'


class TooManyDamaged(Diagnostic):
    """A hundred samples in a row cannot be read: something else is wrong than a few damaged files."""

    code = "E0652"
    name: str
    reason: str
    count: int

    @property
    def message(self) -> str:
        return f"{self.count} samples in a row cannot be read; the last of them is {self.name}: {self.reason}"

    @property
    def help(self) -> str | None:
        return "see that the data is where it was, and whole"


class Fetcher(Dataset[Answer]):
    """Reads the samples of a request, in a worker process or in this one."""

    def __init__(self, samples: Samples, parts: Sequence[Indices], skips: bool, classes: Mapping[str, Classes]) -> None:
        self.samples = samples
        self.parts = parts
        self.skips = skips
        self.classes = classes
        self.room: Room | None = None  # for samples, which need not travel then

    def __getitem__(self, sent: Sent) -> Answer:
        part, positions, place = self.parts[sent[0]], sent[1], sent[2]
        if self.room is None or place is None:
            try:
                return self._rows(part[positions]), {}, False, None
            except Unreadable:
                return *self._one_by_one(part, positions), None
        count = len(positions)
        rows = self.room.rows(place, count)
        try:
            self.samples.fill(part[positions], rows)
            self._check(rows)
        except Unreadable:
            found, damages, fatal = self._one_by_one(part, positions)
            for name, tensor in found.items():
                rows[name].copy_(tensor)
            return {}, damages, fatal, (place, count)
        return {}, {}, False, (place, count)

    def _rows(self, indices: Indices) -> Rows:
        rows = self.samples.rows(indices)
        self._check(rows)
        return rows

    def _check(self, rows: Rows) -> None:
        """Check that samples have classes that the model has outputs for.

        Raises:
            Unreadable: some have others.
        """
        for name, (count, ignored) in self.classes.items():
            values = rows[name].numpy()
            if values.size and not 0 <= values.min() <= values.max() < count:
                odd = values[(values < 0) | (values >= count)]
                odd = odd if ignored is None else odd[odd != ignored]
                if odd.size:
                    reason = f"its {name} has the class {odd[0]}, and the model tells {count} classes apart"
                    raise Unreadable(reason, "classes count from 0: give the model more of them, or mend the file")

    def _one_by_one(self, part: Indices, positions: Indices) -> tuple[Rows, dict[int, Damage], bool]:
        """The samples, with others in the place of those that are damaged; none where these are not skipped."""
        found: list[Rows] = []
        damages: dict[int, Damage] = {}
        for position in positions:
            for offset in range(min(MOST_DAMAGED, len(part)) if self.skips else 1):
                index = int(part[(position + offset) % len(part)])
                try:
                    found.append(self._rows(np.array([index])))
                    break
                except Unreadable as error:
                    damages[index] = (self.samples.place(index), error.reason, error.advice)
            else:
                if self.skips:
                    return {}, damages, True
        if damages and not self.skips:
            return {}, damages, False
        return {name: torch.cat([rows[name] for rows in found]) for name in found[0]}, damages, False


class _Requests:
    """The requests of a pass over the data; each pass has its own."""

    def __init__(self) -> None:
        self.current: Iterable[Request] = ()
        self.room: Room | None = None

    def __iter__(self) -> Iterator[Sent]:
        if self.room is not None:
            self.room.asked.clear()  # no worker is at the requests of the pass before
        for part, positions in self.current:
            yield part, positions, None if self.room is None else self.room.take(len(positions))


class Loader:
    """The samples of all parts, in any order that is asked for."""

    def __init__(
        self,
        samples: Samples,
        parts: Sequence[Indices],
        supply: Supply,
        span: Span | None,
        skipped: set[str],
        pinned: bool = False,
        batch: int = AT_ONCE,
        classes: Mapping[str, Classes] | None = None,
    ) -> None:
        """Read samples ahead.

        Args:
            samples: of the data.
            parts: the samples of each part.
            supply: how many processes read, and whether damaged samples are skipped.
            span: of the recipe.
            skipped: the places of damaged samples, to which others are added.
            pinned: whether samples are put where a GPU can take them from while it computes.
            batch: the samples of most requests.
            classes: of fields that are checked when they are read.
        """
        self.fetcher = Fetcher(samples, parts, supply.skips, classes or {})
        self.supply = supply
        self.span = span
        self.skipped = skipped
        self.requests = _Requests()
        self.workers = supply.workers if samples.decoded else 0
        self.pinned = pinned
        self.batch = batch
        self.loader: DataLoader[Answer] | None = None
        OPEN.add(self)

    def close(self) -> None:
        """End the workers: one that is ended by force, at the end of the program, is told of as a failure."""
        iterator = getattr(self.loader, "_iterator", None)
        if iterator is not None:
            iterator._shutdown_workers()
            for worker in iterator._workers:  # one that hangs: they do not listen to SIGTERM
                if worker.is_alive():
                    worker.kill()
        self.loader = None
        self.fetcher.room = self.requests.room = None

    def rows(self, requests: Iterable[Request]) -> Iterator[Rows]:
        """The samples of each request.

        Raises:
            SpecError: one is damaged, and is not to be skipped; or too many are.
        """
        for rows, damages in self.answers(requests):
            if damages and not self.supply.skips:
                raise SpecError.of(DamagedSample(self.span, *next(iter(damages.values()))))
            yield rows

    def answers(self, requests: Iterable[Request]) -> Iterator[tuple[Rows, dict[int, Damage]]]:
        """The samples of each request, and the damages of those that cannot be read.

        Raises:
            SpecError: too many are damaged.
        """
        for found, damages, fatal, put in self._answers(requests):
            rows = found if put is None or self.requests.room is None else self.requests.room.lend(*put)
            if damages and self.supply.skips:
                if fatal:
                    place, reason, _ = list(damages.values())[-1]
                    raise SpecError.of(TooManyDamaged(self.span, place, reason, min(MOST_DAMAGED, len(damages))))
                self._note(damages.values())
            yield rows, damages

    def _answers(self, requests: Iterable[Request]) -> Iterable[Answer]:
        if self.workers == 0:
            return (self.fetcher[part, positions, None] for part, positions in requests)
        self.requests.current = requests
        if self.loader is None:
            if sys.platform == "linux" and not self.pinned:
                samples = self.fetcher.samples
                room = Room(samples.forms, self.batch, (AHEAD + 1) * self.workers + 1)
                self.fetcher.room = self.requests.room = room
            gc.collect()
            gc.freeze()  # pages that no collection writes to stay shared
            self.loader = DataLoader(
                self.fetcher,
                batch_size=None,
                sampler=self.requests,
                num_workers=self.workers,
                prefetch_factor=AHEAD,
                collate_fn=_as_it_is,
                pin_memory=self.pinned,
                persistent_workers=True,
                worker_init_fn=partial(_begin, parent=os.getpid()),
                # forked processes share the memory of this one
                multiprocessing_context="fork" if sys.platform == "linux" else None,
            )
        with warnings.catch_warnings():  # of forks beside threads: nothing of them is used in a worker
            warnings.simplefilter("ignore")
            return iter(self.loader)

    def _note(self, damages: Iterable[Damage]) -> None:
        """Tell of samples that are skipped."""
        for place, reason, _ in damages:
            if place not in self.skipped:
                self.skipped.add(place)
                if len(self.skipped) <= TOLD:
                    self.supply.say(f"skipped, being damaged: {place}: {reason}")


def close_loaders(kept: Collection[Loader] = ()) -> None:
    """End all workers, but for those of some loaders."""
    for each in list(OPEN):
        if each not in kept:
            each.close()


atexit.register(close_loaders)


@contextmanager
def own_loaders() -> Iterator[None]:
    """The workers that are started in the block end with it."""
    before = list(OPEN)
    try:
        yield
    finally:
        close_loaders(before)


def _as_it_is(answer: Any) -> Any:
    return answer


def _begin(worker: int, parent: int) -> None:
    """A worker leaves all signals that end a run to the process that it works for, and ends when that is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:  # it was killed before
            os._exit(1)
    for number in (signal.SIGINT, *TO_SAVE):  # terminals, torchrun and queues send them to all processes of a run
        signal.signal(number, signal.SIG_IGN)
