"""Rows of the operators around a network that converters of scikit-learn write: scaling, norms, lists of columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec.importing.from_onnx.builder import GraphBuilder, layer, plain
from nnspec.importing.from_onnx.known import Known
from nnspec.importing.from_onnx.operators.elementwise import arithmetic, cast
from nnspec.importing.from_onnx.operators.linear import linear
from nnspec.importing.from_onnx.operators.row import row
from nnspec.importing.from_torch.builder import Unsaid, Value


def _numbers(values: Any) -> Known:
    array = np.array(values, np.float32)
    return Known(array.reshape(()) if array.size == 1 else array)


@row("ai.onnx.ml.Scaler")
def _(b: GraphBuilder, x: Any, offset: Any = (0.0,), scale: Any = (1.0,)) -> Value:
    return arithmetic(b, "Multiply", arithmetic(b, "Subtract", cast(b, x, "float"), _numbers(offset)), _numbers(scale))


@row("ai.onnx.ml.Normalizer")
def _(b: GraphBuilder, x: Any, norm: str = "MAX") -> Value:
    x = cast(b, x, "float")
    if norm == "MAX":
        size = b(layer("Max", dim=-1, keepdim=True), x)
    else:
        size = b(layer("Norm", dim=-1, keepdim=True, p=None if norm == "L2" else 1), x)
    return b(layer("Divide"), x, size)


@row("ai.onnx.ml.Binarizer")
def _(b: GraphBuilder, x: Any, threshold: float = 0.0) -> Value:
    x = b.tensor(x)
    limit = plain(threshold) if x.type.dtype == "float" else int(np.floor(threshold))
    return b(layer("Cast", dtype=x.type.dtype), b(layer("Greater", scalar=limit), x))


@row("ai.onnx.ml.Imputer")
def _(b: GraphBuilder, x: Any, imputed_value_floats: Any = None, imputed_value_int64s: Any = None,
      replaced_value_float: float = 0.0, replaced_value_int64: int = 0) -> Value:  # fmt: skip
    x = b.tensor(x)
    whole = x.type.dtype == "int"
    lost: Any = (
        replaced_value_int64
        if whole
        else plain(replaced_value_float)
        if replaced_value_float == replaced_value_float
        else None
    )
    missing = b(layer("NotEqual"), x, x) if lost is None else b(layer("Equal", scalar=lost), x)
    values = np.array(imputed_value_int64s if whole else imputed_value_floats, np.int64 if whole else np.float32)
    if values.size == 1:
        return b(layer("Where", value=values.reshape(-1)[0].item(), value_first=True), missing, x)
    return b(layer("Where"), missing, b.tensor(Known(values)), x)


@row("ai.onnx.ml.LinearRegressor")
def _(b: GraphBuilder, x: Any, coefficients: Any = (), intercepts: Any = None, post_transform: str = "NONE",
      targets: int = 1) -> Value:  # fmt: skip
    if post_transform != "NONE":
        raise Unsaid(f"it ends in {post_transform}")
    weight = Known(np.array(coefficients, np.float32).reshape(targets, -1), "coefficients", True)
    bias = None if not intercepts else Known(np.array(intercepts, np.float32), "intercepts", True)
    return linear(b, cast(b, x, "float"), weight, bias)


@row("ai.onnx.ml.FeatureVectorizer")
def _(b: GraphBuilder, *parts: Any, inputdimensions: Any = ()) -> Value:
    values = [cast(b, each, "float") for each in parts]
    return values[0] if len(values) == 1 else b(layer("Concat"), *values)


@row("ai.onnx.ml.ArrayFeatureExtractor")
def _(b: GraphBuilder, x: Any, places: Any) -> Value:
    x = b.tensor(x)
    places = (
        Known(places.array.reshape(-1), places.name)
        if isinstance(places, Known)
        else b(layer("Flatten", start_dim=0), places)
    )
    return b(layer("Take", dim=-1), x, b.tensor(places))
