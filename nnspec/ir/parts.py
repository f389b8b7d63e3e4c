"""A function of a batch in two: what is computed for each part of the batch, and what is computed once for all of it.

Between them are sums over samples, which are added, means, which are weighed, and where something needs all samples at
once, the rows of the samples themselves. So whatever the parts, the result is that of the whole batch. Which layers
keep samples apart, and how the others make their result of sums, the layers say (`Layer.mixed`, `Layer.pooled`).
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Literal

from nnspec.dims import Expression, Size, equal, symbols
from nnspec.ir.divide import half, needed
from nnspec.ir.open import opened
from nnspec.ir.program import Call, Module, Port, Program
from nnspec.layers.base import Layer, TensorType
from nnspec.layers.families.combine import Add, Multiply
from nnspec.layers.families.elementwise import Neg
from nnspec.layers.families.operators import Divide, Subtract
from nnspec.layers.families.reduction import Mean, Sum
from nnspec.layers.families.shape import Identity, Reshape
from nnspec.layers.pooled import Sums
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


def depends_on_batch(program: Program, batch: Size) -> tuple[str, ...]:
    """The outputs of a model that have no row for each sample, and yet are computed from samples."""
    samples, main = _Samples(program, batch), program.main
    known = {port.value for port in main.inputs}
    for call in main.calls:
        if known & set(call.inputs):
            known.update(call.outputs)
    return tuple(p.name for p in main.outputs if p.value in known and samples.place(main.values[p.value]) is None)


class _Samples:
    """Where values have their samples, and which calls keep these apart."""

    def __init__(self, program: Program, batch: Size) -> None:
        self.program = program
        self.batch = batch
        self._modules: dict[str, bool] = {}

    def counts(self, size: Size) -> bool:
        """Whether a size depends on the number of samples."""
        return not symbols(size).isdisjoint(symbols(self.batch))

    def within(self, type: TensorType) -> bool:
        """Whether a type depends on the number of samples."""
        return any(map(self.counts, type.shape))

    def place(self, type: TensorType | None) -> int | None:
        """The dimension of the samples; None where there is none, or more than one."""
        found = [index for index, size in enumerate(type.shape) if self.counts(size)] if type else []
        return found[0] if len(found) == 1 else None

    def apart(self, module: Module, call: Call) -> bool:
        """Whether each sample of the results of a call comes from that sample of its inputs."""
        given, results = module.types(call.inputs), [module.values[name] for name in call.outputs]
        places, after = [self.place(type) for type in given], [self.place(type) for type in results]
        if any(type and self.within(type) and place is None for type, place in zip(given, places, strict=True)):
            return False
        if all(place is None for place in places):
            return not any(map(self.within, results)) or (isinstance(call.callee, Layer) and call.callee.random)
        if any(place is None for place in after):
            return False
        if isinstance(call.callee, str):
            return not (call.scan and places[0] == 0) and self.module_apart(call.callee)
        return not self.sized(call.callee) and all(
            place is None or (place not in mixed and (place == 0 or self._alone(results)))
            for place, mixed in zip(places, call.callee.mixed(*given), strict=True)
        )

    def module_apart(self, key: str) -> bool:
        """Whether a module keeps samples apart."""
        if key not in self._modules:
            module = self.program.modules[key]
            self._modules[key] = all(self.apart(module, call) for call in module.calls)
        return self._modules[key]

    def _alone(self, results: list[TensorType]) -> bool:
        """Whether samples have a dimension for themselves: [T, N] as one dimension has them in another order."""
        return all(equal(size, self.batch) is True for type in results for size in type.shape if self.counts(size))

    def sized(self, layer: Layer) -> bool:
        """Whether a layer computes with the number of samples."""
        return any(self.counts(size) for name, size in _sizes(layer) if name not in layer.sizes_of_result)


def _sizes(layer: Layer) -> Iterable[tuple[str, Expression]]:
    """The symbolic sizes in the arguments of a layer."""
    for name, value in layer:
        pending = [value]
        while pending:
            item = pending.pop()
            if isinstance(item, tuple):
                pending += item
            elif isinstance(item, Expression):
                yield name, item


class _Division:
    """The work of `in_parts`."""

    def __init__(self, program: Program, batch: Size, made: Set[str], evaluation: bool) -> None:
        self.program = program
        self.samples = _Samples(program, batch)
        self.evaluation = evaluation
        self.batchwise: list[Call] = []
        main = opened(program, lambda call: not self.samples.module_apart(str(call.callee)))
        self.main = main
        self.rows = {port.value for port in main.inputs if self.samples.within(main.values[port.value])}
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
        elif not inputs & self.rows:
            self._to_both(call)
        elif self.samples.apart(self.main, call):
            self.first.append(call)
            self.rows.update(call.outputs)
        elif not self._reduced(call):
            self._to_rest(call)

    def _to_rest(self, call: Call) -> None:
        self.rest.append(call)
        self.whole.update(call.outputs)

    def _to_both(self, call: Call) -> None:
        """A call without samples: random rows are drawn for each part, everything else random once."""
        random, sized = self._is_random(call), any(self.samples.within(self.types[name]) for name in call.outputs)
        if random and sized and self.samples.apart(self.main, call):
            self.first.append(call)
            self.rows.update(call.outputs)
        elif random or sized or (isinstance(call.callee, Layer) and self.samples.sized(call.callee)):
            self._to_rest(call)
        else:
            self.first.append(call)
            self.rest.append(call)

    def _is_random(self, call: Call) -> bool:
        if isinstance(call.callee, Layer):
            return call.callee.random
        return any(map(self._is_random, self.program.modules[call.callee].calls))

    def _reduced(self, call: Call) -> bool:
        """Whether a call makes its result of sums, which then are between the halves."""
        given = self.main.types(call.inputs)
        if not isinstance(call.callee, Layer) or any(self.samples.within(self.types[name]) for name in call.outputs):
            return False
        places = tuple(map(self.samples.place, given))
        if any(type and self.samples.within(type) and place is None for type, place in zip(given, places, strict=True)):
            return False
        pooled = call.callee.pooled(places, *given)
        if self.evaluation and call.callee.batchwise:
            pooled = "mean"
            self.batchwise.append(call)
        if pooled is None or self.samples.sized(call.callee):
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
        inputs = {port.value for port in main.inputs}
        rest, used = needed(self.rest, wanted, set(self.kinds) | self.rows)
        values = [name for name in self.types if name in used and (name in self.kinds or name in self.rows | inputs)]
        between = tuple(self._between(index, name) for index, name in enumerate(values))
        ports = tuple(Port(name=each.name, value=name) for each, name in zip(between, values, strict=True))
        given = tuple(port for each, port in zip(between, ports, strict=True) if each.given)
        others = tuple(port for port in main.inputs if port.value not in values)
        carriers = self._carriers(rest, others)
        return InParts(
            self._first(main, ports) if ports else None,
            half(self.program, main, rest, (*others, *ports), main.outputs, carriers),
            between,
            tuple((port.name, self.samples.place(self.types[port.value])) for port in others if port.value in carriers),
            self._first(main, given) if given else None,
            tuple(self.batchwise),
            self._is_linear(rest, {name for each, name in zip(between, values, strict=True) if not each.given}),
        )

    def _between(self, index: int, value: str) -> Between:
        kind = self.kinds.get(value) or ("rows" if value in self.rows else "same")
        place = self.samples.place(self.types[value]) or 0
        return Between(f"of_parts_{index}", kind, place, value in self.given)  # type: ignore[arg-type]

    def _first(self, main: Module, ports: tuple[Port, ...]) -> Program:
        calls = needed(self.first, {port.value for port in ports}, set())[0]
        return half(self.program, main, calls, main.inputs, ports, self._carriers(calls, main.inputs))

    def _carriers(self, calls: list[Call], inputs: Iterable[Port]) -> set[str]:
        """The inputs whose sizes some calls need."""
        wanted = {each for call in calls for name in call.outputs for size in self.types[name].shape
                  for each in symbols(size) if not call.inputs or isinstance(call.callee, str)}  # fmt: skip
        wanted |= {each for call in calls if isinstance(call.callee, Layer)
                   for _, size in _sizes(call.callee) for each in symbols(size)}  # fmt: skip
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
