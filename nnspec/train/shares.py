"""The samples to train on, and those held out for validation and for the test: a function of the seed."""

from __future__ import annotations

import numpy as np
import torch
from torch import Generator, Tensor

from nnspec.diagnostics import Diagnostic, Span, SpecError
from nnspec.recipe.held_out import HeldOut
from nnspec.record import Record
from nnspec.train.data.dataset import Own
from nnspec.train.data.samples import Indices


class NoClassesToStratify(Diagnostic):
    """`stratify` holds the same share of each class out, and the data has no classes, or is held out at its end."""

    code = "E0672"
    reason: str

    @property
    def message(self) -> str:
        return f"there is nothing to `stratify` by: {self.reason}"

    @property
    def help(self) -> str | None:
        return "leave `stratify` out; it takes a share of the classes in `label`, or in the field of the loss"


class OwnTest(Diagnostic):
    """`test` is a share of the samples, and the data brings a test part of its own."""

    code = "E0673"
    data: str

    @property
    def message(self) -> str:
        return f"`test` is a share of the samples, and {self.data} brings a test part of its own"

    @property
    def help(self) -> str | None:
        return "leave `test` out; where `validation` says what else to validate on, its own part is the test"


class Parts(Record):
    """The samples of each part, by their places in the data set."""

    training: Indices
    validation: Indices
    test: Indices  # none where nothing is held out for a test


def choose_parts(
    own: Own,
    held: HeldOut,
    seed: int,
    *,
    in_order: bool = False,
    classes: Tensor | None = None,
    name: str = "the data",
    span: Span | None = None,
) -> Parts:
    """The samples of each part.

    A test part that a data set brings without one for validation is what is validated on, unless the recipe asks for a
    share for that. At least one sample is held out for each part, and at least one is not.

    Args:
        own: the parts that the data brings.
        held: what the recipe holds out, of which shares are taken of the training part.
        seed: of the choice.
        in_order: whether the end is held out, as of a text, and not samples from everywhere.
        classes: of all samples, [N], to stratify by.
        name: of the data set.
        span: where the recipe speaks of it.

    Raises:
        SpecError: the data brings a test part and a share for one is asked for, or there are no classes to stratify by.
    """
    share, tested_share = (each if isinstance(each, float) else None for each in (held.validation, held.test))
    if tested_share is not None and own.test is not None:
        raise SpecError.of(OwnTest(span, name))
    validation, test = own.validation, own.test
    if validation is None and share is None and held.test is None and test is not None:
        validation, test = test, None
    if validation is None and share is None:
        share = held.split
    rest = torch.arange(own.training.start, own.training.stop)
    counts = [_count(len(rest), each) for each in (share, tested_share)]
    while sum(counts) >= len(rest) and any(counts):
        counts[counts.index(max(counts))] -= 1
    if held.stratify:
        _check_stratified(any(counts), in_order, classes, name, span)
    training, validated, tested = _divided(rest, counts, seed, in_order, classes if held.stratify else None)
    return Parts(
        training.numpy(),
        validated.numpy() if share is not None else _places(validation),
        tested.numpy() if tested_share is not None else _places(test),
    )


def _places(part: range | None) -> Indices:
    return np.arange(part.start, part.stop) if part is not None else np.arange(0)


def _check_stratified(shares: bool, in_order: bool, classes: Tensor | None, name: str, span: Span | None) -> None:
    """Check that there is something to stratify.

    Raises:
        SpecError: there is not.
    """
    reason = None
    if not shares:
        reason = f"{name} brings its parts itself"
    elif in_order:
        reason = f"{name} is held out at its end"
    elif classes is None:
        reason = f"{name} has no field of classes"
    if reason is not None:
        raise SpecError.of(NoClassesToStratify(span, reason))


def _divided(
    rest: Tensor, counts: list[int], seed: int, in_order: bool, classes: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Samples in three: those that are left, and so many for validation and for the test."""
    kept = len(rest) - sum(counts)
    if in_order:
        edge = kept + counts[0]
        return rest[:kept], rest[kept:edge], rest[edge:]
    if not any(counts):
        return rest, rest[:0], rest[:0]
    order = rest[torch.randperm(len(rest), generator=Generator().manual_seed(seed))]
    if classes is not None:
        order = stratified(order, classes, counts)
    edge = sum(counts)
    return order[edge:], order[: counts[0]], order[counts[0] : edge]


def _count(rest: int, share: float | None) -> int:
    return 0 if share is None else max(1, round(rest * share))


def stratified(order: Tensor, classes: Tensor, counts: list[int]) -> Tensor:
    """The samples in another order, in which the first `counts[0]`, the next `counts[1]` and the rest have all classes.

    The samples of a class stay in the order that they have. What a class has more or less than its share is less than
    one sample; the classes with the largest remainders have one more, of equal ones the first.
    """
    label = classes[order]
    numbers, place = torch.unique(label, return_inverse=True)
    sizes = torch.bincount(place, minlength=len(numbers))
    taken = torch.zeros_like(sizes)
    part = torch.full_like(order, len(counts))
    within = _places_in_class(place)
    for index, count in enumerate(counts):
        wanted = sizes.double() * count / len(order)
        own = wanted.floor().long()
        missing = count - int(own.sum())
        room = (sizes - taken - own) > 0
        remainder = torch.where(room, wanted - own, -1.0)
        own[remainder.sort(descending=True, stable=True).indices[:missing]] += 1
        part[(within >= taken[place]) & (within < (taken + own)[place])] = index
        taken += own
    return order[part.sort(stable=True).indices]


def _places_in_class(place: Tensor) -> Tensor:
    """Of each sample, how many of its class come before it."""
    by_class = place.sort(stable=True).indices
    sizes = torch.bincount(place)
    starts = (sizes.cumsum(0) - sizes).repeat_interleave(sizes)
    within = torch.empty_like(place)
    within[by_class] = torch.arange(len(place)) - starts
    return within
