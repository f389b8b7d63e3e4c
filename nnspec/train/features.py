"""Feature extraction: what frozen parts give is computed once for each sample, and the rest is trained on that.

The boundary is found in the graph: a call is settled if its inputs are, if none of its weights is trained, and if each
of its layers gives a sample the same every time in the mode in which it is trained.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NoReturn

import torch
from torch import Tensor, nn

from nnspec.diagnostics import Diagnostic, Span, SpecError
from nnspec.elaborate.objective import Objective
from nnspec.elaborate.plan import Plan
from nnspec.ir import Program
from nnspec.ir.divide import divide
from nnspec.ir.program import Call
from nnspec.layers.base import Layer
from nnspec.reading.room import BYTES
from nnspec.record import Record
from nnspec.train.parts import train_mode, within
from nnspec.train.strategy import Strategy
from nnspec.train.task import Function

Fields = dict[str, Tensor]
Precision = Callable[[], AbstractContextManager[object]]
TOLERANCE = 1e-3  # of features of a sample in two batches, relative to the greatest; kernels differ with the size


class CannotCache(Diagnostic):
    """`cache_features` needs parts that give each sample the same in every epoch: frozen ones, from the inputs on.

    What they give is computed once, and the parts behind them are trained on it. So nothing may change the samples, no
    frozen part may be trained later, and a layer behind a dropout or another random layer is computed each time.
    """

    code = "E0626"
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return f"features cannot be computed once for each sample: {self.reason}"


class Features(Record):
    """A model in two: `first` computes features from its inputs, and `rest` the outputs from these."""

    first: Function
    rest: Function
    names: tuple[str, ...]
    span: Span | None

    @torch.no_grad()
    def added(self, fields: Fields, batch: int, precision: Precision) -> Fields:
        """The fields with the features of every sample.

        Raises:
            SpecError: they depend on the other samples of a batch, or take more room than a data set may.
        """
        rows = len(next(iter(fields.values())))
        made: list[tuple[Tensor, ...]] = []
        for start in range(0, rows, batch):
            given = {name: fields[name][start : start + batch] for name in self.first.inputs}
            made.append(self._computed(given, precision))
            if start == 0:
                self._verify(made[0], given, rows, precision)
        whole = map(torch.cat, zip(*made, strict=True))
        return {**fields, **dict(zip(self.names, whole, strict=True))}

    def _computed(self, given: Fields, precision: Precision) -> tuple[Tensor, ...]:
        with precision():
            found = self.first(given)
        return found if isinstance(found, tuple) else (found,)

    def _verify(self, values: tuple[Tensor, ...], given: Fields, rows: int, precision: Precision) -> None:
        count = len(values[0])
        size = sum(value.nbytes for value in values) // count * rows
        if size > BYTES:
            refuse(self.span, f"they take {size:,} bytes, and data may take {BYTES:,}", "leave cache_features out")
        half = self._computed({name: tensor[: -(-count // 2)] for name, tensor in given.items()}, precision)
        for alone, value in zip(half, values, strict=True):
            distance = (alone - value[: len(alone)]).abs().max() if len(alone) else torch.zeros(())
            if value.is_floating_point() and bool(distance > TOLERANCE * value.abs().max()):
                refuse(self.span, "those of a sample depend on the other samples of its batch", "leave it out")


def check_cacheable(objective: Objective, plan: Plan, strategy: Strategy) -> None:
    """Check that a recipe leaves each sample and what is frozen as they are.

    Raises:
        SpecError: it does not.
    """
    recipe = plan.recipe
    reasons = {
        "its recipe builds networks of its own": plan.builds,
        "`augment` changes the samples each time": bool(recipe.augment),
        "`thaw` trains the frozen parts later": recipe.thaw is not None,
        "the loss has derivatives in it, which need the whole model": objective.derives,
        f"--strategy {strategy.name} spreads the whole model": strategy.name is not None,
    }
    for reason, holds in reasons.items():
        if holds:
            refuse(plan.places.get("cache_features"), reason, "leave out either that or cache_features")


def divide_at_frozen(
    model: nn.Module, program: Program, plan: Plan, function: Callable[[Program], Function]
) -> Features:
    """The model, divided behind what is frozen.

    Args:
        model: the whole of it, with what is frozen.
        program: what it computes.
        plan: the recipe.
        function: makes a module of a program with the weights of the model.

    Raises:
        SpecError: nothing that is frozen comes before what is trained.
    """
    span = plan.places.get("cache_features")
    train_mode(model, plan.recipe.freeze)
    view = _Settled(model, program)
    divided = divide(program, view.settled, view.mixed)
    labels = [label for call in divided.first.main.calls for label in call.labels]
    if not any(within(name, tuple(labels)) for name in view.frozen):
        refuse(span, "nothing that is frozen comes before what is trained", "name the first parts: freeze = [...]")
    first = function(divided.first)
    first.module.eval()
    return Features(first, function(divided.rest), divided.between, span)


def refuse(span: Span | None, reason: str, advice: str) -> NoReturn:
    """Features cannot be cached, for this reason.

    Raises:
        SpecError: always.
    """
    raise SpecError.of(CannotCache(span, reason, advice))


class _Settled:
    """Which calls of a program give the same each time, while its module is trained."""

    def __init__(self, model: nn.Module, program: Program) -> None:
        self.model = model
        self.program = program
        weights = dict(model.named_parameters(remove_duplicate=False))
        self.trained = {name for name, weight in weights.items() if weight.requires_grad}
        self.frozen = weights.keys() - self.trained

    def settled(self, call: Call) -> bool:
        """Whether a call of the model gives the same for the same inputs."""
        labels = tuple(call.labels)
        return not any(within(name, labels) for name in self.trained) and self._steady(call, "")

    def mixed(self, call: Call) -> bool:
        """Whether a part of what a call applies may be settled."""
        labels = tuple(call.labels)
        return any(within(name, labels) for name in self.frozen) and not self.settled(call)

    def _steady(self, call: Call, path: str) -> bool:
        if isinstance(call.callee, Layer):
            paths = [f"{path}{label}" for label in call.labels] or [path]
            return all(call.callee.steady(self._training(each)) for each in paths)
        inner = self.program.modules[call.callee].calls
        return not any(each.training for each in inner) and all(
            self._steady(each, f"{path}{label}.") for label in call.labels for each in inner
        )

    def _training(self, path: str) -> bool:
        """The mode of the innermost module that a path leads to: a function of a layer has that of its module."""
        module = self.model
        for name in path.split("."):
            inner = module._modules.get(name)
            if inner is None:
                break
            module = inner
        return module.training
