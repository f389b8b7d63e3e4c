"""Rows of norms: layers where their parameters are weights, else their arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec.importing.from_onnx.builder import GraphBuilder, layer, need_size, plain
from nnspec.importing.from_onnx.known import Known
from nnspec.importing.from_onnx.operators.elementwise import arithmetic
from nnspec.importing.from_onnx.operators.reduction import dims_of
from nnspec.importing.from_onnx.operators.row import row
from nnspec.importing.from_torch.builder import Unsaid, Value


def eps_of(epsilon: float) -> float | None:
    """The number that a norm adds, unless it is the usual one."""
    found = float(f"{epsilon:.6g}")
    return None if found == 1e-5 else found


def along_channels(b: GraphBuilder, values: Any, rank: int) -> Value:
    """A vector as it stands beside [N, C, ...]."""
    shape = (-1, *[1] * (rank - 2))
    if isinstance(values, Known):
        return b.tensor(Known(values.array.reshape(shape), values.name, values.stored))
    return b(layer("Reshape", shape=(values.shape[0], *shape[1:])), values)


@row("BatchNormalization")
def _(b: GraphBuilder, x: Any, scale: Any, bias: Any, mean: Any, var: Any, epsilon: float = 1e-5,
      momentum: float = 0.9, training_mode: int = 0, spatial: int = 1) -> Value:  # fmt: skip
    x = b.tensor(x)
    if training_mode or (b.node is not None and sum(bool(each) for each in b.node.outputs) > 1):
        raise Unsaid("it is in training, and computes statistics of the batch")
    if not spatial and x.rank > 2:
        raise Unsaid("it has statistics for each place")
    kind = {2: 1, 3: 1, 4: 2, 5: 3}.get(x.rank)
    if isinstance(scale, Known) and x.rank > 1:
        need_size(x.shape[1], scale.array.size)
    if kind is not None and all(isinstance(each, Known) for each in (scale, bias, mean, var)):
        share = plain(1 - momentum)
        made = layer(
            f"BatchNorm{kind}d", eps=eps_of(epsilon), momentum=None if abs(share - 0.1) < 1e-6 else round(share, 6)
        )
        return b.weighted_by(made, x, weight=scale, bias=bias, running_mean=mean, running_var=var)
    scale, bias, mean, var = (along_channels(b, each, x.rank) for each in (scale, bias, mean, var))
    deviation = b(layer("Sqrt"), b(layer("Add", scalar=plain(epsilon)), var))
    value = b(layer("Divide"), b(layer("Subtract"), x, mean), deviation)
    return b(layer("Add"), b(layer("Multiply"), value, scale), bias)


@row("InstanceNormalization")
def _(b: GraphBuilder, x: Any, scale: Any, bias: Any, epsilon: float = 1e-5) -> Value:
    x = b.tensor(x)
    kind = x.rank - 2
    if kind not in (1, 2, 3):
        raise Unsaid(f"it runs over {kind} dimensions")
    if isinstance(scale, Known) and isinstance(bias, Known):
        made = layer(f"InstanceNorm{kind}d", affine=True, eps=eps_of(epsilon))
        return b.weighted_by(made, x, weight=scale, bias=bias)
    value = b(layer(f"InstanceNorm{kind}d", eps=eps_of(epsilon)), x)
    value = b(layer("Multiply"), value, along_channels(b, scale, x.rank))
    return b(layer("Add"), value, along_channels(b, bias, x.rank))


@row("GroupNormalization")
def _(b: GraphBuilder, x: Any, scale: Any, bias: Any, epsilon: float = 1e-5, num_groups: int = 1,
      stash_type: int = 1) -> Value:  # fmt: skip
    x = b.tensor(x)
    channels = x.shape[1]
    if isinstance(scale, Known) and isinstance(bias, Known) and isinstance(channels, int):
        scale, bias = (_of_each(each, channels) for each in (scale, bias))
        made = layer("GroupNorm", num_groups=num_groups, eps=eps_of(epsilon))
        return b.weighted_by(made, x, weight=scale, bias=bias)
    value = b(layer("GroupNorm", num_groups=num_groups, eps=eps_of(epsilon), affine=False), x)
    for name, each in (("Multiply", scale), ("Add", bias)):
        each = b.tensor(each)
        if each.shape[0] != channels and isinstance(channels, int):  # until opset 20 there was one for each group
            each = b(layer("RepeatInterleave", repeats=channels // num_groups, dim=0), each)
        value = b(layer(name), value, along_channels(b, each, x.rank))
    return value


def _of_each(known: Known, channels: int) -> Known:
    """Numbers of channels; until opset 20 there was one for each group."""
    size = known.array.size
    return known if size == channels else Known(np.repeat(known.array, channels // size), known.name, True)


@row("LayerNormalization", "com.microsoft.LayerNormalization")
def _(b: GraphBuilder, x: Any, scale: Any, bias: Any = None, axis: int = -1, epsilon: float = 1e-5,
      stash_type: int = 1) -> Any:  # fmt: skip
    x = b.tensor(x)
    dims = x.rank - axis % x.rank
    assert b.node is not None
    made = layered(b, x, scale, bias, dims, epsilon)
    if not any(b.node.outputs[1:]):
        return made
    axes = tuple(range(x.rank - dims, x.rank))
    mean = b(layer("Mean", dim=axes, keepdim=True), x)
    variance = b(layer("Variance", dim=axes, keepdim=True, unbiased=False), x)
    return made, mean, b(layer("Rsqrt"), b(layer("Add", scalar=plain(epsilon)), variance))


def layered(b: GraphBuilder, x: Value, scale: Any, bias: Any, dims: int, epsilon: float) -> Value:
    """A layer norm of the last dimensions."""
    fields = {"eps": eps_of(epsilon), "dims": None if dims == 1 else dims}
    shape = x.shape[x.rank - dims :]
    if isinstance(scale, Known) and scale.rank == 1 == dims:
        need_size(x.shape[-1], scale.array.size)
    own = isinstance(scale, Known) and scale.array.shape == shape
    if own and (bias is None or (isinstance(bias, Known) and bias.array.shape == shape)):
        made = layer("LayerNorm", bias=None if bias is not None else False, **fields)
        return b.weighted_by(made, x, weight=scale, bias=bias)
    value = b(layer("LayerNorm", elementwise_affine=False, **fields), x)
    value = arithmetic(b, "Multiply", value, scale)
    return value if bias is None else arithmetic(b, "Add", value, bias)


@row("RMSNormalization", "com.microsoft.SimplifiedLayerNormalization", "SimplifiedLayerNormalization")
def _(b: GraphBuilder, x: Any, scale: Any, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1) -> Value:
    x = b.tensor(x)
    return root_mean(b, x, scale, x.rank - axis % x.rank, epsilon)


def root_mean(b: GraphBuilder, x: Value, scale: Any, dims: int, epsilon: float) -> Value:
    """An RMS norm of the last dimensions."""
    fields = {"eps": plain(epsilon), "dims": None if dims == 1 else dims}
    if isinstance(scale, Known) and scale.array.shape == x.shape[x.rank - dims :]:
        return b.weighted_by(layer("RMSNorm", **fields), x, weight=scale)
    return arithmetic(b, "Multiply", b(layer("RMSNorm", elementwise_affine=False, **fields), x), scale)


@row("com.microsoft.SkipLayerNormalization")
def _(b: GraphBuilder, x: Any, skip: Any, scale: Any, bias: Any = None, more: Any = None,
      epsilon: float = 1e-5) -> Any:  # fmt: skip
    total = b(layer("Add"), b.tensor(x), b.tensor(skip))
    total = total if more is None else arithmetic(b, "Add", total, more)
    return layered(b, total, scale, bias, 1, epsilon), None, None, total


@row("com.microsoft.SkipSimplifiedLayerNormalization")
def _(b: GraphBuilder, x: Any, skip: Any, scale: Any, more: Any = None, epsilon: float = 1e-5) -> Any:
    total = b(layer("Add"), b.tensor(x), b.tensor(skip))
    total = total if more is None else arithmetic(b, "Add", total, more)
    return root_mean(b, total, scale, 1, epsilon), None, None, total


@row("LRN")
def _(b: GraphBuilder, x: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0) -> Value:
    if size % 2 == 0:
        raise Unsaid("its window is even, and reaches further forwards than backwards")
    fields = {"alpha": plain(alpha), "beta": plain(beta), "k": plain(bias)}
    usual = {"alpha": 1e-4, "beta": 0.75, "k": 1.0}
    fields = {name: value for name, value in fields.items() if value != usual[name]}
    return b(layer("LocalResponseNorm", size=size, **fields), b.tensor(x))


@row("MeanVarianceNormalization")
def _(b: GraphBuilder, x: Any, axes: Any = (0, 2, 3)) -> Value:
    x = b.tensor(x)
    dim = dims_of(axes, x)
    centred = b(layer("Subtract"), x, b(layer("Mean", dim=dim, keepdim=True), x))
    variance = b(layer("Mean", dim=dim, keepdim=True), b(layer("Square"), centred))
    return b(layer("Divide"), centred, b(layer("Add", scalar=1e-9), b(layer("Sqrt"), variance)))


@row("LpNormalization")
def _(b: GraphBuilder, x: Any, axis: int = -1, p: int = 2) -> Value:
    x = b.tensor(x)
    length = b(layer("Norm", dim=axis % x.rank, keepdim=True, p=None if p == 2 else p), x)
    safe = b(layer("Where", value=1.0, value_first=True), b(layer("Equal", scalar=0.0), length), length)
    return b(layer("Divide"), x, safe)
