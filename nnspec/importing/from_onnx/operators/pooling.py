"""Rows of pooling."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec.importing.from_onnx.builder import GraphBuilder, layer
from nnspec.importing.from_onnx.operators.convolution import automatic
from nnspec.importing.from_onnx.operators.row import row
from nnspec.importing.from_torch.builder import Unsaid, Value
from nnspec.importing.from_torch.operators.pooling import single
from nnspec.layers.base import LARGEST


def _dims(x: Value) -> int:
    if x.rank - 2 not in (1, 2, 3):
        raise Unsaid(f"it runs over {x.rank - 2} dimensions")
    return x.rank - 2


def _window(x: Value, kernel: Any, auto_pad: str, strides: Any, dilations: Any, pads: Any) -> dict[str, Any]:
    dims = _dims(x)
    strides, dilations = strides or (1,) * dims, dilations or (1,) * dims
    padding = automatic(auto_pad, x, kernel, strides, dilations, pads)
    stride = single([int(each) for each in strides])
    size = single([int(each) for each in kernel])
    return {
        "kernel_size": size, "stride": None if stride == size else stride, "padding": padding or None,
        "dilation": None if set(dilations) == {1} else single([int(each) for each in dilations]),
    }  # fmt: skip


def _is_wide(padding: Any, kernel: Any) -> bool:
    """Whether windows could lie in the padding alone, which no layer has."""
    if padding in (None, "same_upper"):
        return False
    each = padding if isinstance(padding, tuple) else (padding,) * len(kernel)
    return any(2 * side > size for sides, size in zip(each, kernel, strict=True) for side in np.atleast_1d(sides))


def _padded(b: GraphBuilder, x: Value, padding: Any, value: float) -> Value:
    """A tensor with its padding in front of a layer."""
    margins = padding if isinstance(padding, tuple) else (padding,) * _dims(x)
    pairs = [each if isinstance(each, tuple) else (each, each) for each in margins]
    return b(layer("Pad", padding=tuple(each for pair in reversed(pairs) for each in pair), value=value or None), x)


@row("MaxPool")
def _(b: GraphBuilder, x: Any, auto_pad: str = "NOTSET", ceil_mode: int = 0, dilations: Any = None,
      kernel_shape: Any = None, pads: Any = None, storage_order: int = 0, strides: Any = None) -> Value:  # fmt: skip
    x = b.tensor(x)
    fields = _window(x, kernel_shape, auto_pad, strides, dilations, pads)
    if x.type.dtype == "float" and not dilations and _is_wide(fields["padding"], kernel_shape) and not ceil_mode:
        x = _padded(b, x, fields.pop("padding"), -LARGEST)
    if x.type.dtype == "int":
        made = b(
            layer(f"MaxPool{_dims(x)}d", **fields, ceil_mode=bool(ceil_mode) or None),
            b(layer("Cast", dtype="float"), x),
        )
        return b(layer("Cast", dtype="int"), made)
    return b(layer(f"MaxPool{_dims(x)}d", **fields, ceil_mode=bool(ceil_mode) or None), x)


@row("AveragePool")
def _(b: GraphBuilder, x: Any, auto_pad: str = "NOTSET", ceil_mode: int = 0, count_include_pad: int = 0,
      dilations: Any = None, kernel_shape: Any = None, pads: Any = None, strides: Any = None) -> Value:  # fmt: skip
    x = b.tensor(x)
    fields = _window(x, kernel_shape, auto_pad, strides, None, pads)
    if dilations is not None and set(dilations) != {1}:
        raise Unsaid("it averages over places that are apart")
    if _is_wide(fields["padding"], kernel_shape) and not ceil_mode:
        made, padding = layer(f"AvgPool{_dims(x)}d", **{**fields, "padding": None}), fields["padding"]
        found = b(made, _padded(b, x, padding, 0.0))
        if count_include_pad:
            return found
        full = b(layer("Ones", shape=(1, 1, *x.shape[2:])))
        return b(layer("Divide"), found, b(made, _padded(b, full, padding, 0.0)))
    counted = None if count_include_pad or fields["padding"] is None else False
    return b(layer(f"AvgPool{_dims(x)}d", **fields, ceil_mode=bool(ceil_mode) or None, count_include_pad=counted), x)


@row("LpPool")
def _(b: GraphBuilder, x: Any, auto_pad: str = "NOTSET", ceil_mode: int = 0, dilations: Any = None,
      kernel_shape: Any = None, p: int = 2, pads: Any = None, strides: Any = None) -> Value:  # fmt: skip
    x = b.tensor(x)
    fields = _window(x, kernel_shape, auto_pad, strides, dilations, pads)
    if fields.pop("dilation") is not None:
        raise Unsaid("it sums over places that are apart")
    padding = fields.pop("padding")
    if padding == "same_upper":
        raise Unsaid("its padding depends on the size of an input")
    if padding is not None:
        x = _padded(b, x, padding, 0.0)
    return b(layer(f"LPPool{_dims(x)}d", norm_type=p, **fields, ceil_mode=bool(ceil_mode) or None), b(layer("Abs"), x))


@row("GlobalAveragePool")
def _(b: GraphBuilder, x: Any) -> Value:
    x = b.tensor(x)
    if x.rank - 2 in (1, 2, 3):
        return b(layer(f"GlobalAvgPool{x.rank - 2}d"), x)
    return b(layer("Mean", dim=tuple(range(2, x.rank)), keepdim=True), x)


@row("GlobalMaxPool")
def _(b: GraphBuilder, x: Any) -> Value:
    x = b.tensor(x)
    if x.rank - 2 in (1, 2, 3):
        return b(layer(f"GlobalMaxPool{x.rank - 2}d"), x)
    return b(layer("Max", dim=tuple(range(2, x.rank)), keepdim=True), x)


@row("GlobalLpPool")
def _(b: GraphBuilder, x: Any, p: int = 2) -> Value:
    x = b.tensor(x)
    return b(layer("Norm", dim=tuple(range(2, x.rank)), keepdim=True, p=None if p == 2 else p), x)
