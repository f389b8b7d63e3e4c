"""A graph as ONNX's protocol buffers.

Small arrays are part of the message that `outline` makes; the large ones, which are most of the bytes, are left to
those who write it (write.py), so that they are never copied into a message.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np
import onnx
from onnx import helper

from nnspec.layers.tensor_type import TensorType
from nnspec.record import Record
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.node import Initializer, LocalFunction, Node
from nnspec.to_onnx.operands import CODES
from nnspec.to_onnx.versions import ir_version
from nnspec.version import __version__

DOMAIN = "nnspec"  # of the functions that blocks become
SMALL = 4096  # bytes; arrays of fewer are part of the message


class Description(Record):
    """The description in a model file: the model's name, its documentation, and metadata by key."""

    name: str
    documentation: str = ""
    metadata: Mapping[str, str] = {}


def outline(graph: Graph, opset: int, description: Description) -> onnx.ModelProto:
    """The model without its large arrays."""
    imports = [helper.make_opsetid("", opset)]
    if graph.functions:
        imports.append(helper.make_opsetid(DOMAIN, 1))
    model = helper.make_model(
        _graph(graph.nodes, description.name, graph.inputs, graph.outputs),
        opset_imports=imports,
        functions=[_function(each, imports) for each in graph.functions],
        ir_version=ir_version(opset),
        producer_name="nnspec",
        producer_version=__version__,
        doc_string=description.documentation,
    )
    helper.set_model_props(model, {"nnspec.model": description.name, **description.metadata})
    model.graph.initializer.extend(_tensor(n, value) for n, value in graph.initializers.items() if not is_large(value))
    return model


def with_inputs(model: onnx.ModelProto, graph: Graph) -> onnx.ModelProto:
    """A copy of an outline with its large arrays as inputs: what a check of the graph needs."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for name, value in large(graph).items():
        kind = helper.np_dtype_to_tensor_dtype(value.dtype)
        copy.graph.input.append(helper.make_tensor_value_info(name, kind, value.shape))
    return copy


def to_proto(graph: Graph, opset: int, description: Description) -> onnx.ModelProto:
    """The model with all its arrays, in memory."""
    model = outline(graph, opset, description)
    for name, value in large(graph).items():
        model.graph.initializer.append(_tensor(name, value))
    return model


def large(graph: Graph) -> dict[str, Initializer]:
    """The arrays that an outline is without."""
    return {name: value for name, value in graph.initializers.items() if is_large(value)}


def is_large(value: Initializer) -> bool:
    """Whether an array is left out of the outline."""
    return size_of(value) >= SMALL


def size_of(value: Initializer) -> int:
    """The bytes of an array."""
    return int(prod(value.shape) * value.dtype.itemsize)


def empty_tensor(name: str, value: Initializer) -> onnx.TensorProto:
    """A tensor without its bytes."""
    return onnx.TensorProto(name=name, data_type=helper.np_dtype_to_tensor_dtype(value.dtype), dims=value.shape)


def content(name: str, value: Initializer) -> memoryview:
    """The array's bytes, little-endian and in row-major order, without a copy where it lies so already."""
    array = value.make()
    if array.shape != value.shape or array.dtype != value.dtype:
        raise ValueError(f"{name} is {array.dtype}{list(array.shape)}, not {value.dtype}{list(value.shape)}")
    ordered = np.asarray(array.astype(array.dtype.newbyteorder("<"), copy=False), order="C")
    return ordered.reshape(-1).view(np.uint8).data


def _tensor(name: str, value: Initializer) -> onnx.TensorProto:
    tensor = empty_tensor(name, value)
    tensor.raw_data = bytes(content(name, value))
    return tensor


def _graph(
    nodes: list[Node], name: str, inputs: Mapping[str, TensorType], outputs: Mapping[str, TensorType]
) -> onnx.GraphProto:
    return helper.make_graph([_node(node) for node in nodes], name, _values(inputs), _values(outputs))


def _function(function: LocalFunction, imports: list[onnx.OperatorSetIdProto]) -> onnx.FunctionProto:
    nodes = [_node(node) for node in function.nodes]
    return helper.make_function(DOMAIN, function.name, function.inputs, function.outputs, nodes, imports)


def _node(node: Node) -> onnx.NodeProto:
    made = helper.make_node(
        node.op, node.inputs, node.outputs, name=node.name, domain=node.domain or None, **node.attributes
    )
    if node.body is not None:
        body = _graph(node.body.nodes, f"{node.name}.body", node.body.inputs, node.body.outputs)
        made.attribute.append(helper.make_attribute("body", body))
    return made


def _values(types: Mapping[str, TensorType]) -> list[onnx.ValueInfoProto]:
    return [helper.make_tensor_value_info(name, CODES[given.dtype], _sizes(given)) for name, given in types.items()]


def _sizes(given: TensorType) -> list[int | str]:
    return [size if isinstance(size, int) else str(size) for size in given.shape]
