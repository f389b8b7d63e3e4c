"""PyTorch rows of the values that come from nothing."""

from __future__ import annotations

from typing import Any

from nnspec.dims import Expression, Size
from nnspec.layers.base import Initial
from nnspec.layers.families.source import Buffer, Constant, Full, Normal, Ones, Parameter, Range, Uniform, Zeros
from nnspec.to_torch.operands import tuple_text, within, written
from nnspec.to_torch.row import LayerUse, Raw, Submodule, changed, row

DTYPES = {"int": "torch.long", "bool": "torch.bool"}


@row(Parameter)
def _(layer: Parameter, use: LayerUse) -> Submodule:
    (weight,) = layer.weights()
    trainable = {} if layer.trainable else {"requires_grad": False}
    start = weight.initial.value or Raw(_start(weight.shape, weight.initial))
    return Submodule("nn.Parameter", (start,), trainable, call="{module}")


@row(Buffer)
def _(layer: Buffer, use: LayerUse) -> Submodule:
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
def _(layer: Constant, use: LayerUse) -> str:
    inferred = use.results[0].dtype != "float" and layer.dtype is None
    value = use.size(layer.value) if isinstance(layer.value, Expression) else repr(_lists(layer.value))
    return f"torch.tensor({written(value, '' if inferred else _dtype(use), DEVICE)})"


def _lists(value: Any) -> Any:
    return [_lists(part) for part in value] if isinstance(value, tuple) else value


DEVICE = "device=device"


def _dtype(use: LayerUse) -> str:
    """The element type of the result, as an argument."""
    return f"dtype={DTYPES.get(use.results[0].dtype, use.dtype)}"


@row(Range)
def _(layer: Range, use: LayerUse) -> str:
    end, start, step = use.size(layer.end), use.size(layer.start), str(layer.step)
    bounds = [end] if (start, step) == ("0", "1") else [start, end, *([step] if step != "1" else [])]
    return f"torch.arange({written(*bounds, DEVICE)})"


@row(Full)
def _(layer: Full, use: LayerUse) -> str:
    sizes = tuple_text(map(use.size, layer.shape))
    if isinstance(layer.value, float):
        return f"torch.full({written(sizes, within(layer.value, use.dtype), _dtype(use), DEVICE)})"
    return f"torch.full({written(sizes, repr(layer.value), DEVICE)})"


@row(Zeros, Ones)
def _(layer: Zeros | Ones, use: LayerUse) -> str:
    return f"torch.{layer.function}({written(use.shape(layer.shape) or '()', _dtype(use), DEVICE)})"


@row(Normal)
def _(layer: Normal, use: LayerUse) -> str:
    if (layer.mean, layer.std) == (0, 1):
        return _random("randn", layer.shape, use)
    return f"{_random('empty', layer.shape, use)}.normal_({layer.mean}, {layer.std})"


@row(Uniform)
def _(layer: Uniform, use: LayerUse) -> str:
    if (layer.low, layer.high) == (0, 1):
        return _random("rand", layer.shape, use)
    return f"{_random('empty', layer.shape, use)}.uniform_({layer.low}, {layer.high})"


def _random(function: str, shape: tuple[Size, ...] | None, use: LayerUse) -> str:
    if shape is None:
        return f"torch.{function}_like({use.inputs[0]})"
    return f"torch.{function}({written(use.shape(shape) or '()', _dtype(use), DEVICE)})"
