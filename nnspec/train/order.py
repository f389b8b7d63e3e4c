"""The order of an epoch as a bijection of the numbers below a count: a function of seed and epoch, without memory.

A position is taken through a Feistel network on a grid of about the square root of the count on each side; what falls
outside the count goes through it again. So the order is known at any position, whatever the number of processes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nnspec.train.data.samples import Indices

ROUNDS = 6
GOLDEN = 0x9E3779B97F4A7C15  # of splitmix64
MASK = 2**64 - 1


class Order:
    """The order of the samples of each epoch, and the batches that they are in."""

    def __init__(self, count: int, batch: int, seed: int) -> None:
        self.count = count
        self.batch = batch
        self.seed = seed
        # a batch of one sample has no statistics to normalise by: it sits out this epoch
        whole, rest = divmod(count, batch)
        steps = whole + (1 if rest > 1 or not whole else 0)
        self.sizes = [min(batch, count - step * batch) for step in range(steps)]

    def samples(self, epoch: int, first: int, last: int) -> Indices:
        """The samples of some of the batches of an epoch, from `first` to before `last`."""
        places = np.arange(first * self.batch, min(last * self.batch, sum(self.sizes)))
        return shuffled(places, self.count, (self.seed * 1_000_003 + epoch) % 2**63)


class InShards(Order):
    """An order in which samples of a shard come near each other: they are read one after the other.

    The shards of an epoch are in a random order; what they hold is taken in portions of `buffer` samples, and each
    portion is in a random order. Where the first one ends is random, too, so that other samples meet in each epoch.
    """

    def __init__(self, shards: Sequence[int], batch: int, seed: int, buffer: int) -> None:
        super().__init__(sum(shards), batch, seed)
        self.shards = np.array([size for size in shards if size], np.int64)
        self.starts = np.cumsum(self.shards) - self.shards
        self.buffer = buffer

    def samples(self, epoch: int, first: int, last: int) -> Indices:
        places = np.arange(first * self.batch, min(last * self.batch, sum(self.sizes)))
        seed = (self.seed * 1_000_003 + epoch) % 2**63
        mixed = np.empty_like(places)
        begins = _mixed(seed, 0) % self.buffer
        portions = (places + begins) // self.buffer
        for portion in np.unique(portions).tolist():
            own = portions == portion
            start = max(0, portion * self.buffer - begins)
            count = min(self.count, (portion + 1) * self.buffer - begins) - start
            mixed[own] = start + shuffled(places[own] - start, count, _mixed(seed, portion + 1))
        chosen = shuffled(np.arange(len(self.shards)), len(self.shards), seed)
        ends = np.cumsum(self.shards[chosen])
        number = np.searchsorted(ends, mixed, side="right")
        within = mixed - (ends - self.shards[chosen])[number]
        return self.starts[chosen[number]] + within


class Balanced(Order):
    """An order in which every class comes equally often, to one sample.

    Samples of a class follow each other in an order of their own, through all epochs: those of a rare class come again
    and again, and of a frequent one each epoch has others, until all have come.
    """

    def __init__(self, labels: Indices, batch: int, seed: int) -> None:
        super().__init__(len(labels), batch, seed)
        self.members = [np.flatnonzero(labels == each) for each in np.unique(labels)]

    def samples(self, epoch: int, first: int, last: int) -> Indices:
        numbers = super().samples(epoch, first, last)
        classes = len(self.members)
        rounds, chosen = np.divmod(numbers, classes)
        found = np.empty_like(numbers)
        for number, members in enumerate(self.members):
            own = np.flatnonzero(chosen == number)
            turn, place = np.divmod(rounds[own] + epoch * -(-self.count // classes), len(members))
            for each in np.unique(turn):  # through all members again, in another order
                again = own[turn == each]
                seed = _mixed(self.seed, number) ^ int(each)
                found[again] = members[shuffled(place[turn == each], len(members), seed)]
        return found


def shuffled(places: Indices, count: int, seed: int) -> Indices:
    """The numbers at some places of a random order of all below `count`."""
    rows = math.isqrt(count - 1) + 1
    columns = -(-count // rows)
    keys = [_mixed(seed, number) for number in range(ROUNDS)]
    made = _permuted(places.astype(np.uint64), rows, columns, keys)
    outside = np.flatnonzero(made >= count)
    while len(outside):
        made[outside] = _permuted(made[outside], rows, columns, keys)
        outside = outside[made[outside] >= count]
    return made.astype(np.int64)


def _permuted(numbers: NDArray[np.uint64], rows: int, columns: int, keys: list[int]) -> NDArray[np.uint64]:
    """The numbers below `rows * columns`, each taken to another one."""
    high = numbers // np.uint64(columns)
    low = numbers - high * np.uint64(columns)
    for round, key in enumerate(keys):
        if round % 2:
            low = _moved(low, high, columns, key)
        else:
            high = _moved(high, low, rows, key)
    return high * np.uint64(columns) + low


def _moved(numbers: NDArray[np.uint64], by: NDArray[np.uint64], size: int, key: int) -> NDArray[np.uint64]:
    """Numbers below a size, each moved round by a distance that follows from another number."""
    moved = by + np.uint64(key)
    moved *= np.uint64(0xBF58476D1CE4E5B9)
    moved ^= moved >> np.uint64(29)
    moved *= np.uint64(0x94D049BB133111EB)
    moved >>= np.uint64(32)
    moved *= np.uint64(size)
    moved >>= np.uint64(32)
    moved += numbers
    # what is below the size wraps round to a great number, so that the lesser of both is the one that is meant
    lesser: NDArray[np.uint64] = np.minimum(moved, moved - np.uint64(size))
    return lesser


def _mixed(seed: int, number: int) -> int:
    """A number of 64 bits for a seed and a round, by splitmix64."""
    value = (seed + (number + 1) * GOLDEN) & MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)
