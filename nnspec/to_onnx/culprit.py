"""The first layer of an ONNX model that differs from PyTorch.

Nodes of the model are named by the paths of the spec, `layer1.0.conv1.Conv`, and what a layer gives by its path alone.
A copy of the model gives the last value of every path as an output, and PyTorch is run with all that it computes
recorded. A value agrees if PyTorch has computed it anywhere: what is folded into a convolution gives what the layer
behind it should give.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx

from nnspec.record import Record
from nnspec.to_onnx.equality import disagreement
from nnspec.to_onnx.reference import Recorder, Reference, Trial, module_kinds
from nnspec.to_onnx.runtime import ERRORS, fed, open_session, reason
from nnspec.weights.arrays import Array

_NODE = re.compile(r"(.+)\.[A-Z]\w*")
_QUANTISED = re.compile(r"_(Quantize|Dequantize)Linear\w*|_quantized")  # what a quantiser puts behind a name
_DRAW = ("RandomNormalLike", "RandomUniformLike", "RandomNormal", "RandomUniform", "Multinomial", "Bernoulli")


class Culprit(Record):
    """The first layer that differs, and how many before it agree."""

    layer: str
    before: int

    def __str__(self) -> str:
        agree = f"; the {self.before} that could be compared before it agree" if self.before else ""
        return f"the first layer that differs is {self.layer}{agree}"


def first_difference(model: Path, reference: Reference, trial: Trial, tolerance: float) -> Culprit | str:
    """The first layer that differs on a trial, or why it cannot be told; the reference must be in float64."""
    kinds = module_kinds(reference.module)
    proto = onnx.load(str(model), load_external_data=False)
    last = _last_values(proto.graph, kinds)
    if not any(path in kinds for path in last):
        return "which layer differs cannot be told: the names in the file are not the paths of this spec"
    try:
        values = _values(proto, model.parent, [made.value for made in last.values()], trial)
    except ERRORS as error:
        return f"which layer differs cannot be told: onnxruntime does not give the values between: {reason(error)}"
    with Recorder() as recorder:
        reference.run_double(trial.inputs)
    before = 0
    for (path, made), value in zip(last.items(), values, strict=True):
        computed = recorder.computed.get(value.shape, [])
        if value.dtype.kind != "f" or not computed:
            continue
        if all(disagreement(each, value, tolerance) for each in computed):
            layer = f"{made.path} ({kinds.get(made.path, made.op)})"
            return Culprit(layer if made.path == path else f"{layer}, with {path} folded into it", before)
        before += 1
    return f"all {before} layers that can be compared agree; it differs behind them"


class _Made(Record):
    """A value, and the node that makes it: its path, which is another one where a layer was folded, and operator."""

    value: str
    path: str
    op: str


def _last_values(graph: onnx.GraphProto, kinds: Mapping[str, str]) -> dict[str, _Made]:
    """By path, in the order of the model, the last value that has it; none that is random."""
    outputs = {output.name for output in graph.output}
    last: dict[str, _Made] = {}
    random: set[str] = set()
    for node in graph.node:
        if node.op_type in _DRAW or not random.isdisjoint(node.input):
            random.update(node.output)
            continue
        found = _NODE.match(node.name)
        maker = found[1] if found else ""
        for value in filter(None, node.output):
            title = _QUANTISED.sub("", value)
            path = title if title in kinds and value not in outputs else maker
            if path:
                last.pop(path, None)  # to its new place in the order
                last[path] = _Made(value, maker, node.op_type)
    return last


def _values(proto: onnx.ModelProto, folder: Path, names: list[str], trial: Trial) -> list[Array]:
    """The values of these names, from a copy of the model in which they are outputs."""
    given = {output.name for output in proto.graph.output}
    proto.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in given)
    session = open_session(proto.SerializeToString(), folder=folder)
    return [np.asarray(value) for value in session.run(names, fed(session, trial.inputs))]
