"""ONNX row of the standardising by known numbers."""

from __future__ import annotations

import numpy as np

from nnspec.layers.families.normalize import Normalize
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import LayerUse, row
from nnspec.weights.arrays import Array


@row(Normalize)
def _(layer: Normalize, use: LayerUse, graph: Graph) -> str:
    trailing = (1,) * max(use.type_of().rank - 2, 0) if layer.apart else ()
    value = use.inputs[0]
    for op, name, numbers in (("Sub", "mean", layer.mean), ("Div", "std", layer.std)):
        array: Array = np.array(numbers, np.float32).reshape(-1, *trailing)
        constant = graph.weight(graph.fresh(name), array.shape, np.float32, lambda array=array: array)  # type: ignore[misc]
        value = graph.node(op, [value, constant])
        graph.nodes[-1].single = True
    return value
