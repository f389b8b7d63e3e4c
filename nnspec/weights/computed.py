"""The array of a tensor that follows from constants, without torch: its layers as operators of ONNX, run as those."""

from __future__ import annotations

import numpy as np

from nnspec.ir.constant import as_program
from nnspec.layers.computed import Computed
from nnspec.weights.arrays import Array

OPSET = 21  # the last one whose random operators onnxruntime has


def computed_array(value: Computed, seed: list[int]) -> Array:
    """The array; what is drawn in it depends on the seed alone.

    Raises:
        SpecError: ONNX cannot express a layer.
    """
    from nnspec.to_onnx.build import build_graph
    from nnspec.to_onnx.proto import Description, to_proto
    from nnspec.to_onnx.runtime import open_session

    graph = build_graph(as_program(value), _no_weights, OPSET)
    random = np.random.default_rng(seed)
    for node in graph.nodes:
        if node.op.startswith("Random"):
            node.attributes["seed"] = float(random.integers(1 << 24))
    session = open_session(to_proto(graph, OPSET, Description("value")).SerializeToString())
    (array,) = session.run(None, {})
    return np.asarray(array)


def _no_weights(key: str) -> Array:
    raise KeyError(key)
