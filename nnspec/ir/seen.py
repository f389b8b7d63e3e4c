"""The receptive fields of what a layer gives, from those of what it is given: from what the layer states alone."""

from __future__ import annotations

from fractions import Fraction

from nnspec.dims import Size, equal, product, symbol, symbols
from nnspec.ir.reach import Field, Reach, Seen, largest, unknown
from nnspec.layers.base import Layer
from nnspec.layers.reshaping import Regrouping
from nnspec.layers.tensor_type import LayerError, TensorType
from nnspec.layers.window import Sight


def through(
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
        taken = taken or [unknown(each) for each in given if each is not None]
        mixed = set(layer.mixed(*types)[0]) - set(moves)
        return (largest([_slid(mixing(each, mixed), moves) for each in taken]),) * len(results)
    fields: list[Seen] = []
    for each, along in zip(given, layer.mixed(*types), strict=True):
        fields.append(each if each is None or layer.rearranges else mixing(each, set(along)))
    return _located(layer, types, results, tuple(fields))


def mixing(field: Field, along: set[int]) -> Field:
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
    widest = largest(fields)
    made = []
    for shape in shapes:
        names = [{name for each in symbols(size) for name in each.text.split()[1:]} for size in shape]
        made.append(
            tuple(
                each.at(frozenset(dim for dim, found in enumerate(names) if str(axis) in found))
                for axis, each in enumerate(widest)
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
            return unknown(largest(fields))
        placed.append(tuple(each.at(frozenset(dim + more for dim in each.dims)) for each in field))
    return largest(placed)
