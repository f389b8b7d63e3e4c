"""Triton, emulated: a model repository is served by its configurations, with onnxruntime, in one process.

Of the parts that matter here: requests are held against dims and types, states of sequences begin with zeros and with
length 1 along free dimensions, and ensembles run a step as soon as its inputs are there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from triton_rules import FREE, NUMBERS, broken
from triton_schema import parsed

Arrays = Mapping[str, Any]
TYPES = {
    "TYPE_BOOL": np.bool_, "TYPE_UINT8": np.uint8, "TYPE_INT32": np.int32, "TYPE_INT64": np.int64,
    "TYPE_FP16": np.float16, "TYPE_FP32": np.float32,
}  # fmt: skip


class Server:
    """The models of a repository, in their newest versions."""

    def __init__(self, repository: Path) -> None:
        assert broken(repository) == []
        self.repository = repository
        self.configs = {folder.name: parsed(folder / "config.pbtxt") for folder in repository.iterdir()}
        self.sessions: dict[str, onnxruntime.InferenceSession] = {}
        self.states: dict[tuple[str, int], dict[str, Any]] = {}

    def infer(self, name: str, inputs: Arrays, sequence: int = 0, start: bool = False) -> dict[str, Any]:
        """The outputs of a model for a request, which may be one of a sequence."""
        config = self.configs[name]
        assert {*inputs} == {port.name for port in config.input}
        for port in config.input:
            self._check(port, inputs[port.name], config.max_batch_size)
        if config.platform == "ensemble":
            outputs = self._ensemble(config, dict(inputs), sequence, start)
        else:
            outputs = self._model(config, inputs, sequence, start)
        for port in config.output:
            self._check(port, outputs[port.name], config.max_batch_size)
        return {port.name: outputs[port.name] for port in config.output}

    def _check(self, port: Any, value: Any, max_batch: int) -> None:
        wanted, shape = list(port.dims), list(value.shape)
        if max_batch:
            assert 1 <= shape.pop(0) <= max_batch
        assert len(shape) == len(wanted) and all(w in (FREE, s) for w, s in zip(wanted, shape, strict=True)), port.name
        assert value.dtype == TYPES[NUMBERS[port.data_type]], port.name

    def _model(self, config: Any, inputs: Arrays, sequence: int, start: bool) -> dict[str, Any]:
        batched = config.max_batch_size > 0
        given = {port.name: self._shaped(port, inputs[port.name], batched) for port in config.input}
        states = config.sequence_batching.state
        if states:
            if start:
                self.states[config.name, sequence] = {each.input_name: self._first(each) for each in states}
            given |= self.states[config.name, sequence]
        for control in config.sequence_batching.control_input:
            given[control.name] = np.array([control.control[0].int32_false_true[start]], np.int32)
        session = self._session(config.name)
        results = dict(zip((each.name for each in session.get_outputs()), session.run(None, given), strict=True))
        self.states[config.name, sequence] = {each.input_name: results[each.output_name] for each in states}
        batch = list(next(iter(inputs.values())).shape[:1]) if batched else []
        empty = {port.name for port in config.output if port.HasField("reshape")}
        return {name: each.reshape([*batch, 1]) if name in empty else each for name, each in results.items()}

    def _shaped(self, port: Any, value: Any, batched: bool) -> Any:
        if not port.HasField("reshape"):
            return value
        return value.reshape([*value.shape[:batched], *port.reshape.shape])

    def _first(self, state: Any) -> Any:
        return np.zeros([1 if size == FREE else size for size in state.dims], TYPES[NUMBERS[state.data_type]])

    def _session(self, name: str) -> onnxruntime.InferenceSession:
        if name not in self.sessions:
            folder = self.repository / name
            newest = max(int(each.name) for each in folder.iterdir() if each.is_dir())
            model = folder / str(newest) / "model.onnx"
            self.sessions[name] = onnxruntime.InferenceSession(str(model / model.name if model.is_dir() else model))
        return self.sessions[name]

    def _ensemble(self, config: Any, tensors: dict[str, Any], sequence: int, start: bool) -> dict[str, Any]:
        waiting: Sequence[Any] = list(config.ensemble_scheduling.step)
        while waiting:
            ready = [step for step in waiting if all(each.value in tensors for each in step.input_map)]
            assert ready, "a step waits for a tensor that nothing gives"
            for step in ready:
                inputs = {each.key: tensors[each.value] for each in step.input_map}
                outputs = self.infer(step.model_name, inputs, sequence, start)
                tensors |= {each.value: outputs[each.key] for each in step.output_map}
            waiting = [step for step in waiting if step not in ready]
        return tensors
