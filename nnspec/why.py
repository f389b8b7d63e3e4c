"""Why a layer of a model has its shape and its counts: the arithmetic, with the numbers and symbols of that model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from nnspec.diagnostics import Diagnostic, Source, SpecError, nearest
from nnspec.dims import Size, Undecidable, equal, exact_divide, operand, product, substitute
from nnspec.ir import Call, Module, Program
from nnspec.ir.batch import batch_of
from nnspec.ir.macs import call_macs, macs
from nnspec.ir.state import applied, layer_weights, reached, totals, weights_total
from nnspec.layers.base import Layer, Weight
from nnspec.layers.batched import Batched
from nnspec.layers.tensor_type import TensorType
from nnspec.record import Record


class NoSuchLayer(Diagnostic):
    """A layer was asked about at a path where the model has none. Paths are those of the `state_dict`."""

    code = "E0507"
    path: str
    model: str
    suggestion: str | None

    @property
    def message(self) -> str:
        return f"{self.model} has no layer at {self.path}"

    @property
    def help(self) -> str | None:
        if self.suggestion:
            return f"did you mean {self.suggestion}?"
        return "`nnspec summary` lists the layers; write their labels with dots between: layer1.0.conv1"


class Reason(Record):
    """A number of a layer and how it comes about; `text` is its arithmetic, in Python's notation."""

    subject: str
    value: Size
    text: str
    parts: tuple[str, ...] = ()  # of a sum: the step that each term is from

    def __str__(self) -> str:
        shown = _for_people(str(self.value))
        if self.parts:
            terms = [_for_people(term.strip("()")) for term in self.text.split(" + ")]
            return f"{self.subject}: {shown} = " + " + ".join(map("{} ({})".format, terms, self.parts))
        return f"{self.subject}: {shown}" + (f" = {_for_people(self.text)}" if self.text != str(self.value) else "")


class Why(Record):
    """The reasons of a layer or block at a path of a model."""

    path: str
    place: str  # file and line; "" where the text is not at hand
    step: str  # as the spec writes it, or the name of its layer or block
    inputs: tuple[TensorType | None, ...]
    outputs: tuple[TensorType, ...]
    reasons: tuple[Reason, ...]

    def __str__(self) -> str:
        given = ", ".join(f"{each.dtype}{each}" for each in self.inputs if each is not None)
        results = ", ".join(f"{each.dtype}{each}" for each in self.outputs)
        lines = [f"{self.path}{f' ({self.place})' if self.place else ''}", self.step]
        return "\n  ".join([*lines, f"{given or 'nothing'} -> {results}", *map(str, self.reasons)])

    __repr__ = __str__  # what an interactive Python shows


def paths(program: Program) -> Iterator[str]:
    """The paths of all layers and blocks of a model, as in its `state_dict`; of repeats the first application only."""
    return (path for path, _ in labelled(program))


def labelled(program: Program) -> Iterator[tuple[str, Call]]:
    """The calls of all layers and blocks of a model, each with its path; of repeats the first application only."""

    def below(module: Module, prefix: str) -> Iterator[tuple[str, Call]]:
        for call in module.calls:
            if call.label is not None and not call.shared:
                path = prefix + call.label
                yield path, call
                if isinstance(call.callee, str):
                    yield from below(program.modules[call.callee], f"{path}.")

    return below(program.main, "")


def why(program: Program, path: str, sources: Mapping[str, Source] | None = None) -> Why | None:
    """The reasons of the layer or block at a path; None where there is none.

    Args:
        program: the model.
        path: as in its `state_dict`, without the name of a weight.
        sources: the texts that the places of the program refer to, by the names of their files.
    """
    found = reached(program, program.main, path)
    if found is None or found.rest:
        return None
    module, call = found.module, found.call
    types, outputs = module.types(call.inputs), tuple(module.values[name] for name in call.outputs)
    counted = batch_of(program)
    one: dict[str, Size] = {counted.symbol: 1} if counted else {}
    if isinstance(call.callee, str):
        reasons = _of_block(program, program.modules[call.callee], call.callee, one)
    else:
        reasons = _of_layer(call.callee, types, outputs[0], one)
    return Why(path, *_step(program, call, sources or {}), types, outputs, tuple(reasons))


def explained(program: Program, path: str, sources: Mapping[str, Source]) -> Why:
    """As `why`.

    Raises:
        SpecError: there is no layer at the path.
    """
    found = why(program, path, sources)
    if found is None:
        raise SpecError.of(NoSuchLayer(None, path, program.main.name, nearest(path, paths(program))))
    return found


def _step(program: Program, call: Call, sources: Mapping[str, Source]) -> tuple[str, str]:
    """The place of a step, and its text; the name of its layer or block where that is not at hand."""
    source = sources.get(call.place.file) if call.place else None
    if source is None or call.place is None:
        return "", program.modules[call.callee].name if isinstance(call.callee, str) else call.callee.kind
    line, _ = source.position(call.place.start)
    text = " ".join(source.text[call.place.start : call.place.end].split())
    text = re.sub(r"(?<=[(\[]) | (?=[)\]])", "", text)
    return f"{source.name}:{line}", text


def _of_layer(
    layer: Layer, types: Sequence[TensorType | None], result: TensorType, one: dict[str, Size]
) -> Iterator[Reason]:
    if isinstance(layer, Batched) and layer.single(*types):
        batch: Sequence[TensorType | None] = layer.as_batch(*types)
    else:
        batch = types
    sizes = layer.arithmetic(*batch)
    for dim, text in enumerate(sizes, start=result.rank - len(sizes)):
        yield Reason(f"dimension {dim}", result.shape[dim], text)
    weights = layer.weights(*types)
    for subject, buffers in (("parameters", False), ("buffers", True)):
        chosen = [weight for weight in weights if weight.buffer is buffers]
        if chosen:
            yield Reason(subject, sum(weight.elements for weight in chosen), _elements(chosen))
    cost = substitute(layer.macs(*types), one)
    if cost != 0:
        yield Reason(_macs_of(one), cost, _uses(cost, weights, result, one))


def _macs_of(one: Mapping[str, Size]) -> str:
    return "multiply-accumulates" + "".join(f" ({symbol} = {size})" for symbol, size in one.items())


def _uses(cost: Size, weights: Sequence[Weight], result: TensorType, one: Mapping[str, Size]) -> str:
    """Multiply-accumulates as the elements of the matrices, times how often each is used."""
    matrices = [weight for weight in weights if len(weight.shape) > 1 and not weight.buffer]
    largest = sorted(matrices, key=lambda weight: weight.elements)[-1:]  # a normed one has its lengths beside it
    for chosen in (matrices, largest):
        elements = sum(weight.elements for weight in chosen)
        try:
            times = exact_divide(cost, elements) if elements else 0
        except Undecidable:
            continue
        if times == 1:
            return _elements(chosen)
        if times != 0:
            return _repeated(times, elements, result, one)
    return str(cost)


def _elements(weights: Sequence[Weight]) -> str:
    """The number of elements of some weights, as a sum of products."""
    return " + ".join(" * ".join(map(str, weight.shape)) or "1" for weight in weights)


def _repeated(times: Size, elements: int, result: TensorType, one: Mapping[str, Size]) -> str:
    """A number of elements, times the sizes of the result that say how often each is used."""
    sizes = [size for size in (substitute(size, one) for size in result.shape) if size != 1]
    behind = (sizes[first:] for first in range(len(sizes)))  # a convolution: once for each place of its result
    places = next((chosen for chosen in behind if equal(product(chosen), times)), [times])
    return " * ".join(operand(size) for size in (*places, elements))


def _of_block(program: Program, module: Module, key: str, one: Mapping[str, Size]) -> Iterator[Reason]:
    """The counts of a block as the sums of those of its steps."""
    below, costs = totals(program), macs(program)
    counts: list[tuple[str, Size]] = []
    steps: list[tuple[str, Size]] = []
    for call in module.calls:
        *_, last = call.labels if call.label else ("",)
        name = call.label if call.count == 1 else f"{call.label}..{last.rpartition('.')[2]}"
        name = name or (call.callee if isinstance(call.callee, str) else call.callee.kind)
        steps.append((name, 0 if call.training else substitute(call_macs(module, call, costs), one)))
        if call.label is not None and not call.shared:
            own = below[call.callee] if isinstance(call.callee, str) else weights_total(layer_weights(module, call))
            counts.append((name, applied(module, call, own).parameters))
    yield from _sum("parameters", below[key].parameters, counts)
    yield from _sum(_macs_of(one), substitute(costs[key], one), steps)


def _sum(subject: str, total: Size, terms: Sequence[tuple[str, Size]]) -> Iterator[Reason]:
    """A sum of several terms; what is tied to other weights counts once."""
    shown = [(name, size) for name, size in terms if size != 0]
    if total == 0:
        return
    rest = total - sum((size for _, size in shown), 0)
    if rest != 0:
        shown.append(("tied", rest))
    if len(shown) == 1:
        yield Reason(subject, total, str(total))
    else:
        yield Reason(subject, total, " + ".join(operand(size) for _, size in shown), tuple(name for name, _ in shown))


def _for_people(text: str) -> str:
    """Arithmetic as people write it."""
    text = text.replace(" * ", " · ").replace("*", "·").replace(" - ", " − ")
    return re.sub(r"\d{4,}", lambda digits: f"{int(digits[0]):,}", text)
