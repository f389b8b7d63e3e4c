"""A function of a whole batch that is computed for parts of it: in validation, in accumulation, in several processes.

Whatever the parts, its value is that of the whole, and so are its gradients. Where the value is linear in what the
parts give once the data is known (a mean over the tokens that count), one pass over the parts does. Where it is not (a
root of a mean, a contrast between samples), a first pass without gradients finds what all parts give, and a second one
takes the parts through the networks again, with the same random numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from nnspec.ir.parts import Between, InParts
from nnspec.train.batch import Batch, Values
from nnspec.train.state import random_tensors, restore_random
from nnspec.train.strategy import Share, Strategy
from nnspec.train.task import Computation, Task, Whole
from nnspec.train.turns import Turns

Part = tuple[int, int]  # the first of its samples, and the one behind its last


class Collected:
    """The results of the parts, put together."""

    def __init__(self, between: Sequence[Between], count: int, strategy: Strategy) -> None:
        """`count` is the number of samples of the whole."""
        self.between = between
        self.count = count
        self.strategy = strategy
        self.values: list[Tensor] = []

    def add(self, made: Sequence[Tensor], start: int, share: Share) -> None:
        """Add a part, of which this process has a share; `start` is the first sample of the part."""
        if not self.values:
            self.values = [self._empty(each, value, share) for each, value in zip(self.between, made, strict=True)]
        for index, (each, value) in enumerate(zip(self.between, made, strict=True)):
            if each.kind == "same":
                self.values[index] = value.detach()
            elif share.samples and each.kind == "rows":
                self._rows(self.values[index], each, value, start + share.start, share).copy_(value.detach())
            elif share.samples:
                weight = share.samples / self.count if each.kind == "mean" else 1
                self.values[index] += weight * value.detach()

    def _empty(self, each: Between, value: Tensor, share: Share) -> Tensor:
        if each.kind != "rows":
            exact = value.is_floating_point() and value.device.type != "mps"
            return torch.zeros_like(value, dtype=torch.float64 if exact else value.dtype)
        sizes = list(value.shape)
        sizes[each.dimension] = sizes[each.dimension] // (share.stop - share.start) * self.count
        return value.new_zeros(sizes)

    def _rows(self, whole: Tensor, each: Between, value: Tensor, start: int, share: Share) -> Tensor:
        """Where the rows of a part are in the whole; there may be several for a sample."""
        own = value.shape[each.dimension] // (share.stop - share.start)
        return whole.narrow(each.dimension, start * own, share.samples * own)

    def whole(self, like: Sequence[torch.dtype]) -> list[Tensor]:
        """The values of the whole, of all processes together."""
        return [
            (value if each.kind == "same" else self._total(value)).to(dtype)
            for each, value, dtype in zip(self.between, self.values, like, strict=True)
        ]

    def _total(self, value: Tensor) -> Tensor:
        if self.strategy.processes == 1:
            return value
        return self.strategy.total(value.byte() if value.dtype == torch.bool else value)


class Judge:
    """The value of a function of all samples of the validation part, which comes in batches."""

    def __init__(
        self,
        whole: Whole,
        samples: int,
        strategy: Strategy,
        computed: Callable[[Computation | None, Values], list[Tensor]],
    ) -> None:
        self.whole = whole
        self.computed = computed
        self.collected = Collected(whole.parts.between, samples, strategy)  # on all samples
        self.types: list[torch.dtype] = []
        self.part: Values = {}
        self.samples = 0

    def add(self, values: Values, start: int, share: Share) -> None:
        """Take a part into account: its values are those of this process's share of it."""
        made = self.computed(self.whole.first, values)
        self.types = [value.dtype for value in made]
        self.collected.add(made, start, share)
        self.part, self.samples = values, share.stop - share.start

    def result(self) -> list[Tensor]:
        """The value for all of them."""
        found = self.collected.whole(self.types) if self.types else []
        parts, count = self.whole.parts, self.collected.count
        return self.computed(self.whole.rest, rest_values(parts, found, self.part, self.samples, count))


def results(function: Computation | None, values: Values) -> list[Tensor]:
    """The results of a function, as a list."""
    found = function(values) if function is not None else ()
    return list(found) if isinstance(found, tuple) else [found]


def rest_values(parts: InParts, found: Sequence[Tensor], part: Values, samples: int, count: int) -> Values:
    """The inputs of the second half for `count` samples: the values between, and inputs of which it reads the sizes.

    `part` has the values of a part of `samples` samples.
    """
    sized = {}
    for name, dimension in parts.sized:
        sizes = list(part[name].shape)
        if dimension is not None:
            sizes[dimension] = sizes[dimension] // samples * count
        sized[name] = part[name].new_zeros(()).expand(sizes)
    return {**sized, **{each.name: value for each, value in zip(parts.between, found, strict=True)}}


class Accumulation:
    """A batch that is taken through the networks in parts; a mixed one has values for both samples of each pair."""

    def __init__(
        self,
        task: Task,
        turns: Turns,
        whole: Whole,
        batch: Batch,
        parts: Sequence[Part],
        forward: Callable[[Values], None],
        computed: Callable[[Computation | None, Values], list[Tensor]],
    ) -> None:
        """Take a batch apart.

        Args:
            task: of the run.
            turns: of the phase whose loss it is.
            whole: the loss.
            batch: all of it.
            parts: into which it is taken apart.
            forward: adds what the model gives in training to the values of a part.
            computed: what a function gives, in the precision of the recipe.
        """
        self.task = task
        self.turns = turns
        self.whole = whole
        self.between = whole.parts.between
        self.strategy = task.strategy
        self.batch = batch
        self.count = parts[-1][1]
        self.parts = parts
        self.forward = forward
        self.computed = computed
        self.part = batch  # the last one
        self.samples = 0

    def backward(self) -> Tensor:
        """Add the gradients of the batch; its loss."""
        rows = any(each.kind == "rows" and not each.given for each in self.between)
        return self.one_pass() if self.whole.parts.linear and not rows else self.two_passes()

    def one_pass(self) -> Tensor:
        """The gradients where the loss is linear in what the parts give."""
        given = self._given()
        collected = [self._collected() for _ in self.batch.weights]
        slopes: list[list[Tensor | None]] = []
        types: list[torch.dtype] = []
        for (start, _), share, part, last in self._shares():
            with self.strategy.gradients(complete=last):
                made = self._made(part)
                if not slopes:
                    types = [value.dtype for value in made[0]]
                    slopes = self._slopes(given, made)
                self._push(made, slopes, share, start, last)
            for own, value in zip(collected, made, strict=True):
                own.add(value, start, share)
        with torch.set_grad_enabled(self.task.derives):
            return self._loss([own.whole(types) for own in collected]).detach()

    def two_passes(self) -> Tensor:
        """The gradients where the loss needs what all parts give at once."""
        device = self.task.device
        before, statistics = random_tensors(device), [x.clone() for x in self._buffers()]
        collected = [self._collected() for _ in self.batch.weights]
        types: list[torch.dtype] = []
        with torch.set_grad_enabled(self.task.derives), self.strategy.gradients(complete=False):
            for (start, _), share, part, _ in self._shares():
                made = self._made(part)
                types = [value.dtype for value in made[0]]
                for own, value in zip(collected, made, strict=True):
                    own.add(value, start, share)
        for buffer, statistic in zip(self._buffers(), statistics, strict=True):
            buffer.copy_(statistic)
        leaves = [[_leaf(value) for value in own.whole(types)] for own in collected]
        loss = self._loss(leaves)
        self.turns.backward(loss)
        behind = random_tensors(device)
        restore_random(before, device)
        slopes = [[leaf.grad for leaf in own] for own in leaves]
        for (start, _), share, part, last in self._shares():
            with self.strategy.gradients(complete=last):
                self._push(self._made(part), slopes, share, start, last)
        restore_random(behind, device)
        return loss.detach()

    def _shares(self) -> Iterator[tuple[Part, Share, Batch, bool]]:
        """Every part with this process's share of it, and whether it is the last one."""
        for start, stop in self.parts:
            share = self.strategy.share(stop - start)
            own = slice(start + share.start, start + share.stop)
            yield (start, stop), share, self.batch.part(own), stop == self.count

    def _collected(self) -> Collected:
        return Collected(self.between, self.count, self.strategy)

    def _made(self, part: Batch) -> list[list[Tensor]]:
        """The results of the first half for a part."""
        self.forward(part.values)
        self.part, self.samples = part, len(next(iter(part.values.values())))
        return [self.computed(self.whole.first, version) for version in part.versions]

    def _given(self) -> list[dict[str, Tensor]]:
        """The values between that follow from the data alone, for the whole batch."""
        known = [each for each in self.between if each.given]
        if not known:
            return [{} for _ in self.batch.weights]
        collected = [Collected(known, self.count, self.strategy) for _ in self.batch.weights]
        types: list[torch.dtype] = []
        for (start, _), share, part, _ in self._shares():
            for own, version in zip(collected, part.versions, strict=True):
                made = self.computed(self.whole.given, version)
                types = [value.dtype for value in made]
                own.add(made, start, share)
        names = [each.name for each in known]
        return [dict(zip(names, own.whole(types), strict=True)) for own in collected]

    def _slopes(self, given: list[dict[str, Tensor]], made: list[list[Tensor]]) -> list[list[Tensor | None]]:
        """The gradient of the loss with respect to each value between."""
        leaves = [
            [
                known[each.name] if each.given else _leaf(torch.zeros_like(value))
                for each, value in zip(self.between, own, strict=True)
            ]
            for known, own in zip(given, made, strict=True)
        ]
        loss = self._loss(leaves)
        if loss.requires_grad:
            self.turns.backward(loss)
        return [[leaf.grad for leaf in own] for own in leaves]

    def _loss(self, found: list[list[Tensor]]) -> Tensor:
        """The loss of the whole batch."""
        whole, total = self.whole, torch.zeros((), device=self.task.device)
        for weight, values, version in zip(self.batch.weights, found, self.part.versions, strict=True):
            given = rest_values(whole.parts, values, version, self.samples, self.count)
            total = total + weight * self.computed(whole.rest, given)[0]
        return total

    def _push(
        self, made: list[list[Tensor]], slopes: list[list[Tensor | None]], share: Share, start: int, last: bool
    ) -> None:
        """Let the gradients of a part's values reach the weights; the strategy takes the mean over the processes."""
        tensors, gradients = [], []
        for values, own in zip(made, slopes, strict=True):
            for each, value, slope in zip(self.between, values, own, strict=True):
                if value.requires_grad and slope is not None and (each.kind != "same" or last):
                    tensors.append(value)
                    gradients.append(self._own(each, value, slope, share, start).to(value.dtype))
        if tensors:
            torch.autograd.backward(tensors, gradients)

    def _own(self, each: Between, value: Tensor, slope: Tensor, share: Share, start: int) -> Tensor:
        """A part's own gradient."""
        processes = self.strategy.processes
        match each.kind:
            case "same":
                return slope
            case "sum":
                return slope * (processes if share.samples else 0)
            case "mean":
                return slope * (processes * share.samples / self.count)
        if not share.samples:
            return torch.zeros_like(value)
        own = value.shape[each.dimension] // (share.stop - share.start)
        return slope.narrow(each.dimension, (start + share.start) * own, share.samples * own) * processes

    def _buffers(self) -> list[Tensor]:
        return [buffer for module in self.task.modules for buffer in module.buffers()]


def _leaf(value: Tensor) -> Tensor:
    """A value whose gradient is asked for, where it can have one."""
    return value.detach().requires_grad_(value.is_floating_point())
