"""Rows of what is done to each element: arithmetic, functions, activations, comparisons, casts, dropout."""

from __future__ import annotations

from typing import Any

from nnspec.dims import Expression
from nnspec.importing.from_torch.builder import Builder, Unsaid, Value
from nnspec.importing.from_torch.operators.row import ROWS, row
from nnspec.layers.base import Layer
from nnspec.layers.registry import find

FUNCTIONS = {
    "abs": "Abs", "acos": "Acos", "asin": "Asin", "atan": "Atan", "ceil": "Ceil", "cos": "Cos", "cosh": "Cosh",
    "erf": "Erf", "exp": "Exp", "floor": "Floor", "log": "Log", "log10": "Log10", "log1p": "Log1p", "log2": "Log2",
    "neg": "Neg", "reciprocal": "Reciprocal", "round": "Round", "rsqrt": "Rsqrt", "sign": "Sign", "sin": "Sin",
    "sinh": "Sinh", "sqrt": "Sqrt", "square": "Square", "tan": "Tan",
    "relu": "ReLU", "relu6": "ReLU6", "selu": "SELU", "silu": "SiLU", "sigmoid": "Sigmoid", "tanh": "Tanh",
    "mish": "Mish", "hardsigmoid": "Hardsigmoid", "hardswish": "Hardswish", "log_sigmoid": "LogSigmoid",
}  # fmt: skip
_INFINITY = float("inf")


def layer(name: str, **fields: Any) -> Layer:
    """A layer by its name, with those arguments that are not None."""
    kind = find(name)
    assert kind is not None, name
    return kind(**{key: value for key, value in fields.items() if value is not None})


for _operator, _layer in FUNCTIONS.items():
    ROWS[_operator] = lambda b, self, _layer=_layer, **_: b(layer(_layer), self)


def _shared(b: Builder, name: str, left: Any, right: Any) -> Value:
    """An operation of two operands, each a tensor or a number."""
    if isinstance(left, Value) and isinstance(right, Value):
        left, right = (left, b.number(right)) if left.rank else (b.number(left), right) if right.rank else (left, right)
    if isinstance(left, Value) and isinstance(right, Value):
        return b(layer(name), left, right)
    number, first = (right, False) if isinstance(left, Value) else (left, True)
    if isinstance(number, bool):
        number = int(number)
    if isinstance(left, Value) or isinstance(right, Value):
        tensor = left if isinstance(left, Value) else right
        return b(layer(name, scalar=number, scalar_first=first or None), tensor)
    raise Unsaid("two numbers stand where a tensor is needed")


def arithmetic(b: Builder, name: str, left: Any, right: Any) -> Value:
    """Arithmetic of two operands; truth values count as 0 and 1."""
    neutral = {"Multiply": 1, "Divide": 1, "Power": 1, "Add": 0, "Subtract": 0}.get(name)
    if type(right) in (int, float) and right == neutral and _keeps(left, name, right):
        return left  # type: ignore[no-any-return]
    if type(left) in (int, float) and left == neutral and name in ("Add", "Multiply") and _keeps(right, name, left):
        return right  # type: ignore[no-any-return]
    return _shared(b, name, counted(b, left), counted(b, right))


def _keeps(value: Any, name: str, number: Any) -> bool:
    """Whether an operation of a tensor with a neutral number leaves its type as it is."""
    if not isinstance(value, Value):
        return False
    return value.type.dtype == "float" or (value.type.dtype == "int" and isinstance(number, int) and name != "Divide")


def counted(b: Builder, value: Any) -> Any:
    """A tensor of truth values as whole numbers."""
    if isinstance(value, Value) and value.type.dtype == "bool":
        return b(layer("Cast", dtype="int"), value)
    return value


def _scaled(b: Builder, other: Any, alpha: Any) -> Any:
    if alpha == 1:
        return other
    return arithmetic(b, "Multiply", other, alpha) if isinstance(other, Value) else other * alpha


@row("add")
def _(b: Builder, self: Any, other: Any, alpha: Any = 1) -> Value:
    if alpha == 1 and isinstance(other, Value) and other.rank == 0 == getattr(self, "rank", 1):
        return arithmetic(b, "Add", self, other)
    return arithmetic(b, "Add", self, _scaled(b, other, alpha))


@row("sub", "subtract")
def _(b: Builder, self: Any, other: Any, alpha: Any = 1) -> Value:
    return arithmetic(b, "Subtract", self, _scaled(b, other, alpha))


@row("rsub")
def _(b: Builder, self: Any, other: Any, alpha: Any = 1) -> Value:
    return arithmetic(b, "Subtract", other, _scaled(b, self, alpha))


@row("mul", "multiply")
def _(b: Builder, self: Any, other: Any) -> Value:
    if all(isinstance(each, Value) and each.type.dtype == "bool" for each in (self, other)):
        return b(layer("And"), self, other)
    return arithmetic(b, "Multiply", self, other)


@row("div", "true_divide", "divide")
def _(b: Builder, self: Any, other: Any, rounding_mode: str | None = None) -> Value:
    if rounding_mode is None:
        return arithmetic(b, "Divide", self, other)
    whole = all(each.type.dtype == "int" if isinstance(each, Value) else not isinstance(each, float)
                for each in (self, other))  # fmt: skip
    if rounding_mode == "floor":
        return (
            arithmetic(b, "FloorDivide", self, other)
            if whole
            else b(layer("Floor"), arithmetic(b, "Divide", self, other))
        )
    divided = arithmetic(b, "Divide", self, other)
    made = b(layer("Cast", dtype="int"), divided)
    return made if whole else b(layer("Cast", dtype="float"), made)


@row("floor_divide")
def _(b: Builder, self: Any, other: Any) -> Value:
    return arithmetic(b, "FloorDivide", self, other)


@row("pow")
def _(b: Builder, self: Any, exponent: Any) -> Value:
    return arithmetic(b, "Power", self, exponent)


@row("maximum")
def _(b: Builder, self: Value, other: Value) -> Value:
    return b(layer("Maximum"), self, other)


@row("minimum")
def _(b: Builder, self: Value, other: Value) -> Value:
    return b(layer("Minimum"), self, other)


COMPARISONS = {"eq": "Equal", "ne": "NotEqual", "lt": "Less", "le": "LessEqual", "gt": "Greater", "ge": "GreaterEqual"}
for _operator, _layer in COMPARISONS.items():
    ROWS[_operator] = lambda b, self, other, _layer=_layer: _shared(b, _layer, counted(b, self), counted(b, other))


def truth(b: Builder, value: Value) -> Value:
    """A tensor as truth values."""
    return value if value.type.dtype == "bool" else b(layer("Cast", dtype="bool"), value)


@row("logical_and", "bitwise_and", "__and__")
def _(b: Builder, self: Value, other: Any) -> Value:
    for one, rest in ((self, other), (other, self)):
        if isinstance(one, Value) and b.number(one) is True:
            return truth(b, b.tensor(rest))
    return b(layer("And"), truth(b, self), truth(b, b.tensor(other)))


@row("logical_or", "bitwise_or", "__or__")
def _(b: Builder, self: Value, other: Any) -> Value:
    return b(layer("Or"), truth(b, self), truth(b, b.tensor(other)))


@row("logical_not", "bitwise_not")
def _(b: Builder, self: Value) -> Value:
    return b(layer("Not"), truth(b, self))


@row("clamp", "clip", "hardtanh")
def _(b: Builder, self: Value, min: Any = None, max: Any = None, min_val: Any = None, max_val: Any = None) -> Value:
    low, high = (min, max) if min_val is None else (min_val, max_val)
    bounds: list[Any] = [b.number(low), b.number(high)]
    low, high = (None if each in (_INFINITY, -_INFINITY) else each for each in bounds)
    if low is None and high is None:
        return self
    if any(isinstance(each, (Value, Expression)) for each in (low, high)):
        for bound, name in ((low, "Maximum"), (high, "Minimum")):
            self = self if bound is None else arithmetic(b, name, self, bound)
        return self
    if (min_val, max_val) == (0, 6):
        return b(layer("ReLU6"), self)
    if min_val is not None and low is not None and high is not None:
        return b(layer("Hardtanh", min_val=float(low), max_val=float(high)), self)
    return b(layer("Clamp", min=low, max=high), self)


@row("clamp_min")
def _(b: Builder, self: Value, min: Any) -> Value:
    return b(layer("Clamp", min=min), self)


@row("clamp_max")
def _(b: Builder, self: Value, max: Any) -> Value:
    return b(layer("Clamp", max=max), self)


@row("gelu")
def _(b: Builder, self: Value, approximate: str = "none") -> Value:
    return b(layer("GELU", approximate=approximate), self)


@row("elu")
def _(b: Builder, self: Value, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Value:
    if scale != 1 or input_scale != 1:
        raise Unsaid("it is scaled")
    return b(layer("ELU", alpha=float(alpha)), self)


@row("celu")
def _(b: Builder, self: Value, alpha: float = 1.0) -> Value:
    return b(layer("CELU", alpha=float(alpha)), self)


@row("leaky_relu")
def _(b: Builder, self: Value, negative_slope: float = 0.01) -> Value:
    return b(layer("LeakyReLU", negative_slope=float(negative_slope)), self)


@row("softplus")
def _(b: Builder, self: Value, beta: float = 1.0, threshold: float = 20.0) -> Value:
    return b(layer("Softplus", beta=float(beta), threshold=float(threshold)), self)


@row("hardshrink")
def _(b: Builder, self: Value, lambd: float = 0.5) -> Value:
    return b(layer("Hardshrink", lambd=float(lambd)), self)


@row("softshrink")
def _(b: Builder, self: Value, lambd: float = 0.5) -> Value:
    return b(layer("Softshrink", lambd=float(lambd)), self)


@row("threshold")
def _(b: Builder, self: Value, threshold: float, value: float) -> Value:
    return b(layer("Threshold", threshold=float(threshold), value=float(value)), self)


@row("rrelu")
def _(b: Builder, self: Value, lower: float = 0.125, upper: float = 1 / 3, training: bool = False) -> Value:
    return b(layer("RReLU", lower=float(lower), upper=float(upper)), self)


@row("glu")
def _(b: Builder, self: Value, dim: int = -1) -> Value:
    return b(layer("GLU", dim=dim), self)


@row("softmax", "_softmax")
def _(b: Builder, self: Value, dim: int, dtype: Any = None, half_to_float: bool = False) -> Value:
    return b(layer("Softmax", dim=last(dim, self)), self)


@row("log_softmax", "_log_softmax")
def _(b: Builder, self: Value, dim: int, dtype: Any = None, half_to_float: bool = False) -> Value:
    return b(layer("LogSoftmax", dim=last(dim, self)), self)


def last(dim: int, value: Value) -> int:
    """A dimension, the last one as -1: so it is meant, whatever the rank."""
    return -1 if dim == value.rank - 1 else dim


@row("dropout", "native_dropout")
def _(b: Builder, input: Value, p: float = 0.5, train: bool = False) -> Value:
    return b(layer("Dropout", p=float(p)), input)


@row("feature_dropout")
def _(b: Builder, input: Value, p: float = 0.5, train: bool = False) -> Value:
    kind = {3: "Dropout1d", 4: "Dropout2d", 5: "Dropout3d"}.get(input.rank)
    if kind is None:
        raise Unsaid(f"it has {input.rank} dimensions")
    return b(layer(kind, p=float(p)), input)


@row("alpha_dropout")
def _(b: Builder, input: Value, p: float = 0.5, train: bool = False) -> Value:
    return b(layer("AlphaDropout", p=float(p)), input)


@row("feature_alpha_dropout")
def _(b: Builder, input: Value, p: float = 0.5, train: bool = False) -> Value:
    return b(layer("FeatureAlphaDropout", p=float(p)), input)


def cast(b: Builder, value: Value, dtype: str | None) -> Value:
    """A tensor as another type, if it is not of that."""
    if dtype is None or value.type.dtype == dtype:
        return value
    return b(layer("Cast", dtype=dtype), value)


@row("to", "_to_copy", "type_as")
def _(b: Builder, self: Value, other: Any = None, dtype: Any = None, **_: Any) -> Value:
    wanted = dtype if dtype is not None else other.type.dtype if isinstance(other, Value) else None
    return cast(b, self, wanted)


@row("where")
def _(b: Builder, condition: Value, self: Any, other: Any) -> Value:
    chosen, otherwise = b.number(counted(b, self)), b.number(counted(b, other))
    condition = truth(b, condition)
    for value, number, first in ((chosen, otherwise, False), (otherwise, chosen, True)):
        if isinstance(value, Value) and not isinstance(number, (Value, Expression)):
            return b(layer("Where", value=number, value_first=first or None), condition, value)
    if not isinstance(chosen, Value) and not isinstance(otherwise, Value):
        chosen = b.tensor(chosen)
        return b(layer("Where", value=otherwise), condition, chosen)
    return b(layer("Where"), condition, b.tensor(chosen), b.tensor(otherwise))


@row("masked_fill")
def _(b: Builder, self: Value, mask: Value, value: Any) -> Value:
    value = b.number(value)
    if isinstance(value, Value):
        return b(layer("Where"), truth(b, mask), value, self)
    if value in (float("inf"), float("-inf")) or value != value:
        raise Unsaid("it fills with infinity, which no spec can hold")
    return b(layer("Where", value=value, value_first=True), truth(b, mask), self)


@row("addcmul")
def _(b: Builder, self: Value, tensor1: Value, tensor2: Value, value: Any = 1) -> Value:
    return arithmetic(b, "Add", self, _scaled(b, arithmetic(b, "Multiply", tensor1, tensor2), value))


@row("lerp")
def _(b: Builder, self: Value, end: Value, weight: Any) -> Value:
    return arithmetic(b, "Add", self, arithmetic(b, "Multiply", arithmetic(b, "Subtract", end, self), weight))


@row("expm1")
def _(b: Builder, self: Value) -> Value:
    return arithmetic(b, "Subtract", b(layer("Exp"), self), 1)


@row("softsign")
def _(b: Builder, self: Value) -> Value:
    return b(layer("Softsign"), self)


@row("isinf", "isnan")
def _(b: Builder, self: Value) -> Value:
    raise Unsaid("a spec computes with finite numbers")


@row("logit")
def _(b: Builder, self: Value, eps: float | None = None) -> Value:
    x = self if eps is None else b(layer("Clamp", min=eps, max=1 - eps), self)
    return b(layer("Log"), arithmetic(b, "Divide", x, arithmetic(b, "Subtract", 1, x)))
