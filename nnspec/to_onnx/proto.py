"""Writing a graph as ONNX's protocol buffers; arrays are made here, one at a time.

A file is written in two parts: the message without its large arrays, and behind it a second `graph` that holds them
and nothing else. Protocol buffers merge the two when they are read, and no array is ever copied into a message. Where
a model is too large for one message (protobuf ends at 2 GiB), its arrays go to a second file beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import BinaryIO

import numpy as np
import onnx
from onnx import helper

from nnspec import __version__
from nnspec.layers.base import TensorType
from nnspec.record import Record
from nnspec.to_onnx.graph import Graph, Initializer, Node
from nnspec.to_onnx.operands import CODES
from nnspec.to_onnx.versions import ir_version

LARGEST = 1 << 30  # bytes of weights in one message; larger models keep them in a file of their own
_ALIGNMENT = 4096  # of a tensor in that file, so that it can be mapped into memory; smaller ones stay in the message
# Field numbers of onnx.proto with the wire type "length-delimited" (2): a key is number << 3 | 2.
_GRAPH, _INITIALIZER, _RAW_DATA = (number << 3 | 2 for number in (7, 5, 9))


class Description(Record):
    """What a model file says of itself: the model's name, its documentation, and metadata by key."""

    name: str
    documentation: str = ""
    metadata: Mapping[str, str] = {}


def weight_bytes(graph: Graph) -> int:
    """The size of all arrays."""
    return sum(map(_bytes, graph.initializers.values()))


def to_proto(graph: Graph, opset: int, description: Description) -> onnx.ModelProto:
    """The model with its arrays, in memory."""
    model = _outline(graph, opset, description)
    for name, value in graph.initializers.items():
        model.graph.initializer.append(_tensor(name, value))
    return model


def structure(graph: Graph, opset: int, description: Description) -> onnx.ModelProto:
    """The model with its large arrays as inputs: what a check of the graph needs."""
    model = _outline(graph, opset, description)
    for name, value in graph.initializers.items():
        if _is_large(value):
            kind = helper.np_dtype_to_tensor_dtype(value.dtype)
            model.graph.input.append(helper.make_tensor_value_info(name, kind, value.shape))
        else:
            model.graph.initializer.append(_tensor(name, value))
    return model


def write(graph: Graph, opset: int, description: Description, file: BinaryIO) -> None:
    """Write the model with its arrays."""
    model = _outline(graph, opset, description)
    large = {name: value for name, value in graph.initializers.items() if _is_large(value)}
    for name, value in graph.initializers.items():
        if name not in large:
            model.graph.initializer.append(_tensor(name, value))
    file.write(model.SerializeToString())
    heads = {name: _head(name, value) for name, value in large.items()}
    sizes = {name: len(head) + _bytes(large[name]) for name, head in heads.items()}
    file.write(_key(_GRAPH, sum(len(_key(_INITIALIZER, size)) + size for size in sizes.values())))
    for name, value in large.items():
        file.write(_key(_INITIALIZER, sizes[name]) + heads[name])
        file.write(_content(name, value))


def write_apart(graph: Graph, opset: int, description: Description, data: BinaryIO) -> onnx.ModelProto:
    """Write the large arrays to `data`; `place_data` must then say in the model what that file is called."""
    model = _outline(graph, opset, description)
    for name, value in graph.initializers.items():
        if not _is_large(value):
            model.graph.initializer.append(_tensor(name, value))
            continue
        data.write(b"\0" * (-data.tell() % _ALIGNMENT))
        tensor = _empty(name, value)
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, entry in {"location": "", "offset": str(data.tell()), "length": str(_bytes(value))}.items():
            tensor.external_data.add(key=key, value=entry)
        model.graph.initializer.append(tensor)
        data.write(_content(name, value))
    return model


def _outline(graph: Graph, opset: int, description: Description) -> onnx.ModelProto:
    """The model without its arrays."""
    inputs = [_value(name, type) for name, type in graph.inputs.items()]
    outputs = [_value(name, type) for name, type in graph.outputs.items()]
    body = helper.make_graph([_node(node) for node in graph.nodes], description.name, inputs, outputs)
    model = helper.make_model(
        body,
        opset_imports=[helper.make_opsetid("", opset)],
        ir_version=ir_version(opset),
        producer_name="nnspec",
        producer_version=__version__,
        doc_string=description.documentation,
    )
    helper.set_model_props(model, {"nnspec.model": description.name, **description.metadata})
    return model


def place_data(model: onnx.ModelProto, name: str) -> None:
    """Say that the arrays are in the file `name`, in the folder of the model."""
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = name


def _node(node: Node) -> onnx.NodeProto:
    made = helper.make_node(node.op, node.inputs, node.outputs, name=node.name, **node.attributes)
    if node.body is not None:
        inputs = [_value(name, type) for name, type in node.body.inputs.items()]
        outputs = [_value(name, type) for name, type in node.body.outputs.items()]
        body = helper.make_graph([_node(inner) for inner in node.body.nodes], f"{node.name}.body", inputs, outputs)
        made.attribute.append(helper.make_attribute("body", body))
    return made


def _value(name: str, given: TensorType) -> onnx.ValueInfoProto:
    shape = [size if isinstance(size, int) else str(size) for size in given.shape]
    return helper.make_tensor_value_info(name, CODES[given.dtype], shape)


def _is_large(value: Initializer) -> bool:
    return _bytes(value) >= _ALIGNMENT


def _bytes(value: Initializer) -> int:
    return int(prod(value.shape) * value.dtype.itemsize)


def _empty(name: str, value: Initializer) -> onnx.TensorProto:
    return onnx.TensorProto(name=name, data_type=helper.np_dtype_to_tensor_dtype(value.dtype), dims=value.shape)


def _tensor(name: str, value: Initializer) -> onnx.TensorProto:
    tensor = _empty(name, value)
    tensor.raw_data = bytes(_content(name, value))
    return tensor


def _content(name: str, value: Initializer) -> memoryview:
    """The array's bytes, little-endian and in row-major order, without a copy where it lies so already."""
    array = value.make()
    if array.shape != value.shape or array.dtype != value.dtype:
        raise ValueError(f"{name} is {array.dtype}{list(array.shape)}, not {value.dtype}{list(value.shape)}")
    ordered = np.asarray(array.astype(array.dtype.newbyteorder("<"), copy=False), order="C")
    return ordered.reshape(-1).view(np.uint8).data


def _head(name: str, value: Initializer) -> bytes:
    """A tensor's message up to where its bytes begin."""
    return bytes(_empty(name, value).SerializeToString()) + _key(_RAW_DATA, _bytes(value))


def _key(field: int, length: int) -> bytes:
    """A field's key and the length of what follows, as variable-length integers."""
    text = bytearray([field])
    while length > 0x7F:
        text.append(length & 0x7F | 0x80)
        length >>= 7
    text.append(length)
    return bytes(text)
