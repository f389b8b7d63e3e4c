"""A function of a batch in two: what is computed for each part of the batch, and what is computed once for all of it.

Between them are sums over samples, which are added, means, which are weighed, and where something needs all samples at
once, the rows of the samples themselves. So whatever the parts, the result is that of the whole batch. Which layers
keep samples apart, and how the others make their result of sums, the layers say (`Layer.mixed`, `Layer.pooled`).
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Literal

from nnspec.dims import Size, symbols
from nnspec.ir.batch import Axes, Mixed, Obstacle, Proof
from nnspec.ir.divide import half, needed
from nnspec.ir.program import Call, Module, Port, Program
from nnspec.layers.base import Layer, Sums
from nnspec.layers.continued import sizes_in
from nnspec.layers.families.combine import Add, Multiply
from nnspec.layers.families.elementwise import Neg
from nnspec.layers.families.operators import Divide, Subtract
from nnspec.layers.families.reduction import Mean, Sum
from nnspec.layers.families.shape import Identity, Reshape
from nnspec.layers.tensor_type import TensorType
from nnspec.record import Record


class Between(Record):
    """A value that the first half gives for each part and the other one takes for the whole."""

    name: str
    kind: Literal["sum", "mean", "rows", "same"]  # how the whole is made of the parts
    dimension: int  # of rows: that of the samples
    given: bool  # it follows from the data alone, and is known before any part


class InParts(Record):
    """A function of a batch in two halves."""

    first: Program | None  # its outputs are the values between, in order; None where there are none
    rest: Program  # takes them by name
    between: tuple[Between, ...]
    sized: tuple[tuple[str, int | None], ...]  # other inputs of `rest`: their sizes are read; the samples' dimension
    given: Program | None  # gives those of the values that follow from the data alone
    batchwise: tuple[Call, ...]  # what is defined for a batch, so that its mean over batches is taken
    linear: bool  # the result is a linear function of the other values


def in_parts(program: Program, batch: Size, made: Set[str], *, evaluation: bool) -> InParts:
    """Divide a function of a batch.

    Args:
        program: the function.
        batch: the symbol of the number of samples.
        made: those of its inputs that a model gives, and not the data.
        evaluation: of all samples that are held out: what is defined for a batch is then the mean over batches.
    """
    return _Division(program, batch, made, evaluation).divided()


def of_all_samples(program: Program, batch: Size) -> tuple[str, ...]:
    """The outputs of a model that are computed from samples, and have no row for each."""
    main = program.main
    known = {port.value for port in main.inputs}
    (symbol,) = symbols(batch)
    proof = Proof(program, symbol)
    for call in main.calls:
        if known & set(call.inputs):
            known.update(call.outputs)
    return tuple(p.name for p in main.outputs if p.value in known and _place(proof, main.values[p.value]) is None)


def mixing(program: Program, batch: Size) -> str | None:
    """The layer of a model that mixes the samples of a batch, in words; None where there is none.

    A layer that only gives elements other places may bring samples among each other; it mixes none.
    """
    (symbol,) = symbols(batch)
    found = Proof(program, symbol).batch()
    if not isinstance(found, Obstacle) or not (found.layer or found.scanned):
        return None
    return None if found.only_moves else found.reason


def _place(proof: Proof, type: TensorType) -> int | None:
    """The dimension of the samples; None where there is none, or more than one."""
    found = [index for index, size in enumerate(type.shape) if proof.depends(size)]
    return found[0] if len(found) == 1 else None


class _Division:
    """The work of `in_parts`."""

    def __init__(self, program: Program, batch: Size, made: Set[str], evaluation: bool) -> None:
        self.program = program
        (symbol,) = symbols(batch)
        self.proof = Proof(program, symbol)
        self.evaluation = evaluation
        self.batchwise: list[Call] = []
        self.main = main = program.main
        self.rows: dict[str, int] = {}  # values with a row for each sample, and the dimension of the samples
        for port in main.inputs:
            self.rows.update(self._axes((port.value,), (_place(self.proof, main.values[port.value]),)))
        self.whole: set[str] = set()
        self.given = {port.value for port in main.inputs if port.name not in made}
        self.kinds: dict[str, str] = {}  # of reductions: how the whole is made of the parts
        self.types: dict[str, TensorType] = dict(main.values)
        self.first: list[Call] = []
        self.rest: list[Call] = []
        for call in main.calls:
            self._sort(call)

    def _sort(self, call: Call) -> None:
        """Find the half that a call belongs to; what depends on no sample is in both."""
        inputs = set(call.inputs) - {""}
        if inputs <= self.given and call.label is None and not self._is_random(call):
            self.given.update(call.outputs)
        if inputs & self.whole:
            self._to_rest(call)
        elif inputs & self.rows.keys() or self._is_sized(call):
            axes = self._apart(call)
            if axes is not None:
                self.first.append(call)
                self.rows.update(axes)
            elif not self._reduced(call):
                self._to_rest(call)
        elif self._is_random(call):
            self._to_rest(call)
        else:  # it depends on no sample
            self.first.append(call)
            self.rest.append(call)

    def _to_rest(self, call: Call) -> None:
        self.rest.append(call)
        self.whole.update(call.outputs)

    def _apart(self, call: Call) -> dict[str, int] | None:
        """The results of a call with the dimensions of their samples, if each sample comes from that of the inputs."""
        try:
            axes = self.proof.called(self.main, call, tuple(self.rows.get(name) for name in call.inputs))
        except Mixed:
            return None
        found = self._axes(call.outputs, axes)
        return found if len(found) == len(call.outputs) else None

    def _axes(self, names: tuple[str, ...], axes: Axes) -> dict[str, int]:
        return {name: axis for name, axis in zip(names, axes, strict=True) if axis is not None}

    def _is_sized(self, call: Call) -> bool:
        """Whether a call gives as much as there are samples, or computes with their number."""
        counts = isinstance(call.callee, Layer) and self.proof.counts_with_it(call.callee)
        return counts or any(self._within(name) for name in call.outputs)

    def _within(self, name: str) -> bool:
        return any(map(self.proof.depends, self.types[name].shape))

    def _is_random(self, call: Call) -> bool:
        if isinstance(call.callee, Layer):
            return call.callee.random
        return any(map(self._is_random, self.program.modules[call.callee].calls))

    def _reduced(self, call: Call) -> bool:
        """Whether a call makes its result of sums, which then are between the halves."""
        given = self.main.types(call.inputs)
        if not isinstance(call.callee, Layer) or self._is_sized(call):
            return False
        places = tuple(self.rows.get(name) for name in call.inputs)
        pooled = call.callee.pooled(places, *given)
        if self.evaluation and call.callee.batchwise:
            pooled = "mean"
            self.batchwise.append(call)
        if pooled is None:
            return False
        self.whole.update(call.outputs)
        if not isinstance(pooled, Sums):
            self.first.append(call)
            self.kinds[call.outputs[0]] = pooled
            return True
        sums = []
        for index, (layer, chosen) in enumerate(pooled.layers):
            name = f"{call.outputs[0]}@{index}"
            inputs = tuple(call.inputs[each] for each in chosen)
            (self.types[name],) = layer.results(*self.main.types(inputs))
            self.first.append(call.model_copy(update={"callee": layer, "inputs": inputs, "outputs": (name,)}))
            self.kinds[name] = "sum"
            if self.given.issuperset(inputs):
                self.given.add(name)
            sums.append(name)
        self.rest.append(call.model_copy(update={"callee": pooled.result, "inputs": tuple(sums)}))
        return True

    def divided(self) -> InParts:
        """Both halves."""
        wanted = {port.value for port in self.main.outputs}
        main = self.main.model_copy(update={"values": self.types})
        rest, used = needed(self.rest, wanted, self.kinds.keys() | self.rows.keys())
        known = self.kinds.keys() | self.rows.keys() | {port.value for port in main.inputs}
        values = [name for name in self.types if name in used & known]
        between = tuple(self._between(index, name) for index, name in enumerate(values))
        ports = tuple(Port(name=each.name, value=name) for each, name in zip(between, values, strict=True))
        given = tuple(port for each, port in zip(between, ports, strict=True) if each.given)
        others = tuple(port for port in main.inputs if port.value not in values)
        carriers = self._carriers(rest, others)
        return InParts(
            self._first(main, ports) if ports else None,
            half(self.program, main, rest, (*others, *ports), main.outputs, carriers),
            between,
            tuple((port.name, self.rows.get(port.value)) for port in others if port.value in carriers),
            self._first(main, given) if given else None,
            tuple(self.batchwise),
            self._is_linear(rest, {name for each, name in zip(between, values, strict=True) if not each.given}),
        )

    def _between(self, index: int, value: str) -> Between:
        kind = self.kinds.get(value) or ("rows" if value in self.rows else "same")
        return Between(f"of_parts_{index}", kind, self.rows.get(value, 0), value in self.given)  # type: ignore[arg-type]

    def _first(self, main: Module, ports: tuple[Port, ...]) -> Program:
        calls = needed(self.first, {port.value for port in ports}, set())[0]
        return half(self.program, main, calls, main.inputs, ports, self._carriers(calls, main.inputs))

    def _carriers(self, calls: list[Call], inputs: Iterable[Port]) -> set[str]:
        """The inputs whose sizes some calls need."""
        wanted = {each for call in calls for name in call.outputs for size in self.types[name].shape
                  for each in symbols(size) if not call.inputs or isinstance(call.callee, str)}  # fmt: skip
        wanted |= {each for call in calls if isinstance(call.callee, Layer)
                   for value in call.callee.settings().values() for size in sizes_in(value)
                   for each in symbols(size)}  # fmt: skip
        found: set[str] = set()
        for port in inputs:
            has = {each for size in self.types[port.value].shape for each in symbols(size)}
            if wanted & has:
                found.add(port.value)
                wanted -= has
        return found

    def _is_linear(self, calls: list[Call], unknown: set[str]) -> bool:
        """Whether the outputs are linear in these values, and in weights, as far as the kinds of calls tell."""
        degrees = dict.fromkeys(unknown, 1)
        for call in calls:
            known = [degrees.get(name, 0) for name in call.inputs]
            degree = _degree(call, known) if any(known) else int(call.label is not None)
            degrees.update(dict.fromkeys(call.outputs, degree))
        return all(degrees.get(port.value, 0) < 2 for port in self.main.outputs)


def _degree(call: Call, known: list[int]) -> int:
    """The degree of a polynomial, 2 for any above 1, from those of the inputs."""
    layer = call.callee
    if isinstance(layer, (Add, Subtract, Neg, Identity, Reshape, Mean, Sum)):
        return max(known)
    if isinstance(layer, Multiply):
        return min(2, sum(known))
    if isinstance(layer, Divide):
        inverted = layer.scalar is not None and layer.scalar_first
        return 2 if inverted or any(known[1:]) else known[0]
    return 2
