"""Rows of what comes from nothing: ranges, filled and random tensors, numbers."""

from __future__ import annotations

from typing import Any

from nnspec.dims import Expression
from nnspec.importing.from_torch.builder import Builder, Unsaid, Value
from nnspec.importing.from_torch.operators.elementwise import arithmetic, cast, layer
from nnspec.importing.from_torch.operators.row import ROWS, row


@row("arange")
def _(b: Builder, start: Any = 0, end: Any = None, step: Any = 1, dtype: Any = None, **_: Any) -> Value:
    whole = all(isinstance(each, (int, Expression)) and not isinstance(each, bool) for each in (start, end, step))
    bounds = [start, end, step]
    if not whole and all(not isinstance(each, float) or each.is_integer() for each in bounds):
        start, end, step = (int(each) if isinstance(each, float) else each for each in bounds)
    elif not whole:
        raise Unsaid("it counts in fractions")
    if isinstance(step, int) and step < 0:
        made = b(layer("Range", end=-(-(start - end) // -step)))
        made = arithmetic(b, "Subtract", start, made if step == -1 else b(layer("Multiply", scalar=-step), made))
    else:
        made = b(layer("Range", end=end, start=start or None, step=None if step == 1 else step))
    return cast(b, made, dtype if dtype is not None else None if whole else "float")


@row("zeros", "ones", "zeros_like", "ones_like", "new_zeros", "new_ones", "empty", "new_empty", "empty_like",
     "empty_strided", "new_empty_strided")  # fmt: skip
def _(b: Builder, operator: str = "", result: Any = None, **_: Any) -> Value:
    return filled(b, result, 1 if "ones" in operator else 0)


@row("full", "full_like", "new_full", "fill", "scalar_tensor")
def _(b: Builder, fill_value: Any = None, value: Any = None, s: Any = None, result: Any = None, **_: Any) -> Value:
    number = next(each for each in (fill_value, value, s) if each is not None)
    if isinstance(number, Value):
        from nnspec.importing.from_torch.operators.shape import stretched

        return stretched(b, cast(b, number, result.dtype), result.shape)
    return filled(b, result, number)


def filled(b: Builder, result: Any, number: Any) -> Value:
    """A tensor of one number."""
    if isinstance(number, Expression):
        from nnspec.importing.from_torch.operators.shape import stretched

        made = b(layer("Constant", value=number))
        return stretched(b, cast(b, made, result.dtype), result.shape)
    if isinstance(number, float) and (number != number or number in (float("inf"), float("-inf"))):
        raise Unsaid("it is filled with infinity or NaN, which no spec can hold")
    if number in (0, 1) and result.dtype != "bool":
        fields = {} if result.dtype == "float" else {"dtype": result.dtype}
        return b(layer("Ones" if number else "Zeros", shape=result.shape, **fields))
    kind = {"float": float, "int": int, "bool": bool}[result.dtype]
    return b(layer("Full", shape=result.shape, value=kind(number)))


@row("randn_like")
def _(b: Builder, self: Value, dtype: Any = None, **_: Any) -> Value:
    return b(layer("Normal"), self)


@row("randn", "rand", "rand_like", "normal", "normal_functional")
def _(b: Builder, operator: str = "", result: Any = None, **_: Any) -> Value:
    return b(layer("Uniform" if operator.startswith("rand") and "n" not in operator[4:5] else "Normal",
                   shape=result.shape))  # fmt: skip


@row("uniform")
def _(b: Builder, self: Value, from_: float = 0.0, to: float = 1.0, **more: Any) -> Value:
    low = more.get("from", from_)
    return b(layer("Uniform", low=float(low) or None, high=None if to == 1 else float(to)), self)


@row("linspace")
def _(b: Builder, start: Any, end: Any, steps: int, **_: Any) -> Value:
    if not isinstance(steps, int) or isinstance(start, Value) or isinstance(end, Value):
        raise Unsaid("its length is open")
    made = cast(b, b(layer("Range", end=steps)), "float")
    if steps == 1:
        return arithmetic(b, "Add", made, start)
    made = arithmetic(b, "Multiply", made, (end - start) / (steps - 1))
    return made if start == 0 else arithmetic(b, "Add", made, start)


ROWS["item"] = lambda b, self, **_: self
