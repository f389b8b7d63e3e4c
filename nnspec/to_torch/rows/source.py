"""PyTorch rows of the values that come from nothing."""

from __future__ import annotations

from typing import Any

from nnspec.dims import Expression, Size
from nnspec.layers.base import Initial
from nnspec.layers.families.source import Buffer, Constant, Full, Normal, Ones, Parameter, Range, Uniform, Zeros
from nnspec.to_torch.operands import tuple_text, within, written
from nnspec.to_torch.row import Call, Raw, Submodule, changed, row

DTYPES = {"int": "torch.long", "bool": "torch.bool"}


@row(Parameter)
def _(layer: Parameter, call: Call) -> Submodule:
    (weight,) = layer.weights()
    trainable = {} if layer.trainable else {"requires_grad": False}
    start = weight.initial.value or Raw(_start(weight.shape, weight.initial))
    return Submodule("nn.Parameter", (start,), trainable, call="{module}")


@row(Buffer)
def _(layer: Buffer, call: Call) -> Submodule:
    return Submodule("nn.Buffer", (layer.value,), changed(layer, "persistent"), call="{module}")


def _start(shape: tuple[int, ...], initial: Initial) -> str:
    """A new tensor that starts as `initial` says."""
    sizes = ", ".join(map(str, shape)) or "()"
    first, second = (*initial.numbers, 0.0)[:2]
    match initial.kind:
        case "constant" if not shape:
            return f"torch.tensor({first})"
        case "constant" if first in (0.0, 1.0):
            return f"torch.{'ones' if first else 'zeros'}({sizes})"
        case "constant":
            return f"torch.full({shape}, {first})"
        case "uniform":
            return f"torch.empty({sizes}).uniform_({first}, {second})"
        case "normal":
            return f"torch.empty({sizes}).normal_({first}, {second})"
        case "truncated_normal":
            bounds = f"{first - 2 * second}, {first + 2 * second}"
            return f"nn.init.trunc_normal_(torch.empty({sizes}), {first}, {second}, {bounds})"
        case "values":
            return f"torch.tensor({list(initial.numbers)}).reshape({shape})"
        case "lengths" | "left" | "right" | "computed":
            raise ValueError(f"a parameter alone does not start like this: {initial.kind}")


@row(Constant)
def _(layer: Constant, call: Call) -> str:
    inferred = call.results[0].dtype != "float" and layer.dtype is None
    value = call.size(layer.value) if isinstance(layer.value, Expression) else repr(_lists(layer.value))
    return f"torch.tensor({written(value, '' if inferred else _dtype(call), DEVICE)})"


def _lists(value: Any) -> Any:
    return [_lists(part) for part in value] if isinstance(value, tuple) else value


DEVICE = "device=device"


def _dtype(call: Call) -> str:
    """The element type of the result, as an argument."""
    return f"dtype={DTYPES.get(call.results[0].dtype, call.dtype)}"


@row(Range)
def _(layer: Range, call: Call) -> str:
    end, start, step = call.size(layer.end), call.size(layer.start), str(layer.step)
    bounds = [end] if (start, step) == ("0", "1") else [start, end, *([step] if step != "1" else [])]
    return f"torch.arange({written(*bounds, DEVICE)})"


@row(Full)
def _(layer: Full, call: Call) -> str:
    sizes = tuple_text(map(call.size, layer.shape))
    if isinstance(layer.value, float):
        return f"torch.full({written(sizes, within(layer.value, call.dtype), _dtype(call), DEVICE)})"
    return f"torch.full({written(sizes, repr(layer.value), DEVICE)})"


@row(Zeros, Ones)
def _(layer: Zeros | Ones, call: Call) -> str:
    return f"torch.{layer.function}({written(call.shape(layer.shape) or '()', _dtype(call), DEVICE)})"


@row(Normal)
def _(layer: Normal, call: Call) -> str:
    if (layer.mean, layer.std) == (0, 1):
        return _random("randn", layer.shape, call)
    return f"{_random('empty', layer.shape, call)}.normal_({layer.mean}, {layer.std})"


@row(Uniform)
def _(layer: Uniform, call: Call) -> str:
    if (layer.low, layer.high) == (0, 1):
        return _random("rand", layer.shape, call)
    return f"{_random('empty', layer.shape, call)}.uniform_({layer.low}, {layer.high})"


def _random(function: str, shape: tuple[Size, ...] | None, call: Call) -> str:
    if shape is None:
        return f"torch.{function}_like({call.inputs[0]})"
    return f"torch.{function}({written(call.shape(shape) or '()', _dtype(call), DEVICE)})"
