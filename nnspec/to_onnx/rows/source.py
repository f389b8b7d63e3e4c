"""ONNX rows of the values that come from nothing."""

from __future__ import annotations

from math import prod

import numpy as np

from nnspec.dims import Expression, Size
from nnspec.layers.families.source import Buffer, Constant, Full, Normal, Ones, Parameter, Range, Uniform, Zeros
from nnspec.layers.tensor_type import DType, LayerError
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import counted, scalar
from nnspec.to_onnx.row import LayerUse, row
from nnspec.weights.arrays import ELEMENT_TYPES

STORED = 4096  # tensors of more elements than this are made when the model runs
LAST_RANDOM = 21  # onnxruntime 1.31 has random operators up to this opset, and none for the changed ones of opset 22


@row(Parameter, Buffer)
def _(layer: Parameter | Buffer, use: LayerUse, graph: Graph) -> str:
    return use.weights[""]


@row(Constant)
def _(layer: Constant, use: LayerUse, graph: Graph) -> str:
    if isinstance(layer.value, Expression):
        return scalar(layer.value, use.results[0].dtype, graph)
    return graph.constant(layer.value, ELEMENT_TYPES[use.results[0].dtype])


@row(Range)
def _(layer: Range, use: LayerUse, graph: Graph) -> str:
    if isinstance(layer.start, int) and isinstance(layer.end, int) and layer.end - layer.start <= STORED:
        return graph.constant(np.arange(layer.start, layer.end, layer.step))
    return counted(layer.start, layer.end, graph, layer.step)


@row(Full)
def _(layer: Full, use: LayerUse, graph: Graph) -> str:
    return _filled(layer.value, use.results[0].dtype, layer.shape, graph)


@row(Zeros, Ones)
def _(layer: Zeros | Ones, use: LayerUse, graph: Graph) -> str:
    return _filled(int(isinstance(layer, Ones)), layer.dtype, layer.shape, graph)


def _filled(value: int | float, dtype: DType, shape: tuple[Size, ...], graph: Graph) -> str:
    numbers = [size for size in shape if isinstance(size, int)]
    if len(numbers) == len(shape) and prod(numbers) <= STORED:
        return graph.constant(np.full(numbers, value, ELEMENT_TYPES[dtype]))
    return graph.node("Expand", [scalar(value, dtype, graph), graph.shape(shape)])


@row(Normal)
def _(layer: Normal, use: LayerUse, graph: Graph) -> str:
    if np.float32(layer.std) == 0:  # onnxruntime would end the process
        return _mean(layer, use, graph)
    return graph.node("RandomNormalLike", [_like(layer, use, graph)], mean=float(layer.mean), scale=float(layer.std))


@row(Uniform)
def _(layer: Uniform, use: LayerUse, graph: Graph) -> str:
    return graph.node("RandomUniformLike", [_like(layer, use, graph)], low=float(layer.low), high=float(layer.high))


def _mean(layer: Normal, use: LayerUse, graph: Graph) -> str:
    """The mean in the wanted shape."""
    if layer.shape is not None:
        return _filled(float(layer.mean), "float", layer.shape, graph)
    return graph.node("Expand", [scalar(float(layer.mean), "float", graph), graph.node("Shape", [use.inputs[0]])])


def _like(layer: Normal | Uniform, use: LayerUse, graph: Graph) -> str:
    """A tensor of the wanted shape."""
    if use.opset > LAST_RANDOM:
        message = f"onnxruntime draws random numbers in models of opset {LAST_RANDOM} or less, and this is {use.opset}"
        raise LayerError(message, help=f"export with opset {LAST_RANDOM}")
    return use.inputs[0] if layer.shape is None else _filled(0.0, "float", layer.shape, graph)
