"""The `config.pbtxt` of a model in Triton Inference Server: its ModelConfig message as protocol-buffer text.

Source: model_config.proto of triton-inference-server/common. The one thing to know: with a batch, Triton leaves the
first dimension out of all shapes, and a shape may not be empty, so that [N] is written as one element that is reshaped.
Without a batch, one number is written as one element, which Triton takes it for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import onnx
from onnx import TensorProto

LABELS = "labels.txt"
_DELAY = 100  # microseconds that a request waits for others to share its batch
_TYPES: dict[int, str] = {
    TensorProto.BOOL: "TYPE_BOOL", TensorProto.UINT8: "TYPE_UINT8", TensorProto.INT8: "TYPE_INT8",
    TensorProto.INT32: "TYPE_INT32", TensorProto.INT64: "TYPE_INT64", TensorProto.FLOAT16: "TYPE_FP16",
    TensorProto.FLOAT: "TYPE_FP32", TensorProto.DOUBLE: "TYPE_FP64", TensorProto.BFLOAT16: "TYPE_BF16",
}  # fmt: skip


def config_text(name: str, graph: onnx.GraphProto, max_batch: int, classes: int = 0) -> str:
    """The text for a model.

    Args:
        name: that of the model's folder.
        graph: its inputs and outputs.
        max_batch: the largest batch that Triton forms; 0 where inputs and outputs do not begin with samples.
        classes: how many names of classes there are; outputs [N, classes] refer to the file of the names.
    """
    batched = max_batch > 0
    inputs = [_port(each, batched) for each in graph.input]
    outputs = [_port(each, batched, classes) for each in graph.output]
    lines = [
        f"name: {json.dumps(name)}",
        'platform: "onnxruntime_onnx"',
        f"max_batch_size: {max_batch}",
        *_listed("input", inputs),
        *_listed("output", outputs),
        *([f"dynamic_batching {{ max_queue_delay_microseconds: {_DELAY} }}"] if batched else []),
        "instance_group [ { count: 1 kind: KIND_AUTO } ]",
        "version_policy { latest { num_versions: 1 } }",
    ]
    return "".join(f"{line}\n" for line in lines)


def _shape(value: onnx.ValueInfoProto) -> list[int | str]:
    return [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]


def _port(value: onnx.ValueInfoProto, batched: bool, classes: int = 0) -> list[str]:
    """The fields of an input or output."""
    shape = _shape(value)[1 if batched else 0 :]
    dims = [size if isinstance(size, int) else -1 for size in shape]
    fields = [f"name: {json.dumps(value.name)}", f"data_type: {_TYPES[value.type.tensor_type.elem_type]}"]
    fields.append(f"dims: [ {', '.join(map(str, dims or [1]))} ]")
    fields += ["reshape { shape: [ ] }"] if batched and not dims else []
    return [*fields, *([f'label_filename: "{LABELS}"'] if classes and dims == [classes] else [])]


def _listed(field: str, ports: Sequence[list[str]]) -> Iterator[str]:
    for fields in ports:
        yield f"{field} {{"
        yield from (f"  {each}" for each in fields)
        yield "}"
