"""The `config.pbtxt` of a model in Triton Inference Server: its ModelConfig message as protocol-buffer text.

Source: model_config.proto of triton-inference-server/common. The one thing to know: with a batch, Triton leaves the
first dimension out of all shapes, and a shape may not be empty, so that [N] is written as one element that is reshaped.
Without a batch, one number is written as one element, which Triton takes it for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import onnx
from onnx import TensorProto

from nnspec.triton.ensemble import Ensemble, steps_text
from nnspec.triton.sequence import FREE, START, Sequences, State, dims_of

LABELS = "labels.txt"
_DELAY = 100  # microseconds that a request waits for others to share its batch
_IDLE = 60_000_000  # microseconds without a request after which a sequence is forgotten
VERSIONS = "version_policy { latest { num_versions: 1 } }"
_SEQUENCES = 64  # how many are kept at a time; further ones wait
_TYPES: dict[int, str] = {
    TensorProto.BOOL: "TYPE_BOOL", TensorProto.UINT8: "TYPE_UINT8", TensorProto.INT8: "TYPE_INT8",
    TensorProto.INT32: "TYPE_INT32", TensorProto.INT64: "TYPE_INT64", TensorProto.FLOAT16: "TYPE_FP16",
    TensorProto.FLOAT: "TYPE_FP32", TensorProto.DOUBLE: "TYPE_FP64", TensorProto.BFLOAT16: "TYPE_BF16",
}  # fmt: skip


def config_text(
    name: str, graph: onnx.GraphProto, max_batch: int, classes: int = 0, sequences: Sequences | None = None
) -> str:
    """The text for a model.

    Args:
        name: that of the model's folder.
        graph: its inputs and outputs.
        max_batch: the largest batch that Triton forms; 0 where inputs and outputs do not begin with samples.
        classes: how many names of classes there are; outputs [N, classes] refer to the file of the names.
        sequences: what stays in the server between the requests of a sequence; there is no batch then.
    """
    batched = max_batch > 0
    kept = {each for state in sequences.states for each in (state.input, state.output)} if sequences else set()
    known = sequences.sizes if sequences else {}
    inputs = [_port(each, batched, known) for each in graph.input if each.name not in {*kept, START}]
    outputs = [_port(each, batched, {}, classes) for each in graph.output if each.name not in kept]
    starts = any(each.name == START for each in graph.input)
    lines = [
        f"name: {json.dumps(name)}",
        'platform: "onnxruntime_onnx"',
        f"max_batch_size: {max_batch}",
        *_listed("input", inputs),
        *_listed("output", outputs),
        *([f"dynamic_batching {{ max_queue_delay_microseconds: {_DELAY} }}"] if batched else []),
        *(_sequence_batching(sequences.states, starts) if sequences else []),
        "instance_group [ { count: 1 kind: KIND_AUTO } ]",
        VERSIONS,
    ]
    return "".join(f"{line}\n" for line in lines)


def ensemble_text(name: str, ensemble: Ensemble, max_batch: int, classes: int) -> str:
    """The text for an ensemble, which has no instances; its models reshape what they are given themselves."""
    lines = [
        f"name: {json.dumps(name)}",
        'platform: "ensemble"',
        f"max_batch_size: {max_batch}",
        *_listed("input", [_port(each, True, {}, reshaped=False) for each in ensemble.inputs]),
        *_listed("output", [_port(each, True, {}, classes, reshaped=False) for each in ensemble.outputs]),
        *steps_text(ensemble.steps),
        VERSIONS,
    ]
    return "".join(f"{line}\n" for line in lines)


def _port(
    value: onnx.ValueInfoProto, batched: bool, known: Mapping[str, int], classes: int = 0, reshaped: bool = True
) -> list[str]:
    """The fields of an input or output."""
    dims = dims_of(value, known)[1 if batched else 0 :]
    fields = [f"name: {json.dumps(value.name)}", f"data_type: {_TYPES[value.type.tensor_type.elem_type]}"]
    fields.append(_dims(dims or [1]))
    fields += ["reshape { shape: [ ] }"] if reshaped and batched and not dims else []
    return [*fields, *([f'label_filename: "{LABELS}"'] if classes and dims == [classes] else [])]


def _dims(sizes: Sequence[int]) -> str:
    return f"dims: [ {', '.join(map(str, sizes))} ]"


def _sequence_batching(states: Sequence[State], starts: bool) -> Iterator[str]:
    """The field that keeps states in the server, and says where a sequence starts if the model asks."""
    yield "sequence_batching {"
    yield f"  max_sequence_idle_microseconds: {_IDLE}"
    yield f"  oldest {{ max_candidate_sequences: {_SEQUENCES} }}"
    if starts:
        control = "control { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] }"
        yield f"  control_input {{ name: {json.dumps(START)} {control} }}"
    for state in states:
        kind, first = _TYPES[state.element], [1 if size == FREE else size for size in state.dims]
        yield "  state {"
        yield f"    input_name: {json.dumps(state.input)}"
        yield f"    output_name: {json.dumps(state.output)}"
        yield f"    data_type: {kind}"
        yield f"    {_dims(state.dims)}"
        yield f'    initial_state {{ name: "zeros" data_type: {kind} {_dims(first)} zero_data: true }}'
        yield "  }"
    yield "}"


def _listed(field: str, ports: Sequence[list[str]]) -> Iterator[str]:
    for fields in ports:
        yield f"{field} {{"
        yield from (f"  {each}" for each in fields)
        yield "}"
