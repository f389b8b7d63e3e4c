"""The receptive field of each value: how many places of the first picture or sequence one place of it depends on.

Along each axis of that input the field is followed from what the layers state. A window of extent k widens it by k - 1
jumps, and the jump, from the field of one place to that of the next, grows by the stride (`Layer.sight`). Views and
regroupings move the axis to other dimensions. Where a layer mixes places along all dimensions that the axis lies in,
the field is all of the input; along some of them, it is unknown. Several inputs have the largest of their fields.

Fields are relative, so that a module is walked once however wide the field is that it is given.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from nnspec.dims import Size, equal, product, symbol, symbols
from nnspec.ir.batch import batch_of
from nnspec.ir.program import Call, Module, Program
from nnspec.layers.base import Layer
from nnspec.layers.reshaping import Regrouping
from nnspec.layers.tensor_type import LayerError, TensorType
from nnspec.layers.window import Sight
from nnspec.record import Record

Extent = Fraction | Literal["all"] | None  # None where it is unknown
ROUNDS = 1000  # of a repeat whose field grows otherwise each time


NOWHERE = frozenset({-1})  # the dimensions of what is unknown: it stays so whatever is mixed


class Reach(Record):
    """The field along one axis of the input: `size`, and `span` jumps more, of which whole ones count.

    The jump is that where there were last as many places or fewer. Places that were made of one see the same, so that
    a window over some of them reaches less far than so many of their steps.
    """

    dims: frozenset[int]  # the dimensions of the value along which the axis lies; none: the value is at one place of it
    size: Extent = Fraction(1)
    jump: Fraction = Fraction(1)
    span: Fraction = Fraction(0)
    step: Fraction = Fraction(1)  # in jumps, from one place to the next

    @property
    def extent(self) -> int | Literal["all"] | None:
        """How many places of the input it is."""
        return int(self.size + int(self.span) * self.jump) if isinstance(self.size, Fraction) else self.size

    def wider(self, sight: Sight) -> Reach:
        """The field of what sees places of this one."""
        if self.size == "all" or sight.span == "all":
            return self.of("all")
        if self.size is None or sight.span is None:
            return self.of(None)
        span, step = self.span + sight.span * self.step, self.step * sight.step
        if span.denominator == step.denominator == 1:
            return Reach(self.dims, self.size + span * self.jump, self.jump * step)
        return self.replace(span=span, step=step)

    def of(self, size: Extent) -> Reach:
        """Another size in the same place."""
        return self.replace(size=size, dims=NOWHERE if size is None else self.dims)

    def at(self, dims: frozenset[int]) -> Reach:
        """The same size in another place; what is unknown has none."""
        return self.replace(dims=NOWHERE if self.size is None else dims)


Field = tuple[Reach, ...]  # for each axis
Seen = Field | None  # None for what does not depend on the input
Origin = tuple[tuple[Fraction, Fraction], ...]  # for each axis, a size and a jump
Growth = tuple[Fraction, Fraction]  # of a size and of a span


class Fields:
    """The fields in a program, computed as they are asked for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.known: dict[tuple[str, tuple[Seen, ...]], dict[str, Seen]] = {}
        self.inputs = _inputs(program)

    def after(self, blocks: tuple[Call, ...], call: Call) -> Seen:
        """The field of the first result of a call, in the first applications of these calls of blocks."""
        key, given = self.program.entry, self.inputs
        for block in blocks:
            values = self._values(key, given)
            given, key = tuple(values[name] for name in block.inputs), str(block.callee)
            if block.scan or block.routed:  # of single steps, or of tokens that were chosen
                known = [each for each in given if each is not None]
                inside = _unknown(_largest(known)) if known else None
                given = (inside,) * len(self.program.modules[key].inputs)
        return self._values(key, given)[call.outputs[0]]

    def _values(self, key: str, given: tuple[Seen, ...]) -> dict[str, Seen]:
        """The fields of all values of a module."""
        origin = _origin(given)
        relative = tuple(_moved(each, origin, back=True) for each in given)
        if (key, relative) not in self.known:
            self.known[key, relative] = self._walk(self.program.modules[key], relative)
        return {name: _moved(each, origin) for name, each in self.known[key, relative].items()}

    def _walk(self, module: Module, given: tuple[Seen, ...]) -> dict[str, Seen]:
        values = {port.value: each for port, each in zip(module.inputs, given, strict=True)}
        values[""] = None
        for call in module.calls:
            found = self._called(module, call, tuple(values[name] for name in call.inputs))
            values.update(zip(call.outputs, found, strict=True))
        return values

    def _called(self, module: Module, call: Call, given: tuple[Seen, ...]) -> tuple[Seen, ...]:
        if all(each is None for each in given):
            return (None,) * len(call.outputs)
        if call.routed:  # experts treat tokens apart
            rank = module.values[call.outputs[0]].rank
            return (_largest([_mixing(each, {rank - 1}) for each in given if each is not None]),)
        if call.scan:
            return (_unknown(_largest([each for each in given if each is not None])),) * len(call.outputs)
        if call.count == 1:
            return self._once(module, call, given)
        grown = None
        for done in range(min(call.count, ROUNDS)):
            found = self._once(module, call, given)
            before, given = given[: len(found)], (*found, *given[len(found) :])
            growth, grown = grown, _growth(before, found)
            still = grown is not None and not any(map(any, grown))
            if grown is not None and (still or (len(found) == 1 and growth == grown)):
                return found if still else (_grown(found[0], grown, call.count - done - 1),)
        return found if call.count <= ROUNDS else tuple(each and _unknown(each) for each in found)

    def _once(self, module: Module, call: Call, given: tuple[Seen, ...]) -> tuple[Seen, ...]:
        if isinstance(call.callee, str):
            values = self._values(call.callee, given)
            return tuple(values[port.value] for port in self.program.modules[call.callee].outputs)
        types = module.types(call.inputs)
        return _through(call.callee, types, tuple(module.values[name] for name in call.outputs), given)


def _inputs(program: Program) -> tuple[Seen, ...]:
    """The fields of the inputs: of the first picture or sequence, its places; none of the others."""
    found: list[Seen] = []
    batch, ports = batch_of(program), zip(program.main.inputs, program.main.input_types, strict=True)
    for index, (port, type) in enumerate(ports):
        axes = () if any(found) else _axes(program, port.value, type, batch.inputs[index] if batch else None)
        found.append(tuple(Reach(frozenset({axis})) for axis in axes) or None)
    return tuple(found)


def _axes(program: Program, value: str, type: TensorType, samples: int | None) -> tuple[int, ...]:
    """The dimensions of an input that are places of a picture or sequence, as the first layer that takes it says.

    `samples` is the dimension of samples, where it is known.
    """
    module, taker, time_first = program.main, None, False
    while taker is None:
        call = next((call for call in module.calls if value in call.inputs), None)
        if call is None or call.scan:
            break
        if isinstance(call.callee, Layer):
            taker = call.callee
            mixed = taker.mixed(*module.types(call.inputs))[call.inputs.index(value)]
            time_first = 0 in mixed and 1 not in mixed
            slid = len(taker.sight(*module.types(call.inputs))) if call.inputs[0] == value else 0
            if slid and taker.samples_apart:
                return tuple(range(type.rank - slid, type.rank))
        else:
            module = program.modules[call.callee]
            value = module.inputs[call.inputs.index(value)].value
    if type.rank > 3 or (type.rank == 3 and taker is not None and taker.samples_apart):
        return tuple(range(2, type.rank))
    sequence = type.rank == 3 or (type.rank == 2 and type.dtype == "int")
    if sequence and (samples is not None or isinstance(type.shape[0], int)):  # else it might be [T, N]
        return (0,) if samples == 1 or (samples is None and time_first) else (1,)
    return ()


def _through(
    layer: Layer, types: tuple[TensorType | None, ...], results: tuple[TensorType, ...], given: tuple[Seen, ...]
) -> tuple[Seen, ...]:
    """The fields of the results of a layer."""
    plan = layer.regrouped(*types)
    views = layer.views(*types) if plan is None else ()
    sight = layer.sight(*types)
    first, shape = given[0], types[0].shape if types[0] else ()
    if first is not None and plan is not None:
        return (tuple(_regrouped(each, plan, shape) for each in first),)
    if first is not None and views:
        return tuple(
            tuple(each.at(frozenset(at for at, dim in enumerate(view.dims) if dim in each.dims)) for each in first)
            for view in views
        )
    if sight:
        moves = {len(shape) - len(sight) + at: move for at, move in enumerate(sight)}
        taken = [each for each in (given if layer.variadic else given[:1]) if each is not None]
        taken = taken or [_unknown(each) for each in given if each is not None]
        mixed = set(layer.mixed(*types)[0]) - set(moves)
        return (_largest([_slid(_mixing(each, mixed), moves) for each in taken]),) * len(results)
    fields: list[Seen] = []
    for each, along in zip(given, layer.mixed(*types), strict=True):
        fields.append(each if each is None or layer.rearranges else _mixing(each, set(along)))
    return _located(layer, types, results, tuple(fields))


def _mixing(field: Field, along: set[int]) -> Field:
    """The field of what mixes places along some dimensions."""
    return tuple(
        each if not each.dims & along else each.of("all" if each.dims <= along or each.size == "all" else None)
        for each in field
    )


def _slid(field: Field, moves: dict[int, Sight]) -> Field:
    """The field of what slides along some dimensions: where they are not each an axis, it is unknown."""
    made = []
    for each in field:
        moving = [moves[dim] for dim in each.dims if dim in moves and not moves[dim].still]
        alone = len(each.dims) == 1 and sum(each.dims == other.dims for other in field) == 1
        made.append(each.wider(moving[0] if alone else Sight(None)) if moving else each)
    return tuple(made)


def _regrouped(reach: Reach, plan: Regrouping, shape: tuple[Size, ...]) -> Reach:
    """The axis in what a regrouping gives."""
    split = _covered(reach.dims, shape, plan.split)
    permuted = None if split is None else frozenset(at for at, dim in enumerate(plan.order) if dim in split)
    sizes = tuple(plan.split[dim] for dim in plan.order)
    joined = None if permuted is None else _covered(permuted, sizes, plan.joined)
    return reach.of(None if reach.size != "all" else "all") if joined is None else reach.at(joined)


def _covered(dims: frozenset[int], before: tuple[Size, ...], after: tuple[Size, ...]) -> frozenset[int] | None:
    """The dimensions of a reshape that elements of these dimensions are told apart by; None where it cannot be told."""
    found: set[int] = set()
    first = start = 0
    for last in range(1, len(before) + 1):
        stops = range(start, len(after) + 1)
        stop = next((at for at in stops if equal(product(after[start:at]), product(before[first:last]))), None)
        if stop is None:
            continue
        if dims & set(range(first, last)):
            found |= {dim for dim in range(start, stop) if after[dim] != 1} or set(range(start, stop))
        first, start = last, stop
    return frozenset(found) if first == len(before) else None


def _located(
    layer: Layer, types: tuple[TensorType | None, ...], results: tuple[TensorType, ...], given: tuple[Seen, ...]
) -> tuple[Seen, ...]:
    """The axes in the results of a layer: where a size of theirs goes."""
    marked: list[TensorType | None] = []
    for type, field in zip(types, given, strict=True):
        sizes = list(type.shape) if type else []
        for dim in range(len(sizes) if field else 0):
            axes = [str(axis) for axis, each in enumerate(field or ()) if dim in each.dims and each.size != "all"]
            sizes[dim] = symbol(f"axis {' '.join(axes)}") if axes else sizes[dim]
        marked.append(type.with_shape(*sizes) if type else None)
    fields = [each for each in given if each is not None]
    try:
        shapes = [type.shape for type in layer.results(*marked)]
    except LayerError:
        return tuple(_in_place(fields, given, types, result) for result in results)
    largest = _largest(fields)
    made = []
    for shape in shapes:
        names = [{name for each in symbols(size) for name in each.text.split()[1:]} for size in shape]
        made.append(
            tuple(
                each.at(frozenset(dim for dim, found in enumerate(names) if str(axis) in found))
                for axis, each in enumerate(largest)
            )
        )
    return tuple(made)


def _in_place(
    fields: list[Field], given: tuple[Seen, ...], types: tuple[TensorType | None, ...], result: TensorType
) -> Field:
    """The axes in a result whose dimensions are those of the inputs, counted from the end; else it is unknown."""
    placed = []
    for field, type in zip(given, types, strict=True):
        if field is None or type is None:
            continue
        more = result.rank - type.rank
        fits = all(
            dim + more >= 0 and equal(result.shape[dim + more], type.shape[dim])
            for each in field
            for dim in each.dims
            if isinstance(each.size, Fraction)
        )
        if not fits:
            return _unknown(_largest(fields))
        placed.append(tuple(each.at(frozenset(dim + more for dim in each.dims)) for each in field))
    return _largest(placed)


def _largest(fields: list[Field]) -> Field:
    """The largest of fields, along each axis."""
    return tuple(map(_larger, zip(*fields, strict=True)))


def _larger(reaches: tuple[Reach, ...]) -> Reach:
    dims = frozenset[int]().union(*(each.dims for each in reaches))
    whole = next((each for each in reaches if each.size == "all"), None)
    unknown = next((each for each in reaches if each.size is None), None)
    found = whole or unknown or max(reaches, key=_width)
    return found.at(dims)


def _width(reach: Reach) -> tuple[Fraction, Fraction]:
    assert isinstance(reach.size, Fraction), "compared with what is unknown"
    return reach.size + int(reach.span) * reach.jump, reach.span * reach.jump


def _unknown(field: Field) -> Field:
    return tuple(each.of("all" if each.size == "all" else None) for each in field)


def _origin(given: tuple[Seen, ...]) -> Origin:
    """What the fields of a module's inputs are told from: the first of them."""
    first = next((each for each in given if each is not None), ())
    return tuple((each.size if isinstance(each.size, Fraction) else Fraction(0), each.jump) for each in first)


def _moved(field: Seen, origin: Origin, back: bool = False) -> Seen:
    """A field told from an origin, in absolute terms; or `back`."""
    if field is None:
        return None
    made = []
    for each, (size, jump) in zip(field, origin, strict=True):
        if not isinstance(each.size, Fraction):
            made.append(each.replace(jump=Fraction(1)))
        elif back:
            made.append(each.replace(size=(each.size - size) / jump, jump=each.jump / jump))
        else:
            made.append(each.replace(size=each.size * jump + size, jump=each.jump * jump))
    return tuple(made)


def _growth(before: tuple[Seen, ...], after: tuple[Seen, ...]) -> tuple[Growth, ...] | None:
    """By how much fields have grown; None where they have changed otherwise, too."""
    found: list[Growth] = []
    for one, other in zip(before, after, strict=True):
        if one is None or other is None:
            if one is not other:
                return None
            continue
        for first, second in zip(one, other, strict=True):
            if (first.dims, first.jump, first.step) != (second.dims, second.jump, second.step):
                return None
            if isinstance(first.size, Fraction) and isinstance(second.size, Fraction):
                found.append((second.size - first.size, second.span - first.span))
            elif first.size == second.size:
                found.append((Fraction(0), Fraction(0)))
            else:
                return None
    return tuple(found)


def _grown(field: Seen, growth: tuple[Growth, ...], times: int) -> Seen:
    """A field that has grown as much so many times more."""
    return field and tuple(
        each.replace(size=each.size + size * times, span=each.span + span * times)
        if isinstance(each.size, Fraction)
        else each
        for each, (size, span) in zip(field, growth, strict=True)
    )
