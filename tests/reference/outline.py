"""The outline of a program: all that it computes, without names, blocks and starting values; equal outlines are one IR.

Repeats are written out, and what one layer is written as in two ways is one: every shape is a reshape, a permutation of
dimensions or slices, windows are their margins, operands that may change places are sorted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnspec.dims import Size, product
from nnspec.ir.program import Call, Module, Program
from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import TensorType

FREE = ("weight_init", "bias_init", "init")  # where weights start: an imported model has them
EITHER_WAY = ("Add", "Multiply", "Equal", "Maximum", "Minimum")  # a number on the left or on the right
RESHAPES = ("Flatten", "Unflatten", "Reshape", "Squeeze", "Unsqueeze")  # all that counts is the shape of the result
IDLE = ("Identity",)
OWNED = ("Parameter", "Buffer")  # tensors, whose numbers are compared by what is computed with them


class Outline:
    """Numbers for values: those that are computed alike, from the same weights, have the same one."""

    def __init__(self) -> None:
        self.numbers: dict[Any, int] = {}
        self.forms: list[Any] = []
        self.shapes: dict[int, tuple[Size, ...]] = {}

    def of(self, program: Program) -> tuple[int, ...]:
        """The numbers of the outputs of a program."""
        main = program.main
        inputs: list[int | None] = []
        for place, type in enumerate(main.input_types):
            inputs.append(self._number(("input", f"{place} {type}"), (), type.shape))
        return tuple(self._body(program, main, inputs, ""))

    def difference(self, left: tuple[int, ...], right: tuple[int, ...]) -> str:
        """The first things that only one of two outlines has, and that follow from what both have."""
        ours, theirs = self._reached(left), self._reached(right)
        both = ours & theirs
        told = []
        for word, only in (("only before", ours - both), ("only after", theirs - both)):
            first = [number for number in sorted(only) if set(self.forms[number][-1]) <= both]
            told.append(f"{word}: " + "; ".join(self._shown(number) for number in (first or sorted(only))[:3]))
        return " | ".join(told)

    def _reached(self, outputs: Sequence[int]) -> set[int]:
        found: set[int] = set()
        pending = list(outputs)
        while pending:
            number = pending.pop()
            if number not in found:
                found.add(number)
                pending += self.forms[number][-1]
        return found

    def _shown(self, number: int) -> str:
        *words, given = self.forms[number]
        return f"{' '.join(map(str, words))} of {', '.join(self.forms[each][0] for each in given)}"

    def _number(self, form: tuple[Any, ...], given: Sequence[int | None], shape: tuple[Size, ...]) -> int:
        key = (*form, tuple(each for each in given if each is not None))
        if key not in self.numbers:
            self.numbers[key] = len(self.forms)
            self.forms.append(key)
            self.shapes[self.numbers[key]] = shape
        return self.numbers[key]

    def _body(self, program: Program, module: Module, inputs: list[int | None], path: str) -> list[int]:
        values: dict[str, int | None] = dict(zip((port.value for port in module.inputs), inputs, strict=True))
        for call in module.calls:
            if not call.training:
                self._call(program, module, call, values, path)
        return [values[port.value] for port in module.outputs if not port.training]  # type: ignore[misc]

    def _call(self, program: Program, module: Module, call: Call, values: dict[str, int | None], path: str) -> None:
        given = [values[each] if each else None for each in call.inputs]
        callee = program.callee(call)
        labels = list(call.labels) or [""]
        for label in labels[: call.count]:
            own = f"{path}{label}."
            if isinstance(callee, Module):
                made = self._body(program, callee, given, own if label else path)
            else:
                types = [module.values[each] for each in call.outputs]
                taken = [module.values[each] for each in call.inputs if each]
                made = self._layer(callee, given, own, types, taken)
            given = [*made[:1], *given[1:]] if call.count > 1 else given
        values |= dict(zip(call.outputs, made, strict=False))

    def _layer(
        self, layer: Layer, given: list[int | None], path: str, types: list[TensorType], taken: list[TensorType]
    ) -> list[int]:
        kind, shape = layer.kind, types[0].shape
        first = given[0] if given else None
        if first is not None and (kind in IDLE or (getattr(layer, "scalar", None) == 1 and kind == "Multiply")):
            return [first]
        if first is not None and kind == "StochasticDepth" and layer.p == 0:  # type: ignore[attr-defined]
            return [first]
        if kind in OWNED:
            return [self._number((kind, path if getattr(layer, "persistent", True) else str(types[0])), (), shape)]
        if first is not None:
            found = self._moved(layer, first, types, taken)
            if found is not None:
                return found
        fields = {name: getattr(layer, name) for name in type(layer).model_fields if name not in FREE}
        fields = {name: value for name, value in fields.items() if value is not None} | dict(layer.further or {})
        if kind in EITHER_WAY:
            fields.pop("scalar_first", None)
            given = sorted(given, key=str)
        if "kernel_size" in fields and taken:
            fields = {name: value for name, value in fields.items() if name not in _WINDOW}
            fields["windows"] = str(layer.windows(taken[0]))
        if isinstance(fields.get("dim"), int) and taken:
            fields["dim"] %= len(types[0].shape) if kind in ("Stack", "Unsqueeze") else taken[0].rank
        absent = [place for place, each in enumerate(given) if each is None and any(given[place:])]
        form = (kind, repr(sorted(fields.items())), str(absent))
        return [self._number((*form, str(index)), given, type.shape) for index, type in enumerate(types)]

    # --- shapes

    def _moved(self, layer: Any, first: int, types: list[TensorType], taken: list[TensorType]) -> list[int] | None:
        """What only gives elements other places."""
        shape, kind = taken[0].shape, layer.kind
        if kind in RESHAPES:
            return [self._reshaped(first, types[0].shape)]
        if kind == "Expand":
            return [self._number((kind, str(types[0])), [first], types[0].shape)]
        if kind == "Subscript":
            return [self._subscript(layer, first, types[0], taken[0])]
        if kind == "Slice":
            item = ("slice", layer.start, layer.end, getattr(layer, "step", 1))
            return [self._sliced(first, layer.dim % len(shape), item, types[0].shape)]
        if kind in ("Split", "Chunk"):
            start: Size = 0
            parts = []
            dim = layer.dim % len(shape)
            for type in types:
                parts.append(self._sliced(first, dim, ("slice", start, start + type.shape[dim], 1), type.shape))
                start = start + type.shape[dim]
            return parts
        if kind in ("Permute", "Transpose"):
            order = list(range(len(shape)))
            if kind == "Transpose":
                order[layer.dim0], order[layer.dim1] = order[layer.dim1], order[layer.dim0]
            else:
                order = [each % len(shape) for each in layer.dims]
            return [self._reshaped(self._permuted(first, tuple(order)), types[0].shape)]
        found = layer.regrouped(*taken) if len(taken) == 1 else None
        if found is None:
            return None
        split = self._reshaped(first, found.split)
        return [self._reshaped(self._permuted(split, found.order), found.joined)]

    def _reshaped(self, number: int, shape: tuple[Size, ...]) -> int:
        form = self.forms[number]
        base = form[-1][0] if form[0] == "Reshape" else number
        return base if _same(self.shapes[base], shape) else self._number(("Reshape", _text(shape)), [base], shape)

    def _permuted(self, number: int, order: tuple[int, ...]) -> int:
        """A permutation of dimensions, those that go together as one and those of size 1 left out."""
        shape = self.shapes[number]
        order = tuple(each for each in order if shape[each] != 1)
        runs: list[list[int]] = []
        for each in order:
            if runs and each == runs[-1][-1] + 1:
                runs[-1].append(each)
            else:
                runs.append([each])
        inside = [product([shape[each] for each in run]) for run in sorted(runs)]
        places = tuple(sorted(runs).index(run) for run in runs)
        result = tuple(shape[each] for each in order)
        if len(runs) < 2:
            return self._reshaped(number, result)
        source = self._reshaped(number, tuple(inside))
        made = self._number(("Permute", str(places)), [source], tuple(inside[place] for place in places))
        return self._reshaped(made, result)

    def _subscript(self, layer: Any, number: int, result: TensorType, given: TensorType) -> int:
        dim = place = 0
        for item in layer.expanded(given):
            if item is None:
                place += 1
                continue
            shape = list(self.shapes[number])
            if isinstance(item, tuple):
                shape[dim], place = result.shape[place], place + 1
            else:
                start = _counted(item, given.shape[dim], 0)
                shape[dim], item = 1, ("slice", start, start + 1, 1)
            number = self._sliced(number, dim, item, tuple(shape))
            dim += 1
        return self._reshaped(number, result.shape)

    def _sliced(self, number: int, dim: int, item: Any, shape: tuple[Size, ...]) -> int:
        """Slices of one tensor along several dimensions, in any order."""
        form = self.forms[number]
        base = form[-1][0] if form[0] == "Sliced" and all(each[0] != dim for each in form[1]) else number
        size = self.shapes[base][dim]
        first, last, step = item[1:]
        first, last = (_counted(each, size, usual) for each, usual in ((first, 0), (last, size)))
        if first == 0 and _text((last,)) == _text((size,)) and step in (None, 1):
            return number
        known = form[1] if base != number else ()
        cuts = tuple(sorted((*known, (dim, str(first), str(last), step or 1))))
        return self._number(("Sliced", cuts), [base], shape)


_WINDOW = ("kernel_size", "stride", "dilation", "padding")


def _counted(place: Any, size: Size, usual: Size) -> Size:
    """A place counted from the front."""
    if place is None:
        return usual
    return place + size if isinstance(place, int) and place < 0 else place  # type: ignore[no-any-return]


def _text(shape: Sequence[Size]) -> str:
    return ", ".join(map(str, shape))


def _same(left: Sequence[Size], right: Sequence[Size]) -> bool:
    return _text(left) == _text(right)
