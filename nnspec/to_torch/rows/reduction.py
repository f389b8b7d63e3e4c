"""PyTorch rows of the reductions."""

from __future__ import annotations

import typing

from nnspec.layers.base import Layer
from nnspec.layers.families.reduction import (
    All,
    Any,
    ArgMax,
    ArgMin,
    CumulativeProduct,
    CumulativeSum,
    LogSumExp,
    Max,
    Mean,
    Min,
    Norm,
    Prod,
    StandardDeviation,
    Sum,
    Variance,
)
from nnspec.to_torch.operands import written
from nnspec.to_torch.row import Call, changed, row

METHODS: dict[type[Layer], str] = {Max: "amax", Min: "amin"}


def _dimensions(layer: typing.Any, call: Call) -> dict[str, typing.Any]:
    """The keywords `dim` and `keepdim`; torch keeps dimensions only where they are named."""
    keywords = changed(layer, "dim", "keepdim")
    if layer.dim is None and layer.keepdim:
        keywords = {"dim": layer.axes(call.type_of()), "keepdim": True}
    return keywords


@row(Sum, Mean, Max, Min, All, Any)
def _(layer: Sum | Mean | Max | Min | All | Any, call: Call) -> str:
    method = METHODS.get(type(layer), layer.function)
    return f"{call.inputs[0]}.{method}({written(**_dimensions(layer, call))})"


@row(Variance, StandardDeviation)
def _(layer: Variance | StandardDeviation, call: Call) -> str:
    keywords = {**_dimensions(layer, call), **changed(layer, "unbiased")}
    return f"{call.inputs[0]}.{layer.function}({written(**keywords)})"


@row(LogSumExp)
def _(layer: LogSumExp, call: Call) -> str:
    dim = layer.dim if layer.dim is not None else layer.axes(call.type_of()) or 0
    text = f"logsumexp({written(dim=dim, **changed(layer, 'keepdim'))})"
    if call.dtype == "wide":
        return f"{call.inputs[0]}.{text}"
    # a sum of exponentials is beyond float16 where its logarithm is not
    return f"{call.inputs[0]}.to(wide).{text}.to(dtype)"


@row(Norm)
def _(layer: Norm, call: Call) -> str:
    order = {"ord": layer.p} if layer.p != 2 else {}
    return f"torch.linalg.vector_norm({written(str(call.inputs[0]), **order, **_dimensions(layer, call))})"


@row(Prod, ArgMax, ArgMin)
def _(layer: Prod | ArgMax | ArgMin, call: Call) -> str:
    text = f"{call.inputs[0]}.{layer.function}"
    if layer.dim is not None:
        return f"{text}({written(**changed(layer, 'dim', 'keepdim'))})"
    ones = call.shape(call.results[0].shape)
    return f"{text}().reshape({ones})" if ones else f"{text}()"


@row(CumulativeSum, CumulativeProduct)
def _(layer: CumulativeSum | CumulativeProduct, call: Call) -> str:
    return f"{call.inputs[0]}.{layer.function}(dim={layer.dim})"
