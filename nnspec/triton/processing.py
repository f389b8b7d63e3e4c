"""The steps of an ensemble besides the model, as small ONNX models: pictures of bytes before, probabilities behind.

They do what `nnspec predict` does with a picture of the model's size and with what the model says of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from nnspec.infer.metadata import class_names, statistics, stored
from nnspec.infer.predictions import FORM, MEANINGS, SCORES, Meaning
from nnspec.ir.batch import BATCH
from nnspec.reading.pictures import MODES
from nnspec.record import Record

OPSET, IR_VERSION = 17, 8
PROBABILITIES, CLASS = ".probabilities", ".class"  # what is added to the name of an output
_FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16)
Shares = Literal["Softmax", "Sigmoid", "Identity"]


class Scores(Record):
    """An output that holds scores: its name, the operator that makes probabilities of them, whether one class holds."""

    output: str
    shares: Shares
    one: bool


def sizes(value: onnx.ValueInfoProto) -> list[int | str]:
    """The dimensions of an input or output."""
    return [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]


def picture_of(graph: onnx.GraphProto) -> onnx.ValueInfoProto | None:
    """The first input that takes pictures, [N, C, H, W]."""
    inputs: Sequence[onnx.ValueInfoProto] = graph.input
    for each in inputs:
        shape = sizes(each)
        if each.type.tensor_type.elem_type in _FLOATS and len(shape) == 4 and shape[1] in MODES:
            return each
    return None


def scores_of(graph: onnx.GraphProto, metadata: Mapping[str, str]) -> Scores | None:
    """The first output that holds scores of classes or labels, [N, classes].

    Raises:
        SpecError: what is stored with the model is damaged.
    """
    meanings = stored(metadata, MEANINGS, FORM) or {}
    for each in graph.output:
        name, shape, meaning = each.name, sizes(each), meanings.get(each.name)
        if len(shape) != 2 or not isinstance(shape[1], int) or each.type.tensor_type.elem_type not in _FLOATS:
            continue
        if meaning is not None and meaning.kind != "numbers":
            one = meaning.kind == "classes"
            return Scores(name, _shares(meaning), one)
        if meaning is None and shape[1] > 1 and (name in SCORES or len(class_names(metadata)) == shape[1]):
            return Scores(name, "Identity" if name == "probabilities" else "Softmax", True)
    return None


def _shares(meaning: Meaning) -> Shares:
    """The operator that makes probabilities of scores; log-probabilities of classes sum to 1 as they are."""
    if meaning.scores == "probabilities":
        return "Identity"
    if meaning.kind == "classes":
        return "Softmax"
    return "Sigmoid" if meaning.scores == "logits" else "Identity"


def pixels_model(picture: onnx.ValueInfoProto, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """Bytes [N, H, W, C] become what an input for pictures takes: [N, C, H, W] within 0 and 1, normalised if need be.

    Raises:
        SpecError: the statistics that are stored with the model are not those of its channels.
    """
    samples, channels, height, width = sizes(picture)
    mean, deviation = (
        np.reshape(np.array(each, np.float32), (-1, 1, 1)) for each in statistics(metadata, picture.name, int(channels))
    )
    name, kind = picture.name, picture.type.tensor_type.elem_type
    bytes_given = helper.make_tensor_value_info("pixels", TensorProto.UINT8, [samples, height, width, channels])
    nodes = [
        helper.make_node("Transpose", ["pixels"], ["channels"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["channels"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["numbers", "white"], ["shares"]),
        helper.make_node("Sub", ["shares", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "deviation"], ["normal"]),
        helper.make_node("Cast", ["normal"], [name], to=kind),
    ]
    constants = {"white": np.array(255, np.float32), "mean": mean, "deviation": deviation}
    tensors = [numpy_helper.from_array(value, each) for each, value in constants.items()]
    graph = helper.make_graph(nodes, "pixels", [bytes_given], [picture], tensors)
    return _model(graph, {BATCH: metadata[BATCH]})


def scores_model(scores: Scores, output: onnx.ValueInfoProto, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """Scores [N, classes] become probabilities and, where one of the classes holds, its number."""
    name, shape = output.name, sizes(output)
    nodes = [
        helper.make_node("Cast", [name], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node(scores.shares, ["numbers"], [f"{name}{PROBABILITIES}"]),
    ]
    results = [helper.make_tensor_value_info(f"{name}{PROBABILITIES}", TensorProto.FLOAT, shape)]
    if scores.one:
        nodes.append(helper.make_node("ArgMax", ["numbers"], [f"{name}{CLASS}"], axis=-1, keepdims=0))
        results.append(helper.make_tensor_value_info(f"{name}{CLASS}", TensorProto.INT64, shape[:1]))
    graph = helper.make_graph(nodes, "scores", [output], results)
    kept = {key: metadata[key] for key in (BATCH, "nnspec.classes") if key in metadata}
    return _model(graph, kept)


def _model(graph: onnx.GraphProto, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """A checked model, with what the configuration is made from."""
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model, full_check=True)
    return model
