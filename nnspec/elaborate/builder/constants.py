"""The line of layers that a `Buffer` holds: those that a value of a body follows from, where they need constants alone.

Blocks on the way are written out: a buffer is computed without modules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from nnspec.elaborate.builder.call import PendingCall
from nnspec.elaborate.builder.tensor import Tensor
from nnspec.ir import Call, Module
from nnspec.layers.base import Layer
from nnspec.layers.computed import Applied, Computed
from nnspec.layers.tensor_type import TensorType

LONGEST = 10_000  # layers


class Changing(Exception):
    """The value does not follow from constants; the message says why."""


def computed(modules: Mapping[str, Module], tensor: Tensor) -> Computed:
    """The line that computes a value. The calls that made it go, unless something else takes what they give.

    Raises:
        Changing: it depends on an input, on weights, or on sizes that only a run knows.
    """
    wires, made = {tensor.wire}, list[PendingCall]()
    for call in reversed(tensor.scope.calls):
        if not wires.isdisjoint(call.outputs):
            made.append(call)
            wires.update(wire for wire in call.inputs if wire is not None)
    line = _Line(modules, {wire.name for call in made for wire in call.outputs if wire.named})
    (result,) = line.follow([call.freeze() for call in reversed(made)], {}, [tensor.name], own=True)
    for call in made:
        call.constant = True
    return Computed(tuple(line.steps), result)


class _Line:
    """The layers so far, and the types of their results."""

    def __init__(self, modules: Mapping[str, Module], named: Set[str]) -> None:
        self.modules = modules
        self.named = named  # values that a person has given a name
        self.steps: list[Applied] = []
        self.types: list[TensorType] = []

    def follow(
        self, calls: Iterable[Call], known: dict[str, int | None], wanted: Iterable[str], *, own: bool = False
    ) -> list[int]:
        """The numbers of values of a body, from those of its inputs; with texts of its numbers if it is our `own`."""
        for call in calls:
            missing = [name for name in call.inputs if name and name not in known]
            if missing:
                raise Changing(f"it depends on the input {missing[0]}")
            given = [known[name] if name else None for name in call.inputs]
            for _ in range(call.count):
                results = self._results(call if own else call.model_copy(update={"written": {}}), given)
                given[: len(results)] = results
            known.update(zip(call.outputs, results, strict=True))
        found = [known.get(name) for name in wanted]
        if None in found:
            raise Changing("it depends on an input")
        return [number for number in found if number is not None]

    def _results(self, call: Call, given: Sequence[int | None]) -> list[int]:
        """The numbers of the results of one application."""
        if isinstance(call.callee, Layer):
            name = call.outputs[0] if len(call.outputs) == 1 and call.outputs[0] in self.named else ""
            return self._applied(call.callee, given, name, call.written)
        module = self.modules[call.callee]
        if call.scan is not None or call.routed:
            raise Changing(f"{module.name} is applied step by step, or to what is chosen")
        known = {port.value: number for port, number in zip(module.inputs, given, strict=True)}
        return self.follow(module.calls, known, [port.value for port in module.outputs])

    def _applied(self, layer: Layer, given: Sequence[int | None], name: str, written: dict[str, str]) -> list[int]:
        if len(self.steps) == LONGEST:
            raise Changing(f"it takes more than {LONGEST:,} layers")
        types = [None if number is None else self.types[number] for number in given]
        if layer.weights(*types):
            raise Changing(f"it depends on the weights of {layer.kind}")
        if layer.tracks or not (layer.random or layer.steady(training=True)):
            raise Changing(f"{layer.kind} does something else in training")
        results = layer.results(*types)
        symbolic = [size for result in results for size in result.shape if not isinstance(size, int)]
        if symbolic:
            raise Changing(f"its size {symbolic[0]} is known only when the model runs")
        self.steps.append(Applied(layer, tuple(given), name, written))
        self.types += results
        return list(range(len(self.types) - len(results), len(self.types)))
