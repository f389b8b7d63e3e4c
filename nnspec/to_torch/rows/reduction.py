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
from nnspec.to_torch.row import LayerUse, changed, row

METHODS: dict[type[Layer], str] = {Max: "amax", Min: "amin"}


def _dimensions(layer: typing.Any, use: LayerUse) -> dict[str, typing.Any]:
    """The keywords `dim` and `keepdim`; torch keeps dimensions only where they are named."""
    keywords = changed(layer, "dim", "keepdim")
    if layer.dim is None and layer.keepdim:
        keywords = {"dim": layer.axes(use.type_of()), "keepdim": True}
    return keywords


@row(Sum, Mean, Max, Min, All, Any)
def _(layer: Sum | Mean | Max | Min | All | Any, use: LayerUse) -> str:
    method = METHODS.get(type(layer), layer.function)
    return f"{use.inputs[0]}.{method}({written(**_dimensions(layer, use))})"


@row(Variance, StandardDeviation)
def _(layer: Variance | StandardDeviation, use: LayerUse) -> str:
    keywords = {**_dimensions(layer, use), **changed(layer, "unbiased")}
    return f"{use.inputs[0]}.{layer.function}({written(**keywords)})"


@row(LogSumExp)
def _(layer: LogSumExp, use: LayerUse) -> str:
    dim = layer.dim if layer.dim is not None else layer.axes(use.type_of()) or 0
    text = f"logsumexp({written(dim=dim, **changed(layer, 'keepdim'))})"
    if use.dtype == "wide":
        return f"{use.inputs[0]}.{text}"
    # a sum of exponentials is beyond float16 where its logarithm is not
    return f"{use.inputs[0]}.to(wide).{text}.to(dtype)"


@row(Norm)
def _(layer: Norm, use: LayerUse) -> str:
    order = {"ord": layer.p} if layer.p != 2 else {}
    return f"torch.linalg.vector_norm({written(str(use.inputs[0]), **order, **_dimensions(layer, use))})"


@row(Prod, ArgMax, ArgMin)
def _(layer: Prod | ArgMax | ArgMin, use: LayerUse) -> str:
    text = f"{use.inputs[0]}.{layer.function}"
    if layer.dim is not None:
        return f"{text}({written(**changed(layer, 'dim', 'keepdim'))})"
    ones = use.shape(use.results[0].shape)
    return f"{text}().reshape({ones})" if ones else f"{text}()"


@row(CumulativeSum, CumulativeProduct)
def _(layer: CumulativeSum | CumulativeProduct, use: LayerUse) -> str:
    return f"{use.inputs[0]}.{layer.function}(dim={layer.dim})"
