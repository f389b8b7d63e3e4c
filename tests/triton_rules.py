"""Triton's rules for a model repository, said again: what it refuses when it loads a model.

Sources: ValidateModelConfig, ValidateModelIOConfig and ValidateInstanceGroup of triton-inference-server/core
(model_config_utils.cc), the mapping of an ensemble's tensors there (ensemble_utils.cc), initial states
(sequence_batch_scheduler.cc), and what the onnxruntime backend asks of a model's inputs and outputs (onnxruntime.cc).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Any

import onnx
from triton_schema import ENUMS, parsed

FREE = -1
NUMBERS = {value: name for name, value in ENUMS["DataType"].items()}
ONNX = {1: "FP32", 2: "UINT8", 3: "INT8", 6: "INT32", 7: "INT64", 9: "BOOL", 10: "FP16", 11: "FP64", 16: "BF16"}
Tensor = tuple[str, list[int], bool]  # its type, its dimensions, whether a batch stands before them


def broken(repository: Path) -> list[str]:
    """The rules that the models of a repository break, in words; none if Triton loads all."""
    configs = {folder.name: parsed(folder / "config.pbtxt") for folder in sorted(repository.iterdir())}
    return [
        f"{name}: {rule}" for name, config in configs.items() for rule in _rules(repository / name, config, configs)
    ]


def _rules(folder: Path, config: Any, configs: dict[str, Any]) -> Iterator[str]:
    if config.name != folder.name:
        yield "the name is not the folder's"
    if not config.HasField("version_policy"):
        yield "there is no version policy"
    if config.max_batch_size < 0:
        yield "the batch is negative"
    versions = [int(each.name) for each in folder.iterdir() if each.is_dir() and each.name.isdecimal()]
    if not versions or min(versions) < 1:
        yield "there is no version"
        return
    for port in (*config.input, *config.output):
        yield from (f"{port.name} {rule}" for rule in _port(port, config.max_batch_size))
    yield from _labels(folder, config)
    if config.HasField("dynamic_batching") and not config.max_batch_size:
        yield "requests are put together, but there is no batch"
    if config.platform == "ensemble":
        yield from _ensemble(config, configs)
        return
    if config.platform != "onnxruntime_onnx" or config.HasField("ensemble_scheduling"):
        yield "the platform does not fit"
    if not config.instance_group:
        yield "there is no instance"
    model = folder / str(max(versions)) / "model.onnx"
    yield from _model(
        onnx.load(str(model / "model.onnx" if model.is_dir() else model), load_external_data=False), config
    )


def _port(port: Any, max_batch: int) -> Iterator[str]:
    if not port.name or not port.data_type:
        yield "has no name or type"
    if not port.dims or any(size < 1 and size != FREE for size in (*port.dims, *port.reshape.shape)):
        yield "has no dimensions, or one below 1"
    if not port.HasField("reshape"):
        return
    if not port.reshape.shape and not max_batch:
        yield "would be empty"
    if _parts(port.dims) != _parts(port.reshape.shape):
        yield "has another size after the reshape"


def _parts(dims: Sequence[int]) -> list[int]:
    """The numbers of elements between free dimensions."""
    parts: list[list[int]] = [[]]
    for size in dims:
        if size == FREE:
            parts.append([])
        else:
            parts[-1].append(size)
    return [prod(part) for part in parts]


def _labels(folder: Path, config: Any) -> Iterator[str]:
    for port in config.output:
        if port.label_filename:
            file = folder / port.label_filename
            if not file.is_file():
                yield f"{port.name} has no file of labels"
            elif len(file.read_text(encoding="utf-8").splitlines()) != port.dims[-1]:
                yield f"{port.name} has another number of labels than of classes"


def _model(model: onnx.ModelProto, config: Any) -> Iterator[str]:
    """What the onnxruntime backend refuses: inputs and outputs that are not the file's."""
    inputs, outputs = ({each.name: each for each in ports} for ports in (model.graph.input, model.graph.output))
    batched = config.max_batch_size > 0
    sequences = config.sequence_batching
    for port in config.input:
        yield from _fits(port, inputs.get(port.name), batched, exact=False)
    for port in config.output:
        yield from _fits(port, outputs.get(port.name), batched, exact=True)
    controls = [each.name for each in sequences.control_input]
    states = [state.input_name for state in sequences.state]
    given = [*(port.name for port in config.input), *controls, *states]
    if sorted(given) != sorted(inputs):
        yield f"{sorted({*given} ^ {*inputs})} are not both inputs of the file and given by the configuration"
    for name in {*controls} & {*inputs}:
        control = inputs[name].type.tensor_type
        if [size.dim_value for size in control.shape.dim][batched:] != [1] or ONNX[control.elem_type] != "INT32":
            yield f"the control {name} is no INT32 [1]"
    kinds = [control.kind for each in sequences.control_input for control in each.control]
    if len({*kinds}) < len(kinds) or len({*controls}) < len(controls):
        yield "a control is given twice"
    if any(len(control.int32_false_true) != 2 for each in sequences.control_input for control in each.control):
        yield "a control does not say what is false and what is true"
    pairs = [(state.input_name, state.output_name) for state in sequences.state]
    if [output for _, output in sorted(pairs)] != sorted(output for _, output in pairs):
        yield "inputs and outputs of states are not in the same order of names"  # by which Triton pairs them
    for state in sequences.state:
        yield from (f"state {state.input_name} {rule}" for rule in _state(state, inputs, outputs, batched))


def _state(state: Any, inputs: dict[str, Any], outputs: dict[str, Any], batched: bool) -> Iterator[str]:
    for name, ports in ((state.input_name, inputs), (state.output_name, outputs)):
        if name not in ports:
            yield f"{name} is not in the file"
            return
        yield from _agrees(state, ports[name], list(state.dims), batched, exact=False)
    for first in state.initial_state:
        known = len(first.dims) == len(state.dims) and all(
            size > 0 and (wanted in (FREE, size)) for size, wanted in zip(first.dims, state.dims, strict=True)
        )
        if not known or first.data_type != state.data_type or not first.name or not first.zero_data:
            yield "begins with something else"
        if any(size != 1 for size, wanted in zip(first.dims, state.dims, strict=True) if wanted == FREE):
            yield "begins with 1 along what is free, whatever is written"
    if len(state.initial_state) > 1:
        yield "begins twice"


def _fits(port: Any, value: onnx.ValueInfoProto | None, batched: bool, exact: bool) -> Iterator[str]:
    if value is None:
        yield f"{port.name} is not in the file"
        return
    dims = list(port.reshape.shape if port.HasField("reshape") else port.dims)
    yield from (f"{port.name} {rule}" for rule in _agrees(port, value, dims, batched, exact))


def _agrees(port: Any, value: onnx.ValueInfoProto, dims: list[int], batched: bool, exact: bool) -> Iterator[str]:
    if f"TYPE_{ONNX[value.type.tensor_type.elem_type]}" != NUMBERS[port.data_type]:
        yield "has another type in the file"
    shape = [FREE if size.dim_param else size.dim_value for size in value.type.tensor_type.shape.dim]
    if batched and (not shape or shape[0] != FREE):
        yield "has no batch in the file"
    shape = shape[1:] if batched else shape or [1]
    if not (shape == dims if exact else _alike(shape, dims)):
        yield f"has dimensions {shape} in the file and {dims} in the configuration"


def _alike(one: Sequence[int], other: Sequence[int]) -> bool:
    return len(one) == len(other) and all(a == b or FREE in (a, b) for a, b in zip(one, other, strict=True))


def _ensemble(config: Any, configs: dict[str, Any]) -> Iterator[str]:
    if config.instance_group or config.HasField("dynamic_batching"):
        yield "an ensemble has no instances and no batcher"
    batched = config.max_batch_size > 0
    tensors: dict[str, Tensor] = {}
    produced, taken = {port.name for port in config.input}, {port.name for port in config.output}
    for port in (*config.input, *config.output):
        dims = list(port.reshape.shape if port.HasField("reshape") else port.dims)
        tensors[port.name] = (NUMBERS[port.data_type], dims, batched)
    for step in config.ensemble_scheduling.step:
        if step.model_name not in configs:
            yield f"there is no model {step.model_name}"
            return
        model = configs[step.model_name]
        maps = ({each.key: each.value for each in entries} for entries in (step.input_map, step.output_map))
        if 0 < model.max_batch_size < config.max_batch_size:
            yield f"{step.model_name} takes smaller batches"
        for mapping, ports, all_of_them in zip(maps, (model.input, model.output), (True, False), strict=True):
            known = {port.name: port for port in ports}
            if not mapping or not {*mapping} <= {*known} or (all_of_them and {*mapping} != {*known}):
                yield f"{step.model_name} has other inputs or outputs than {sorted(mapping)}"
                return
            for name, tensor in mapping.items():
                found = (NUMBERS[known[name].data_type], list(known[name].dims), model.max_batch_size > 0)
                if not _consistent(tensors.setdefault(tensor, found), found):
                    yield f"{tensor} is {tensors[tensor]}, and {found} for {step.model_name}"
        outputs = {each.value for each in step.output_map}
        if len(outputs) < len(step.output_map) or outputs & produced:
            yield f"{sorted(outputs)} are written twice"
        produced, taken = produced | outputs, taken | {each.value for each in step.input_map}
    if produced != taken:
        yield f"{sorted(produced ^ taken)} are not both written and read"


def _consistent(one: Tensor, other: Tensor) -> bool:
    whole = ([FREE] * each[2] + each[1] for each in (one, other))
    return one[0] == other[0] and (_alike(one[1], other[1]) or _alike(*whole))
