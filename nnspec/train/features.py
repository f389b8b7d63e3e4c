"""Feature extraction: what frozen parts give is computed once for each sample, and the rest is trained on that."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from nnspec.diagnostics import Span
from nnspec.ir import Program
from nnspec.reading.room import BYTES
from nnspec.recipe.caching import divide_at_frozen, refuse
from nnspec.recipe.plan import Plan
from nnspec.record import Record
from nnspec.train.delivery import Delivery, Ready
from nnspec.train.network import Precision
from nnspec.train.parts import train_mode
from nnspec.train.task import Computation

Fields = dict[str, Tensor]
TOLERANCE = 1e-3  # of features of a sample in two batches, relative to the greatest; kernels differ with the size


class Features(Record):
    """A model in two: `first` computes features from its inputs, and `rest` the outputs from these."""

    first: Computation
    rest: Computation
    names: tuple[str, ...]
    span: Span | None

    @torch.no_grad()
    def added(self, part: Delivery, precision: Precision) -> Ready:
        """A part with the features of every sample, in memory; pictures that it reads as they are wanted are not.

        Raises:
            SpecError: they depend on the other samples of a batch, or take more room than a data set may.
        """
        made: list[tuple[Tensor, ...]] = []
        others: list[Fields] = []
        for values, _ in part.in_order():
            given = {name: values[name] for name in self.first.inputs}
            made.append(self._computed(given, precision))
            if len(made) == 1:
                self._verify(made[0], given, len(part), precision)
            if not isinstance(part, Ready):
                unread = set(self.first.inputs) - set(self.rest.inputs)
                others.append({name: value for name, value in values.items() if name not in unread})
        fields = (
            part.fields
            if isinstance(part, Ready)
            else {name: torch.cat([each[name] for each in others]) for name in others[0]}
        )
        whole = map(torch.cat, zip(*made, strict=True))
        return Ready({**fields, **dict(zip(self.names, whole, strict=True))}, part.order)

    def _computed(self, given: Fields, precision: Precision) -> tuple[Tensor, ...]:
        found = precision(self.first)(given)
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


def divide_model(
    model: nn.Module, program: Program, plan: Plan, function: Callable[[Program], Computation]
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
    train_mode(model, plan.recipe.freeze)
    divided = divide_at_frozen(program, plan)
    first = function(divided.first)
    first.module.eval()
    return Features(first, function(divided.rest), divided.between, plan.places.get("cache_features"))
