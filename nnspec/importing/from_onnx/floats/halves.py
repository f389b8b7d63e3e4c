"""`widened`: a model of 16-bit floats as one of 32 bits: the same numbers, computed without their rounding."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import AttributeProto, GraphProto, ModelProto, TensorProto, TypeProto, numpy_helper

HALVES = (TensorProto.FLOAT16, TensorProto.BFLOAT16)
_TYPES = ("to", "dtype", "output_dtype", "output_datatype")  # attributes that name the type of a result


def widened(model: ModelProto) -> ModelProto | None:
    """The model in 32 bits; None where nothing in it has 16."""
    made = ModelProto()
    made.CopyFrom(model)
    return made if _graph(made.graph) else None


def _graph(graph: GraphProto) -> bool:
    found = [_tensor(each) for each in graph.initializer]
    found += [_tensor(each.values) for each in graph.sparse_initializer]
    found += [_type(each.type) for each in (*graph.input, *graph.output, *graph.value_info)]
    found += [_attribute(each) for node in graph.node for each in node.attribute]
    return any(found)


def _tensor(tensor: TensorProto) -> bool:
    if tensor.data_type not in HALVES:
        return False
    array = np.asarray(numpy_helper.to_array(tensor), np.float32)
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    return True


def _type(type: TypeProto) -> bool:
    if type.HasField("sequence_type"):
        return _type(type.sequence_type.elem_type)
    if not type.HasField("tensor_type") or type.tensor_type.elem_type not in HALVES:
        return False
    type.tensor_type.elem_type = TensorProto.FLOAT
    return True


def _attribute(attribute: AttributeProto) -> bool:
    if attribute.type == AttributeProto.TENSOR:
        return _tensor(attribute.t)
    if attribute.type == AttributeProto.GRAPH:
        return _graph(attribute.g)
    if attribute.type == AttributeProto.INT and attribute.name in _TYPES and attribute.i in HALVES:
        attribute.i = onnx.TensorProto.FLOAT
        return True
    return False
