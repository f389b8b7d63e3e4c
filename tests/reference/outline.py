"""The outline of a program: all that it computes, without names, blocks and starting values; equal outlines are one IR.

Repeats are written out, and what one layer is written as in two ways is one.
"""

from __future__ import annotations

from typing import Any

from nnspec.ir.program import Call, Module, Program
from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import TensorType

FREE = ("weight_init", "bias_init", "init")  # where weights start: an imported model has them
EITHER_WAY = ("Add", "Multiply", "Equal", "Maximum", "Minimum")  # a number on the left or on the right
RESHAPES = ("Flatten", "Unflatten", "Reshape", "Squeeze", "Unsqueeze")  # all that counts is the shape of the result


class Outline:
    """Numbers for values: those that are computed alike, from the same weights, have the same one."""

    def __init__(self) -> None:
        self.numbers: dict[Any, int] = {}

    def of(self, program: Program) -> tuple[int, ...]:
        """The numbers of the outputs of a program."""
        main = program.main
        inputs = [self._number(("input", place, str(type))) for place, type in enumerate(main.input_types)]
        return tuple(self._body(program, main, inputs, ""))

    def _number(self, form: Any) -> int:
        return self.numbers.setdefault(form, len(self.numbers))

    def difference(self, left: tuple[int, ...], right: tuple[int, ...]) -> str:
        """The first things that only one of two outlines has, and that follow from what both have."""
        forms = {number: form for form, number in self.numbers.items()}
        ours, theirs = self._reached(left, forms), self._reached(right, forms)
        both = ours & theirs
        told = []
        for word, only in (("only before", ours - both), ("only after", theirs - both)):
            first = [number for number in sorted(only) if _inputs(forms[number]) <= both]
            told.append(f"{word}: " + "; ".join(_shown(forms[number]) for number in (first or sorted(only))[:3]))
        return " | ".join(told)

    @staticmethod
    def _reached(outputs: tuple[int, ...], forms: dict[int, Any]) -> set[int]:
        found: set[int] = set()
        pending = list(outputs)
        while pending:
            number = pending.pop()
            if number not in found:
                found.add(number)
                pending += _inputs(forms[number])
        return found

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
                types = [str(module.values[each]) for each in call.outputs]
                made = self._layer(callee, given, own, types, [module.values[each] for each in call.inputs if each])
            given = [*made[:1], *given[1:]] if call.count > 1 else given
        values |= dict(zip(call.outputs, made, strict=False))

    def _layer(
        self, layer: Layer, given: list[int | None], path: str, types: list[str], taken: list[TensorType]
    ) -> list[int]:
        while given and given[-1] is None:
            given = given[:-1]
        fields = {name: getattr(layer, name) for name in type(layer).model_fields if name not in FREE}
        fields = {name: value for name, value in fields.items() if value is not None}
        kind = layer.kind
        if kind in ("Identity",):
            return [given[0]]  # type: ignore[list-item]
        if kind in RESHAPES:
            return [self._number(("Reshape", types[0], given[0]))]
        if kind in EITHER_WAY:
            fields.pop("scalar_first", None)
            given = sorted(given, key=str)
        if "stride" in fields and fields["stride"] == fields.get("kernel_size") and "Pool" in kind:
            del fields["stride"]
        if "padding" in fields and hasattr(layer, "windows"):
            fields["padding"] = tuple((each.begin, each.end) for each in layer.windows(taken[0]))
        owner = path if layer.by_position or kind in ("Parameter",) else ""
        form = (kind, repr(sorted(fields.items())), tuple(given), owner if kind == "Parameter" else "")
        return [self._number((*form, index)) for index in range(len(types))]


def _inputs(form: Any) -> set[int]:
    """The numbers of what a form is computed from."""
    if form[0] == "input":
        return set()
    given = form[2] if isinstance(form[2], tuple) else (form[2],)
    return {each for each in given if each is not None}


def _shown(form: Any) -> str:
    return f"{form[0]}{form[1]}{form[3] if len(form) > 3 else ''} of {len(_inputs(form))}"
