"""The array of a tensor that follows from constants, without torch: its layers as operators of ONNX, run by onnx."""

from __future__ import annotations

import numpy as np

from nnspec.layers.computed import Computed
from nnspec.to_onnx import rows
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import ROWS, Call
from nnspec.weights.arrays import ELEMENT_TYPES, Array

OPSET = 21  # the last one whose random operators are run everywhere

assert rows.__path__, "importing the rows has filled ROWS"


def computed_array(value: Computed, seed: list[int]) -> Array:
    """The array; what is drawn in it depends on the seed alone.

    Raises:
        LayerError: ONNX cannot express a layer.
    """
    from onnx.reference import ReferenceEvaluator

    from nnspec.to_onnx.proto import Description, to_proto

    graph, types, names = Graph({}), value.types, list[str]()
    for step in value.steps:
        given = tuple("" if number is None else names[number] for number in step.inputs)
        inputs = tuple(None if number is None else types[number] for number in step.inputs)
        made = len(step.layer.results(*inputs))
        results = tuple(types[len(names) : len(names) + made])
        found = ROWS[type(step.layer)](step.layer, Call(given, inputs, results, {}, OPSET), graph)
        names += [found] if isinstance(found, str) else found
    graph.finish({"value": names[value.result]}, {"value": value.type})
    random = np.random.default_rng(seed)
    for node in graph.nodes:
        if node.op.startswith("Random"):
            node.attributes["seed"] = float(random.integers(1 << 24))
    (array,) = ReferenceEvaluator(to_proto(graph, OPSET, Description("value"))).run(None, {})
    return np.asarray(array, ELEMENT_TYPES[value.type.dtype])
