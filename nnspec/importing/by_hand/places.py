"""`Places`: tensors that are made of nothing but the places of their elements, as positions and the masks made of them.

A mask says which keys a query sees by comparing their places, in many ways: `tril(ones)`, `arange(T)[:, None] >=
arange(T)`, positions that are taken apart and put together. Each is brought into one form: an element is whole number
of the form `constant + factor * place + ...`, or a truth value that holds where such numbers are at most 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnspec.dims import Size, at_least, equal
from nnspec.importing.by_hand.graph import Graph
from nnspec.importing.network import Operation, Stored
from nnspec.record import Record

LOW = -1e4  # a score that is less than others by this has a weight of zero


class Numbers(Record):
    """Whole numbers, `constant` and for each dimension `factor` times the place along it."""

    constant: Size
    factors: tuple[Size, ...]

    def plus(self, other: Numbers, times: int = 1) -> Numbers:
        """The sum with another, or a multiple of it."""
        rank = max(len(self.factors), len(other.factors))
        left, right = (_padded(each.factors, rank) for each in (self, other))
        factors = tuple(a + b * times for a, b in zip(left, right, strict=True))
        return Numbers(self.constant + other.constant * times, factors)

    @property
    def fixed(self) -> int | None:
        """The number, where all are the same and known."""
        return self.constant if isinstance(self.constant, int) and not any(self.factors) else None


class Truths(Record):
    """Truth values: true where all of these numbers are at most 0."""

    conditions: tuple[Numbers, ...]

    @property
    def fixed(self) -> bool | None:
        """Whether all are true, or none is; None where it depends on the place."""
        if any((each.fixed or 0) > 0 for each in self.conditions):
            return False
        return None if self.conditions else True


class Untrue(Record):
    """Truth values: true where these are not."""

    truths: Truths


class Counted(Record):
    """Ones where something is true, zeros elsewhere."""

    truths: Truths


class Distance(Record):
    """How far numbers are from zero."""

    numbers: Numbers


class Hiding(Record):
    """Numbers that are added to scores: zeros where something is seen, elsewhere so low that it is not."""

    seen: Truths


Form = Numbers | Truths | Untrue | Counted | Distance | Hiding | None


def _padded(factors: tuple[Size, ...], rank: int) -> tuple[Size, ...]:
    return (0,) * (rank - len(factors)) + factors


class Places:
    """Finds the forms of values."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.known: dict[str, Form] = {}

    def of(self, value: str | None) -> Form:
        """The form of a value; None where it has none."""
        if value is None:
            return None
        if value not in self.known:
            self.known[value] = None
            operation = self.graph.made.get(value)
            if operation is not None and not isinstance(operation.layer, Stored):
                rule = _RULES.get(operation.layer.kind)
                self.known[value] = None if rule is None else self._least(value, rule(self, operation))
        return self.known[value]

    def _least(self, value: str, form: Form) -> Form:
        """A form without what says nothing: factors of dimensions of one place, conditions that always hold."""
        shape = self.graph.shape(value)
        if isinstance(form, Numbers):
            factors = _padded(form.factors, len(shape))
            return Numbers(form.constant, tuple(0 if size == 1 else f for f, size in zip(factors, shape, strict=True)))
        if isinstance(form, Truths):
            numbers = [self._least(value, each) for each in form.conditions]
            left = tuple(each for each in numbers if isinstance(each, Numbers) and not _always(each, shape))
            return Truths(tuple(dict.fromkeys(left)))
        if isinstance(form, Untrue):
            inner = self._least(value, form.truths)
            return negated(inner) if isinstance(inner, Truths) else None
        return form

    def numbers(self, value: str | None) -> Numbers | None:
        """The form of whole numbers."""
        found = self.of(value)
        return found if isinstance(found, Numbers) else None

    def second(self, operation: Operation) -> Form:
        """The second operand, a value or a number."""
        scalar = getattr(operation.layer, "scalar", None)
        if scalar is None:
            return self.of(operation.inputs[1])
        return Numbers(scalar, ()) if isinstance(scalar, int) or not isinstance(scalar, float) else None

    def pair(self, operation: Operation) -> tuple[Form, Form]:
        """Both operands, in their order."""
        first, second = self.of(operation.inputs[0]), self.second(operation)
        return (second, first) if getattr(operation.layer, "scalar_first", False) else (first, second)


def _always(numbers: Numbers, shape: tuple[Size, ...]) -> bool:
    """Whether numbers are at most 0 at every place."""
    most: Any = numbers.constant
    for factor, size in zip(numbers.factors, shape, strict=True):
        if not isinstance(factor, int):
            return False
        if factor > 0:
            most = most + factor * (size - 1)
    return at_least(0, most)


def negated(form: Form) -> Truths | Untrue | None:
    """What is true where this is not."""
    if isinstance(form, Untrue):
        return form.truths
    if not isinstance(form, Truths):
        return None
    if form.fixed is not None:
        return _fixed(not form.fixed)
    if len(form.conditions) != 1:
        return Untrue(form)
    return Truths((Numbers(1, ()).plus(form.conditions[0], -1),))


def _fixed(truth: bool) -> Truths:
    return Truths(()) if truth else Truths((Numbers(1, ()),))


# --- rules, one for each layer

Rule = Callable[[Places, Operation], Form]


def _source(places: Places, operation: Operation) -> Form:
    layer: Any = operation.layer
    rank = len(places.graph.shape(operation.outputs[0]))
    if layer.kind == "Range":
        return Numbers(layer.start, (layer.step,))
    value = {"Zeros": 0, "Ones": 1}.get(layer.kind, getattr(layer, "value", None))
    dtype = places.graph.types[operation.outputs[0]].dtype
    if dtype == "bool" and isinstance(value, (bool, int)):
        return Truths(() if value else (Numbers(1, ()),))
    if isinstance(value, float) and value.is_integer() and dtype == "float":
        return Numbers(int(value), (0,) * rank) if abs(value) < 2**40 else Numbers(-(2**62), (0,) * rank)
    return Numbers(value, (0,) * rank) if isinstance(value, int) and not isinstance(value, bool) else None


def _moved(change: Callable[[Places, Operation, tuple[Size, ...]], tuple[Size, ...] | None]) -> Rule:
    """The rule of a layer that gives the dimensions other places."""

    def of_form(places: Places, operation: Operation, form: Form) -> Form:
        if isinstance(form, Numbers):
            rank = len(places.graph.shape(operation.inputs[0] or ""))
            moved = change(places, operation, _padded(form.factors, rank))
            return None if moved is None else Numbers(form.constant, moved)
        if isinstance(form, Truths):
            made = [of_form(places, operation, each) for each in form.conditions]
            return Truths(tuple(each for each in made if isinstance(each, Numbers))) if all(made) else None
        inner = (form.truths if isinstance(form, (Counted, Untrue)) else form.numbers if isinstance(form, Distance)
                 else form.seen if isinstance(form, Hiding) else None)  # fmt: skip
        found = None if inner is None else of_form(places, operation, inner)
        return None if found is None or form is None else type(form)(found)  # type: ignore[arg-type]

    return lambda places, operation: of_form(places, operation, places.of(operation.inputs[0]))


def _unsqueezed(places: Places, operation: Operation, factors: tuple[Size, ...]) -> tuple[Size, ...]:
    dim = operation.layer.dim % (len(factors) + 1)  # type: ignore[union-attr]
    return (*factors[:dim], 0, *factors[dim:])


def _squeezed(places: Places, operation: Operation, factors: tuple[Size, ...]) -> tuple[Size, ...]:
    gone = operation.layer.dim  # type: ignore[union-attr]
    dims = {each % len(factors) for each in (gone if isinstance(gone, tuple) else (gone,))}
    return tuple(each for dim, each in enumerate(factors) if dim not in dims)


def _stretched(places: Places, operation: Operation, factors: tuple[Size, ...]) -> tuple[Size, ...]:
    return _padded(factors, len(places.graph.shape(operation.outputs[0])))


def _transposed(places: Places, operation: Operation, factors: tuple[Size, ...]) -> tuple[Size, ...]:
    layer: Any = operation.layer
    order = list(range(len(factors)))
    one, other = layer.dim0 % len(factors), layer.dim1 % len(factors)
    order[one], order[other] = order[other], order[one]
    return tuple(factors[each] for each in order)


def _permuted(places: Places, operation: Operation, factors: tuple[Size, ...]) -> tuple[Size, ...]:
    layer: Any = operation.layer
    return tuple(factors[each % len(factors)] for each in layer.dims)


def _part(places: Places, operation: Operation) -> Form:
    """Slices and single places."""
    return _sliced(places, operation, places.of(operation.inputs[0]))


def _sliced(places: Places, operation: Operation, form: Form) -> Form:
    if isinstance(form, Truths):
        made = [_sliced(places, operation, each) for each in form.conditions]
        return Truths(tuple(each for each in made if isinstance(each, Numbers))) if all(made) else None
    if isinstance(form, Hiding):
        seen = _sliced(places, operation, form.seen)
        return Hiding(seen) if isinstance(seen, Truths) else None
    if not isinstance(form, Numbers):
        return None
    shape = places.graph.shape(operation.inputs[0] or "")
    items = list(operation.layer.items)  # type: ignore[union-attr]
    if "..." in items:
        place = items.index("...")
        items[place : place + 1] = [("slice", None, None, None)] * (len(shape) - len(items) + 1)
    constant, factors = form.constant, []
    for dim, (factor, size) in enumerate(zip(_padded(form.factors, len(shape)), shape, strict=True)):
        item = items[dim] if dim < len(items) else ("slice", None, None, None)
        start, step = (item[1] or 0, item[3] or 1) if isinstance(item, tuple) else (item, 0)
        if isinstance(start, str) or (not isinstance(factor, int) and not isinstance(start, int)):
            return None
        if isinstance(start, int) and start < 0:
            start = size + start
        constant = constant + start * factor if factor != 0 else constant
        if step:
            factors.append(factor * step)
    return Numbers(constant, tuple(factors))


def _sum(times: int) -> Rule:
    def rule(places: Places, operation: Operation) -> Form:
        left, right = places.pair(operation)
        if isinstance(left, Numbers) and isinstance(right, Numbers):
            return left.plus(right, times)
        hidings = [each for each in (left, right) if isinstance(each, Hiding)]
        if times == 1 and len(hidings) == 2:
            return Hiding(Truths((*hidings[0].seen.conditions, *hidings[1].seen.conditions)))
        return None

    return rule


def _product(places: Places, operation: Operation) -> Form:
    left, right = places.pair(operation)
    if isinstance(left, Numbers) and isinstance(right, Numbers):
        for one, other in ((left, right), (right, left)):
            if not any(other.factors):
                number = other.constant
                return Numbers(one.constant * number, tuple(each * number if each != 0 else 0 for each in one.factors))
    return None


def _negative(places: Places, operation: Operation) -> Form:
    found = places.numbers(operation.inputs[0])
    return None if found is None else Numbers(0, ()).plus(found, -1)


def _absolute(places: Places, operation: Operation) -> Form:
    found = places.numbers(operation.inputs[0])
    return None if found is None else Distance(found)


def _compared(kind: str) -> Rule:
    def rule(places: Places, operation: Operation) -> Form:
        left, right = places.pair(operation)
        if isinstance(left, Counted) and isinstance(right, Numbers) and right.fixed in (0, 1):
            same = (kind == "Equal") == (right.fixed == 1)
            if kind in ("Equal", "NotEqual"):
                return left.truths if same else negated(left.truths)
            return left.truths if (kind, right.fixed) in (("Greater", 0), ("GreaterEqual", 1)) else None
        if isinstance(left, Distance) and isinstance(right, Numbers) and kind not in ("Equal", "NotEqual"):
            past = Numbers(int(kind in ("Less", "GreaterEqual")), ()).plus(right, -1)
            near = Truths((left.numbers.plus(past), past.plus(left.numbers, -1)))
            return near if kind.startswith("Less") else Untrue(near)
        if not isinstance(left, Numbers) or not isinstance(right, Numbers):
            return None
        difference = left.plus(right, -1)
        if kind in ("Equal", "NotEqual"):
            number = difference.fixed
            return None if number is None else _fixed((number == 0) == (kind == "Equal"))
        if kind in ("Greater", "GreaterEqual"):
            difference = right.plus(left, -1)
        return Truths((difference.plus(Numbers(int(kind in ("Less", "Greater")), ())),))

    return rule


def _both(places: Places, operation: Operation) -> Form:
    left, right = (places.of(each) for each in operation.inputs)
    if isinstance(left, Truths) and isinstance(right, Truths):
        return Truths((*left.conditions, *right.conditions))
    return None


def _either(places: Places, operation: Operation) -> Form:
    left, right = (negated(places.of(each)) for each in operation.inputs)
    if isinstance(left, Truths) and isinstance(right, Truths):
        return negated(Truths((*left.conditions, *right.conditions)))
    return None


def _other(places: Places, operation: Operation) -> Form:
    return negated(places.of(operation.inputs[0]))


def _cast(places: Places, operation: Operation) -> Form:
    found, dtype = places.of(operation.inputs[0]), operation.layer.dtype  # type: ignore[union-attr]
    if isinstance(found, Truths) and dtype != "bool":
        return Numbers(int(found.fixed), ()) if found.fixed is not None else Counted(found)
    if dtype == "bool":
        number = found.fixed if isinstance(found, Numbers) else None
        return found.truths if isinstance(found, Counted) else None if number is None else _fixed(number != 0)
    return found if not isinstance(found, Truths) else None


def _summed(places: Places, operation: Operation) -> Form:
    found = places.numbers(operation.inputs[0])
    return found if found is not None and found.fixed == 0 else None


def _triangle(upper: bool) -> Rule:
    def rule(places: Places, operation: Operation) -> Form:
        """Ones in a triangle of ones, or what hides above the diagonal."""
        found, diagonal = places.of(operation.inputs[0]), operation.layer.diagonal  # type: ignore[union-attr]
        rank = len(places.graph.shape(operation.outputs[0]))
        beside = Numbers(0, (*[0] * (rank - 2), -1, 1))  # positive right of the diagonal
        kept = (Numbers(diagonal, ()).plus(beside, -1) if upper else beside.plus(Numbers(-diagonal, ())),)
        number = found.fixed if isinstance(found, Numbers) else None
        if isinstance(found, Counted):
            return Counted(Truths((*found.truths.conditions, *kept)))
        if number == 1:
            return Counted(Truths(kept))
        gone = negated(Truths(kept))
        return Hiding(gone) if number is not None and number <= LOW and isinstance(gone, Truths) else None

    return rule


def _chosen(places: Places, operation: Operation) -> Form:
    layer: Any = operation.layer
    truths = places.of(operation.inputs[0])
    values: list[Any] = [None if (found := places.numbers(each)) is None else found.fixed
                         for each in operation.inputs[1:]]  # fmt: skip
    if layer.value is not None:
        number = -(2**62) if layer.value <= LOW else layer.value
        values.insert(0 if layer.value_first else 1, number)
    first, second = (values[0], values[1]) if len(values) == 2 else (None, None)
    if first is None or second is None:
        return None
    seen = truths if first == 0 and second <= LOW else negated(truths) if second == 0 and first <= LOW else None
    return Hiding(seen) if isinstance(seen, Truths) else None


def _joined(places: Places, operation: Operation) -> Form:
    """Pieces one behind the other, which count on."""
    layer: Any = operation.layer
    rank = len(places.graph.shape(operation.outputs[0]))
    dim = layer.dim % rank
    pieces = [places.numbers(each) for each in operation.inputs]
    sizes = [places.graph.shape(each or "")[dim] for each in operation.inputs]
    whole = next((each for each, size in zip(pieces, sizes, strict=True) if size != 1), None)
    if whole is None or any(each is None for each in pieces):
        return None
    offset: Any = 0
    start = None
    for each, size in zip(pieces, sizes, strict=True):
        if each is whole:
            start = whole.plus(Numbers(offset * whole.factors[dim], ()), -1)
        offset = offset + size
    offset = 0
    for each, size in zip(pieces, sizes, strict=True):
        assert each is not None and start is not None
        here = start.plus(Numbers(offset * start.factors[dim], ()))
        wanted = (
            here
            if size != 1
            else Numbers(here.constant, tuple(0 if n == dim else f for n, f in enumerate(here.factors)))
        )
        if each.constant != wanted.constant or each.factors != wanted.factors:
            return None
        offset = offset + size
    return start


def _taken(places: Places, operation: Operation) -> Form:
    """Elements of a flat table of two dimensions, by row * width + column."""
    layer: Any = operation.layer
    flat = places.graph.maker(operation.inputs[0], "Flatten")
    index = places.numbers(operation.inputs[1])
    if flat is None or index is None or layer.dim not in (0, None):
        return None
    table = flat.inputs[0] or ""
    form, shape = places.numbers(table), places.graph.shape(table)
    if form is None or len(shape) != 2 or index.constant != 0:
        return None
    taken = places.graph.shape(operation.inputs[1] or "")
    rows, columns = [0] * len(taken), [0] * len(taken)
    for dim, (factor, size) in enumerate(zip(index.factors, taken, strict=True)):
        if factor == 0:
            continue
        if factor == 1 and equal(size, shape[1]) and not any(columns):
            columns[dim] = 1
        elif factor == shape[1] and equal(size, shape[0]) and not any(rows):
            rows[dim] = 1
        else:
            return None
    both = zip(rows, columns, strict=True)
    return Numbers(form.constant, tuple(form.factors[0] * row + form.factors[1] * column for row, column in both))


_RULES: dict[str, Rule] = {
    **dict.fromkeys(("Range", "Constant", "Full", "Zeros", "Ones"), _source),
    "Unsqueeze": _moved(_unsqueezed), "Squeeze": _moved(_squeezed), "Expand": _moved(_stretched),
    "Transpose": _moved(_transposed), "Permute": _moved(_permuted), "Subscript": _part,
    "Add": _sum(1), "Subtract": _sum(-1), "Multiply": _product, "Neg": _negative, "Abs": _absolute,
    **{kind: _compared(kind) for kind in ("Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual")},
    "And": _both, "Or": _either, "Not": _other, "Cast": _cast, "CumulativeSum": _summed,
    "Tril": _triangle(False), "Triu": _triangle(True), "Where": _chosen, "Concat": _joined, "Take": _taken,
}  # fmt: skip
