"""Rows of what is done to each element: arithmetic, functions, activations, comparisons, casts."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec.dims import Expression
from nnspec.importing.from_onnx.builder import GraphBuilder, constant, dtype_of, layer, plain
from nnspec.importing.from_onnx.known import Known
from nnspec.importing.from_onnx.operators.row import ROWS, row
from nnspec.importing.from_torch.builder import Unsaid, Value
from nnspec.importing.from_torch.operators.elementwise import last
from nnspec.layers.base import LARGEST

FUNCTIONS = {
    "Abs": "Abs", "Acos": "Acos", "Asin": "Asin", "Atan": "Atan", "Ceil": "Ceil", "Cos": "Cos", "Cosh": "Cosh",
    "Erf": "Erf", "Exp": "Exp", "Floor": "Floor", "HardSwish": "Hardswish", "Log": "Log", "Mish": "Mish",
    "Neg": "Neg", "Reciprocal": "Reciprocal", "Relu": "ReLU", "Round": "Round", "Sigmoid": "Sigmoid", "Sign": "Sign",
    "Sin": "Sin", "Sinh": "Sinh", "Softsign": "Softsign", "Sqrt": "Sqrt", "Tan": "Tan", "Tanh": "Tanh",
}  # fmt: skip


def _function(name: str) -> Any:
    def apply(b: GraphBuilder, x: Any) -> Value:
        return b(layer(name), b.tensor(x))

    return apply


for _operator, _layer in FUNCTIONS.items():
    ROWS[_operator] = _function(_layer)


@row("Relu")
def _(b: GraphBuilder, x: Any) -> Value:
    x = b.tensor(x)
    return b(layer("ReLU"), x) if x.type.dtype == "float" else b(layer("Clamp", min=0), x)


@row("Not")
def _(b: GraphBuilder, x: Any) -> Value:
    return b(layer("Not"), b.tensor(x))


@row("Identity")
def _(b: GraphBuilder, x: Any) -> Any:
    return x


def number(value: Any, beside: Any) -> Any:
    """The number of an array of one element that does not change the shape of what it is combined with."""
    if isinstance(value, Known) and value.array.size == 1 and isinstance(beside, Value) and value.rank <= beside.rank:
        found = value.scalar()
        if isinstance(found, Expression):
            return found if beside.type.dtype == "int" else value
        dtype = dtype_of(value.array.dtype)
        if dtype == "float" and not np.isfinite(found):
            return value
        return plain(found, dtype)
    return value


def shared(b: GraphBuilder, name: str, left: Any, right: Any) -> Value:
    """An operation of two operands, each a tensor or a number."""
    left, right = number(left, right), number(right, left)
    for value, other, first in ((left, right, False), (right, left, True)):
        if isinstance(value, Value) and isinstance(other, (bool, int, float)):
            return b(
                layer(name, scalar=int(other) if isinstance(other, bool) else other, scalar_first=first or None), value
            )
    return b(layer(name), b.tensor(left), b.tensor(right))


NEUTRAL = {"Multiply": 1, "Divide": 1, "Power": 1, "Add": 0, "Subtract": 0}


def arithmetic(b: GraphBuilder, name: str, left: Any, right: Any) -> Value:
    """Arithmetic of two operands; a neutral one leaves the other as it is."""
    neutral = NEUTRAL.get(name)
    if isinstance(left, Value) and neutral is not None and number(right, left) == neutral:
        return left
    if isinstance(right, Value) and name in ("Add", "Multiply") and number(left, right) == neutral:
        return right
    return shared(b, name, left, right)


def is_whole(*values: Any) -> bool:
    """Whether operands are whole numbers."""
    kinds = {
        value.type.dtype if isinstance(value, Value) else "int" if value.symbolic else dtype_of(value.array.dtype)
        for value in values if isinstance(value, (Value, Known))
    }  # fmt: skip
    return kinds <= {"int"}


def _binary(name: str) -> Any:
    def apply(b: GraphBuilder, left: Any, right: Any) -> Value:
        return arithmetic(b, name, left, right)

    return apply


for _operator, _layer in {"Add": "Add", "Sub": "Subtract", "Mul": "Multiply"}.items():
    ROWS[_operator] = _binary(_layer)


@row("Div")
def _(b: GraphBuilder, left: Any, right: Any) -> Value:
    if not is_whole(left, right):
        return arithmetic(b, "Divide", left, right)
    if isinstance(right, Known) and not right.symbolic and (right.array > 0).all():
        left, size = b.tensor(left), right
        quotient = shared(b, "FloorDivide", b(layer("Abs"), left), size)
        return b(layer("Multiply"), b(layer("Sign"), left), quotient)
    left, right = b.tensor(left), b.tensor(right)
    quotient = b(layer("FloorDivide"), b(layer("Abs"), left), b(layer("Abs"), right))
    return b(layer("Multiply"), b(layer("Multiply"), b(layer("Sign"), left), b(layer("Sign"), right)), quotient)


@row("Mod")
def _(b: GraphBuilder, left: Any, right: Any, fmod: int = 0) -> Value:
    if not fmod and is_whole(left, right):
        return shared(b, "Modulo", left, right)
    if not fmod and not (isinstance(right, Known) and np.isfinite(right.array).all() and right.array.all()):
        raise Unsaid("its divisors are computed, and may be infinite")
    left, right = b.tensor(left), b.tensor(right)
    if not is_whole(left, right):
        quotient = b(layer("Divide"), left, right)
        if not fmod:
            return b(layer("Subtract"), left, b(layer("Multiply"), right, b(layer("Floor"), quotient)))
        parts = b(layer("Multiply"), b(layer("Sign"), quotient), b(layer("Floor"), b(layer("Abs"), quotient)))
        return b(layer("Subtract"), left, b(layer("Multiply"), right, parts))
    rest = b(layer("Modulo"), b(layer("Abs"), left), b(layer("Abs"), right))
    return b(layer("Multiply"), b(layer("Sign"), left), rest)


@row("Pow")
def _(b: GraphBuilder, left: Any, right: Any) -> Value:
    if is_whole(left) and not is_whole(right):  # the result has the type of the base
        return b(
            layer("Cast", dtype="int"), arithmetic(b, "Power", b(layer("Cast", dtype="float"), b.tensor(left)), right)
        )
    exponent = number(right, left)
    if exponent == 2 and isinstance(left, Value):
        return b(layer("Square"), left)
    return arithmetic(b, "Power", left, right)


COMPARISONS = {"Equal": "Equal", "Less": "Less", "Greater": "Greater", "LessOrEqual": "LessEqual",
               "GreaterOrEqual": "GreaterEqual"}  # fmt: skip


def _comparison(name: str) -> Any:
    def apply(b: GraphBuilder, left: Any, right: Any) -> Value:
        left, right = _counted(b, left), _counted(b, right)
        if isinstance(left, Known) and isinstance(right, Known):
            left = _measured(b, left, right)
        return shared(b, name, _as_sizes(left, right), _as_sizes(right, left))

    return apply


for _operator, _layer in COMPARISONS.items():
    ROWS[_operator] = _comparison(_layer)


def _measured(b: GraphBuilder, value: Known, beside: Known) -> Any:
    """A size as a tensor: a spec would compare two sizes before it knows them."""
    if not value.symbolic or value.rank or beside.symbolic or beside.array.dtype.kind not in "iuf":
        return value
    counted = b(layer("Max"), b(layer("Range", end=value.scalar())))
    counted = b(layer("Add", scalar=1), counted)
    return b(layer("Cast", dtype="float"), counted) if beside.array.dtype.kind == "f" else counted


def _as_sizes(value: Any, beside: Any) -> Any:
    """Floats without fractions, which a size is compared with, as whole numbers."""
    sized = isinstance(beside, Known) and beside.symbolic and isinstance(value, Known) and not value.symbolic
    if not sized or value.array.dtype.kind != "f" or not (value.array == np.round(value.array)).all():
        return value
    return Known(value.array.astype(np.int64), value.name, value.stored)


def _counted(b: GraphBuilder, value: Any) -> Any:
    if isinstance(value, Known):
        return Known(value.array.astype(np.int64), value.name, value.stored) if value.array.dtype == bool else value
    return b(layer("Cast", dtype="int"), value) if value.type.dtype == "bool" else value


@row("And")
def _(b: GraphBuilder, left: Any, right: Any) -> Value:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Known) and one.rank == 0 and one.array.all():
            return b.tensor(other)
    return b(layer("And"), b.tensor(left), b.tensor(right))


@row("Or")
def _(b: GraphBuilder, left: Any, right: Any) -> Value:
    return b(layer("Or"), b.tensor(left), b.tensor(right))


@row("Xor")
def _(b: GraphBuilder, left: Any, right: Any) -> Value:
    return shared(b, "NotEqual", _counted(b, b.tensor(left)), _counted(b, b.tensor(right)))


def _many(name: str) -> Any:
    def apply(b: GraphBuilder, *parts: Any) -> Value:
        if len(parts) == 1:
            return b.tensor(parts[0])
        if len(parts) == 2:
            return shared(b, name, *parts)
        return b(layer(name), *(b.tensor(each) for each in parts))

    return apply


for _operator, _layer in {"Sum": "Add", "Max": "Maximum", "Min": "Minimum"}.items():
    ROWS[_operator] = _many(_layer)


@row("Mean")
def _(b: GraphBuilder, *parts: Any) -> Value:
    return arithmetic(b, "Divide", _many("Add")(b, *parts), Known(np.array(float(len(parts)))))


def _bare(value: Any, rank: int) -> Any:
    """An array of one element without dimensions, where they do not tell."""
    single = isinstance(value, Known) and value.array.size == 1 and value.rank <= rank
    return Known(value.array.reshape(()), value.name, value.stored) if single else value


@row("Where")
def _(b: GraphBuilder, condition: Any, left: Any, right: Any) -> Value:
    condition = b.tensor(condition)
    left, right = _bare(left, condition.rank), _bare(right, condition.rank)
    if isinstance(left, Value) or isinstance(right, Value):
        for value, other, first in ((left, right, False), (right, left, True)):
            single = number(other, value)
            if isinstance(value, Value) and isinstance(single, (bool, int, float)):
                return b(layer("Where", value=single, value_first=first or None), condition, value)
    if (
        isinstance(right, Known)
        and right.rank == 0
        and not right.symbolic
        and isinstance(left, Known)
        and left.rank == 0
    ):
        last = plain(right.scalar(), dtype_of(right.array.dtype))
        return b(layer("Where", value=last), condition, b.tensor(left))
    return b(layer("Where"), condition, b.tensor(left), b.tensor(right))


@row("Clip")
def _(b: GraphBuilder, x: Any, min: Any = None, max: Any = None) -> Value:
    x = b.tensor(x)
    bounds: dict[str, Any] = {}
    for name, bound in (("min", min), ("max", max)):
        if isinstance(bound, Value) or (isinstance(bound, Known) and bound.symbolic):
            x = b(layer("Maximum" if name == "min" else "Minimum"), x, b.tensor(bound))
        elif bound is not None:
            found = bound.scalar() if isinstance(bound, Known) else bound
            whole = x.type.dtype == "int"
            if np.isfinite(found) and abs(found) < (2**62 if whole else 3.4e38):
                bounds[name] = int(found) if whole else plain(found)
    if bounds.get("min") == 0 and bounds.get("max") == 6 and x.type.dtype == "float":
        return b(layer("ReLU6"), x)
    if bounds.get("min", 0) == 0 == len(bounds) - 1 and "min" in bounds and x.type.dtype == "float":
        return b(layer("ReLU"), x)
    return b(layer("Clamp", **bounds), x) if bounds else x


@row("Gelu", "com.microsoft.Gelu")
def _(b: GraphBuilder, x: Any, approximate: str = "none") -> Value:
    return b(layer("GELU", approximate=None if approximate == "none" else approximate), b.tensor(x))


@row("com.microsoft.FastGelu")
def _(b: GraphBuilder, x: Any, bias: Any = None) -> Value:
    x = b.tensor(x) if bias is None else arithmetic(b, "Add", x, bias)
    return b(layer("GELU", approximate="tanh"), x)


@row("com.microsoft.BiasGelu")
def _(b: GraphBuilder, x: Any, bias: Any) -> Value:
    return b(layer("GELU"), arithmetic(b, "Add", x, bias))


@row("com.microsoft.QuickGelu")
def _(b: GraphBuilder, x: Any, alpha: float = 1.702) -> Value:
    return swish(b, b.tensor(x), alpha)


@row("Swish")
def _(b: GraphBuilder, x: Any, alpha: float = 1.0) -> Value:
    return swish(b, b.tensor(x), alpha)


def swish(b: GraphBuilder, x: Value, alpha: float) -> Value:
    """X times the sigmoid of a multiple of it."""
    if alpha == 1:
        return b(layer("SiLU"), x)
    return b(layer("Multiply"), x, b(layer("Sigmoid"), b(layer("Multiply", scalar=plain(alpha)), x)))


@row("Softplus")
def _(b: GraphBuilder, x: Any) -> Value:
    return b(layer("Softplus"), b.tensor(x))


@row("Elu")
def _(b: GraphBuilder, x: Any, alpha: float = 1.0) -> Value:
    return b(layer("ELU", alpha=None if alpha == 1 else plain(alpha)), b.tensor(x))


@row("Celu")
def _(b: GraphBuilder, x: Any, alpha: float = 1.0) -> Value:
    return b(layer("CELU", alpha=None if alpha == 1 else plain(alpha)), b.tensor(x))


@row("Selu")
def _(
    b: GraphBuilder, x: Any, alpha: float = 1.67326319217681884765625, gamma: float = 1.05070102214813232421875
) -> Value:
    if abs(alpha - 1.67326319) < 1e-6 and abs(gamma - 1.05070102) < 1e-6:
        return b(layer("SELU"), b.tensor(x))
    return b(layer("Multiply", scalar=plain(gamma)), b(layer("ELU", alpha=plain(alpha)), b.tensor(x)))


@row("LeakyRelu")
def _(b: GraphBuilder, x: Any, alpha: float = 0.01) -> Value:
    return b(layer("LeakyReLU", negative_slope=plain(alpha)), b.tensor(x))


@row("PRelu")
def _(b: GraphBuilder, x: Any, slope: Any) -> Value:
    x = b.tensor(x)
    if isinstance(slope, Known):
        flat = slope.array.reshape(-1)
        along = slope.rank == x.rank - 1 and slope.array.shape[0] == flat.size and slope.rank > 0
        along = along or (slope.rank == 1 and x.rank == 2)
        if flat.size == 1 or (along and x.rank > 1 and x.shape[1] == flat.size):
            made = layer("PReLU", num_parameters=None if flat.size == 1 else int(flat.size))
            return b.weighted_by(made, x, weight=Known(flat, slope.name, True))
    positive = b(layer("Clamp", min=0.0), x)
    return b(layer("Add"), positive, b(layer("Multiply"), b.tensor(slope), b(layer("Clamp", max=0.0), x)))


@row("ThresholdedRelu")
def _(b: GraphBuilder, x: Any, alpha: float = 1.0) -> Value:
    return b(layer("Threshold", threshold=plain(alpha), value=0.0), b.tensor(x))


@row("HardSigmoid")
def _(b: GraphBuilder, x: Any, alpha: float = 0.2, beta: float = 0.5) -> Value:
    x = b.tensor(x)
    if abs(alpha - 1 / 6) < 1e-6 and beta == 0.5:
        return b(layer("Hardsigmoid"), x)
    line = b(layer("Add", scalar=plain(beta)), b(layer("Multiply", scalar=plain(alpha)), x))
    return b(layer("Clamp", min=0.0, max=1.0), line)


@row("Shrink")
def _(b: GraphBuilder, x: Any, bias: float = 0.0, lambd: float = 0.5) -> Value:
    x = b.tensor(x)
    if bias == 0:
        return b(layer("Hardshrink", lambd=plain(lambd)), x)
    if bias == lambd:
        return b(layer("Softshrink", lambd=plain(lambd)), x)
    above = b(
        layer("Where", value=0.0),
        b(layer("Greater", scalar=plain(lambd)), x),
        b(layer("Subtract", scalar=plain(bias)), x),
    )
    below = b(
        layer("Where", value=0.0), b(layer("Less", scalar=plain(-lambd)), x), b(layer("Add", scalar=plain(bias)), x)
    )
    return b(layer("Add"), above, below)


@row("Softmax", "LogSoftmax", "Hardmax")
def _(b: GraphBuilder, x: Any, axis: int | None = None) -> Value:
    x = b.tensor(x)
    axis = (-1 if b.opset >= 13 else 1) if axis is None else axis
    assert b.node is not None
    kind = {"Softmax": "Softmax", "LogSoftmax": "LogSoftmax", "Hardmax": "Hardmax"}[b.node.operator]
    dim = axis % x.rank
    if b.opset >= 13 or dim == x.rank - 1:
        return _over(b, kind, x, last(dim, x))
    flat = b(layer("Flatten", start_dim=dim), x)  # until opset 12 it went over all dimensions from the axis on
    return b(layer("Reshape", shape=x.shape), _over(b, kind, flat, -1))


def _over(b: GraphBuilder, kind: str, x: Value, dim: int) -> Value:
    if kind != "Hardmax":
        return b(layer(kind, dim=None if dim == -1 else dim), x)
    size = x.shape[dim]
    if not isinstance(size, int):
        raise Unsaid("it chooses one of a number of places that is open")
    made = b(layer("OneHot", num_classes=size), b(layer("ArgMax", dim=dim), x))
    made = b(layer("Cast", dtype="float"), made)
    return made if dim in (-1, x.rank - 1) else b(layer("Permute", dims=_moved(x.rank, dim)), made)


def _moved(rank: int, dim: int) -> tuple[int, ...]:
    rest = list(range(rank - 1))
    rest.insert(dim, rank - 1)
    return tuple(rest)


def cast(b: GraphBuilder, x: Any, dtype: str) -> Value:
    """A tensor as another type."""
    x = b.tensor(x)
    return x if x.type.dtype == dtype else b(layer("Cast", dtype=dtype), x)


@row("Cast")
def _(b: GraphBuilder, x: Any, to: int = 1, saturate: int = 1, round_mode: str = "up") -> Value:
    from onnx import helper

    dtype = helper.tensor_dtype_to_np_dtype(to)
    if np.dtype(dtype).name.startswith(("float8", "float4", "int4", "uint4", "int2", "uint2")):
        raise Unsaid(f"it rounds to {np.dtype(dtype).name}")
    return cast(b, x, dtype_of(dtype))


@row("CastLike")
def _(b: GraphBuilder, x: Any, like: Any, saturate: int = 1, round_mode: str = "up") -> Value:
    return cast(b, x, like.type.dtype if isinstance(like, Value) else dtype_of(like.array.dtype))


@row("Dropout")
def _(b: GraphBuilder, x: Any, ratio: Any = None, training: Any = None, seed: int = 0) -> Value:
    if isinstance(training, Value) or (isinstance(training, Known) and training.array.any()):
        raise Unsaid("it drops elements in evaluation, too")
    p = 0.5 if ratio is None else constant(ratio, "ratio").scalar() if isinstance(ratio, (Known, Value)) else ratio
    return b(layer("Dropout", p=plain(p)), b.tensor(x))


@row("Asinh")
def _(b: GraphBuilder, x: Any) -> Value:
    x = b.tensor(x)
    size = b(layer("Abs"), x)
    root = b(layer("Sqrt"), b(layer("Add", scalar=1.0), b(layer("Square"), size)))
    return b(layer("Multiply"), b(layer("Sign"), x), b(layer("Log"), b(layer("Add"), size, root)))


@row("Acosh")
def _(b: GraphBuilder, x: Any) -> Value:
    x = b.tensor(x)
    root = b(layer("Sqrt"), b(layer("Subtract", scalar=1.0), b(layer("Square"), x)))
    return b(layer("Log"), b(layer("Add"), x, root))


@row("Atanh")
def _(b: GraphBuilder, x: Any) -> Value:
    x = b.tensor(x)
    above = b(layer("Log1p"), x)
    below = b(layer("Log1p"), b(layer("Neg"), x))
    return b(layer("Multiply", scalar=0.5), b(layer("Subtract"), above, below))


@row("IsNaN")
def _(b: GraphBuilder, x: Any) -> Value:
    x = b.tensor(x)
    return b(layer("NotEqual"), x, x)


@row("IsInf")
def _(b: GraphBuilder, x: Any, detect_negative: int = 1, detect_positive: int = 1) -> Value:
    x = b.tensor(x)
    largest = LARGEST
    if detect_negative and detect_positive:
        return b(layer("Greater", scalar=largest), b(layer("Abs"), x))
    if detect_positive:
        return b(layer("Greater", scalar=largest), x)
    if detect_negative:
        return b(layer("Less", scalar=-largest), x)
    return b(layer("Less"), x, x)
