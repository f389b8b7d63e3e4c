"""`widened`: a model of 16-bit floats as one of 32 bits: the same numbers, computed without their rounding."""

from __future__ import annotations

import numpy as np
from onnx import AttributeProto, GraphProto, ModelProto, TensorProto, TypeProto, numpy_helper

HALVES = (TensorProto.FLOAT16, TensorProto.BFLOAT16)
_TYPES = ("to", "dtype", "output_dtype", "output_datatype")  # attributes that name the type of a result


def widened(model: ModelProto) -> ModelProto | None:
    """The model in 32 bits; None where nothing in it has 16."""
    if not _has_halves(model.graph):
        return None
    made = ModelProto()
    made.CopyFrom(model)
    _graph(made.graph)
    return made


def _has_halves(graph: GraphProto) -> bool:
    """Whether anything in a graph has 16 bits."""
    tensors = [*graph.initializer, *(each.values for each in graph.sparse_initializer)]
    attributes = [each for node in graph.node for each in node.attribute]
    tensors += [each.t for each in attributes if each.type == AttributeProto.TENSOR]
    types = [each.type.tensor_type.elem_type for each in (*graph.input, *graph.output, *graph.value_info)]
    types += [each.data_type for each in tensors]
    types += [each.i for each in attributes if each.type == AttributeProto.INT and each.name in _TYPES]
    inside = (_has_halves(each.g) for each in attributes if each.type == AttributeProto.GRAPH)
    return not set(HALVES).isdisjoint(types) or any(inside)


def _graph(graph: GraphProto) -> None:
    for tensor in (*graph.initializer, *(each.values for each in graph.sparse_initializer)):
        _tensor(tensor)
    for port in (*graph.input, *graph.output, *graph.value_info):
        _type(port.type)
    for attribute in (each for node in graph.node for each in node.attribute):
        if attribute.type == AttributeProto.TENSOR:
            _tensor(attribute.t)
        elif attribute.type == AttributeProto.GRAPH:
            _graph(attribute.g)
        elif attribute.type == AttributeProto.INT and attribute.name in _TYPES and attribute.i in HALVES:
            attribute.i = TensorProto.FLOAT


def _tensor(tensor: TensorProto) -> None:
    if tensor.data_type in HALVES:
        array = np.asarray(numpy_helper.to_array(tensor), np.float32)
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))


def _type(type: TypeProto) -> None:
    if type.HasField("sequence_type"):
        _type(type.sequence_type.elem_type)
    elif type.HasField("tensor_type") and type.tensor_type.elem_type in HALVES:
        type.tensor_type.elem_type = TensorProto.FLOAT
