"""The symbol of a program that counts samples: one along which every layer on the way keeps its places apart.

It is proven, from what the layers state (`Layer.mixed`, `Layer.regrouped`), or there is none: a convolution, a norm by
running statistics or an attention says that it treats samples apart, a mean over them that it does not. Each value has
an axis of samples, or is the same for all of them. The axis may hold several places of each sample, one sample behind
the other, as [N, heads, T, d] -> [N*heads, T, d] makes them; then layers treat those apart, too.
"""

from __future__ import annotations

from collections.abc import Iterator

from nnspec.dims import Size, Symbol, equal, product, symbols
from nnspec.ir.program import Call, Module, Place, Program, Scan
from nnspec.ir.state import layer_weights
from nnspec.layers.base import Layer
from nnspec.layers.continued import sizes_in
from nnspec.layers.tensor_type import TensorType
from nnspec.record import Record

BATCH = "nnspec.batch"  # the key under which a model file names the symbol that counts samples
Axes = tuple[int | None, ...]  # of samples in each of several values; None where a value is the same for all


class Batch(Record):
    """The symbol that counts samples, and its dimension in each input and output of the model in evaluation."""

    symbol: str
    inputs: Axes
    outputs: Axes

    @property
    def leads(self) -> bool:
        """Whether all inputs and outputs begin with it, so that samples can be put together and taken apart."""
        return {*self.inputs, *self.outputs} == {0}


class Obstacle(Record):
    """Why a symbol does not count samples: a layer that mixes places along it, or counts with it."""

    symbol: str
    layer: Layer | None = None
    place: Place | None = None
    path: str = ""  # of the layer in the model
    lead: bool = False  # the symbol is the first dimension of what the layer takes
    scanned: str = ""  # no layer, but a block that is applied step by step along the symbol

    @property
    def reason(self) -> str:
        """Why, in words."""
        if self.scanned:
            return f"the scan with {self.scanned} walks along {self.symbol}"
        if self.layer is None:
            return f"{self.symbol} is a part of other sizes of the inputs"
        named = f" ({self.path})" if self.path else ""
        return f"{self.layer.kind}{named} does not treat places along {self.symbol} apart"

    @property
    def only_moves(self) -> bool:
        """Whether the layer gives elements other places and computes nothing: samples may lie among each other then."""
        return self.layer is not None and type(self.layer).regrouped is not Layer.regrouped


class Mixed(Exception):
    """A layer on the way does not keep samples apart."""

    def __init__(self, call: Call, label: str = "", lead: bool = False) -> None:
        super().__init__()
        self.call = call
        self.labels = [label] if label else []
        self.lead = lead


def find_batch(program: Program) -> Batch | Obstacle | None:
    """The symbol that counts samples; else what is in the way of the first one; None where the first input has none.

    The symbols of the first input are tried in the order of its dimensions.
    """
    first: Obstacle | None = None
    for symbol in _candidates(program.main):
        found = Proof(program, symbol).batch()
        if isinstance(found, Batch):
            return found
        first = first or found
    return first


def along_first(program: Program) -> Batch | Obstacle | None:
    """Whether the first dimension of the first input counts samples; None where it is no symbol."""
    first = next(_candidates(program.main), None)
    shape = program.main.input_types[0].shape if program.main.inputs else ()
    return Proof(program, first).batch() if first is not None and str(shape[0]) == first.text else None


def batch_of(program: Program) -> Batch | None:
    """The symbol that counts samples, if there is one."""
    found = find_batch(program)
    return found if isinstance(found, Batch) else None


def _candidates(main: Module) -> Iterator[Symbol]:
    for size in main.input_types[0].shape if main.inputs else ():
        for symbol in symbols(size):
            if str(size) == symbol.text:
                yield symbol


def mixing_layer(program: Program, key: str, rows: Size) -> Call | None:
    """The call of a layer in a module, or below it, that does not treat apart the rows [rows, ...] it is given.

    That is one, too, that keeps statistics of the rows in training.
    """
    (symbol,) = symbols(rows)
    for each in Program.model_construct(entry=key, modules=program.modules).order:
        module = program.modules[each]
        for call in module.calls:
            layer = call.callee
            if isinstance(layer, Layer) and not layer.steady(training=True) and _keeps_statistics(module, call):
                return call
    try:
        Proof(program, symbol).outputs(key, (0,))
    except Mixed as mixed:
        return mixed.call
    return None


def _keeps_statistics(module: Module, call: Call) -> bool:
    return any(weight.buffer for weight in layer_weights(module, call))


class Proof:
    """Follows one symbol through a program; a module is walked once for the same axes of its inputs."""

    def __init__(self, program: Program, symbol: Symbol) -> None:
        self.program = program
        self.symbol = symbol
        self.known: dict[tuple[str, Axes], Axes] = {}

    def batch(self) -> Batch | Obstacle:
        """The symbol as the number of samples, or what is in the way."""
        name, main = self.symbol.text, self.program.main
        try:
            inputs = tuple(map(self._input_axis, main.input_types))
        except ValueError:
            return Obstacle(name)
        try:
            outputs = self.outputs(self.program.entry, inputs)
        except Mixed as mixed:
            callee, path = self.program.callee(mixed.call), ".".join(reversed(mixed.labels))
            layer, scanned = (callee, "") if isinstance(callee, Layer) else (None, callee.name)
            return Obstacle(name, layer, mixed.call.place, path, mixed.lead, scanned)
        used = (axis for axis, port in zip(outputs, main.outputs, strict=True) if not port.training)
        return Batch(name, inputs, tuple(used))

    def depends(self, size: Size) -> bool:
        """Whether a size depends on the symbol."""
        return self.symbol in symbols(size)

    def _input_axis(self, given: TensorType) -> int | None:
        """The dimension of an input that is the symbol.

        Raises:
            ValueError: it is a part of another size, or stands there twice.
        """
        found = [dim for dim, size in enumerate(given.shape) if self.depends(size)]
        if not found:
            return None
        (axis,) = found
        if str(given.shape[axis]) != self.symbol.text:
            raise ValueError(given)
        return axis

    def outputs(self, key: str, inputs: Axes) -> Axes:
        """The axes of a module's outputs, for those of its inputs."""
        if (key, inputs) not in self.known:
            self.known[key, inputs] = self._walk(self.program.modules[key], inputs)
        return self.known[key, inputs]

    def _walk(self, module: Module, inputs: Axes) -> Axes:
        axes = {port.value: axis for port, axis in zip(module.inputs, inputs, strict=True)}
        axes[""] = None  # an optional input that is absent
        for call in module.calls:
            if not call.training:
                given = tuple(axes[name] for name in call.inputs)
                axes.update(zip(call.outputs, self.called(module, call, given), strict=True))
        return tuple(axes.get(port.value) for port in module.outputs)

    def called(self, module: Module, call: Call, given: Axes) -> Axes:
        """The axes of the results of a call, for those of its inputs.

        Raises:
            Mixed: it does not keep samples apart.
        """
        if isinstance(call.callee, Layer):
            return self._layer(module, call, call.callee, given)
        try:
            if call.routed:
                return self._routed(module, call, given)
            scan = call.scan
            return self._scanned(module, call, scan, given) if scan else self._repeated(call, call.callee, given)
        except Mixed as mixed:
            if call.label:
                mixed.labels.append(call.label)
            raise

    def _repeated(self, call: Call, key: str, given: Axes) -> Axes:
        """A module, applied again to what it gave until nothing changes."""
        found = self.outputs(key, given)
        for _ in range(min(call.count, len(given) + 1) - 1):
            given = (*found, *given[len(found) :])
            found = self.outputs(key, given)
        return found

    def _routed(self, module: Module, call: Call, given: Axes) -> Axes:
        """Experts, which treat tokens apart: any dimension but the last one is kept."""
        (result,) = (module.values[name] for name in call.outputs)
        axes = {axis for axis in given if axis is not None}
        if len(axes) > 1 or axes & {result.rank - 1}:
            raise Mixed(self._first_layer(self.program.modules[str(call.callee)]))
        return (next(iter(axes), None),)

    def _scanned(self, module: Module, call: Call, scan: Scan, given: Axes) -> Axes:
        """A loop, which may walk along any dimension but the samples."""
        assert isinstance(call.callee, str)
        walked = {sequence.index: sequence.dim for sequence in scan.sequences}
        along_samples = any(given[index] == dim for index, dim in walked.items())
        if along_samples or self.depends(scan.length(module.types(call.inputs))):
            raise Mixed(call, lead=any(dim == 0 for dim in walked.values()))
        inside = [
            axis - 1 if axis is not None and axis > walked.get(index, axis) else axis
            for index, axis in enumerate(given)
        ]
        found = self.outputs(call.callee, tuple(inside))
        for _ in scan.carried:
            for each in scan.carried:
                inside[each.input] = found[each.output]
            found = self.outputs(call.callee, tuple(inside))
        results = list(found)
        for stacked in scan.stacked:
            axis = results[stacked.index]
            results[stacked.index] = axis + 1 if axis is not None and axis >= stacked.dim else axis
        return tuple(results)

    def _first_layer(self, module: Module) -> Call:
        """A call of a layer in a module, which says where a loop along the samples is."""
        for call in module.calls:
            if isinstance(call.callee, Layer):
                return call
            return self._first_layer(self.program.modules[call.callee])
        raise ValueError(f"{module.name} is empty")

    def _layer(self, module: Module, call: Call, layer: Layer, given: Axes) -> Axes:
        types = module.types(call.inputs)
        results = tuple(module.values[name] for name in call.outputs)
        grouped = layer.regrouped(*types)
        if grouped is not None:
            (type,), (axis,), (result,) = types, given, results
            assert type is not None
            if axis is None and not any(map(self.depends, result.shape)):
                return (None,)
            place = None if axis is None else self._outermost(type.shape, axis, grouped.split)
            if place is not None:
                sizes = tuple(grouped.split[dim] for dim in grouped.order)
                place = self._outermost(sizes, grouped.order.index(place), grouped.joined)
            if place is None or self._count(result.shape) != 1:
                raise Mixed(call, call.label or "", axis == 0)
            return (place,)
        if self.counts_with_it(layer):
            raise Mixed(call, call.label or "")
        for type, axis, mixed in zip(types, given, layer.mixed(*types), strict=True):
            if type is not None and axis is not None and (axis in mixed or self._count(type.shape) != 1):
                raise Mixed(call, call.label or "", axis == 0)
        lengths = [type.shape[axis] for type, axis in zip(types, given, strict=True) if type and axis is not None]
        return tuple(self._result_axis(call, result, lengths) for result in results)

    def _count(self, shape: tuple[Size, ...]) -> int:
        return sum(map(self.depends, shape))

    def counts_with_it(self, layer: Layer) -> bool:
        """Whether the number of samples is an argument, other than as a size of the result."""
        return any(
            name not in layer.sizes_of_result and any(map(self.depends, sizes_in(value)))
            for name, value in layer.settings().items()
        )

    def _result_axis(self, call: Call, result: TensorType, sizes: list[Size]) -> int | None:
        """The axis of a result: the one dimension with the symbol, as long as those of the inputs."""
        found = [dim for dim, size in enumerate(result.shape) if self.depends(size)]
        if not found and not sizes:
            return None
        if len(found) != 1 or not all(equal(result.shape[found[0]], size) for size in sizes):
            raise Mixed(call, call.label or "", True)
        return found[0]

    def _outermost(self, before: tuple[Size, ...], axis: int, after: tuple[Size, ...]) -> int | None:
        """Where the samples of dimension `axis` are after a reshape, if they lie one behind the other there, too."""
        ahead = product(before[:axis])
        places = (place for place, size in enumerate(after) if self.depends(size))
        place = next(places, None)
        return place if place is not None and equal(product(after[:place]), ahead) else None
