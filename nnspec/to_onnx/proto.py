"""Writing a graph as ONNX's protocol buffers; arrays are made here, one at a time.

Where a model is too large for one message (protobuf ends at 2 GiB), its arrays go to a second file beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import BinaryIO

import onnx
from onnx import helper

from nnspec import __version__
from nnspec.layers.base import TensorType
from nnspec.record import Record
from nnspec.to_onnx.graph import Graph, Initializer, Node
from nnspec.to_onnx.operands import CODES
from nnspec.to_onnx.versions import ir_version

LARGEST = 1 << 30  # bytes of weights in one message; larger models keep them in a file of their own
_ALIGNMENT = 4096  # of a tensor in that file, so that it can be mapped into memory


class Description(Record):
    """What a model file says of itself: the model's name, its documentation, and metadata by key."""

    name: str
    documentation: str = ""
    metadata: Mapping[str, str] = {}


def weight_bytes(graph: Graph) -> int:
    """The size of all arrays."""
    return sum(prod(value.shape) * value.dtype.itemsize for value in graph.initializers.values())


def to_proto(graph: Graph, opset: int, description: Description, data: BinaryIO | None = None) -> onnx.ModelProto:
    """The model; its arrays are inside, or in `data`, and then `place_data` must say what that file is called."""
    inputs = [_value(name, type) for name, type in graph.inputs.items()]
    outputs = [_value(name, type) for name, type in graph.outputs.items()]
    body = helper.make_graph([_node(node) for node in graph.nodes], description.name, inputs, outputs)
    for name, value in graph.initializers.items():
        body.initializer.append(_tensor(name, value, data))
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


def _tensor(name: str, value: Initializer, data: BinaryIO | None) -> onnx.TensorProto:
    array = value.make()
    if array.shape != value.shape or array.dtype != value.dtype:
        raise ValueError(f"{name} is {array.dtype}{list(array.shape)}, not {value.dtype}{list(value.shape)}")
    content = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    tensor = onnx.TensorProto(name=name, data_type=helper.np_dtype_to_tensor_dtype(value.dtype), dims=value.shape)
    if data is None or len(content) < _ALIGNMENT:
        tensor.raw_data = content
        return tensor
    data.write(b"\0" * (-data.tell() % _ALIGNMENT))
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, entry in {"location": "", "offset": str(data.tell()), "length": str(len(content))}.items():
        tensor.external_data.add(key=key, value=entry)
    data.write(content)
    return tensor
