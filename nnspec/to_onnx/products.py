"""Products along a dimension, one factor after the other.

onnxruntime's ReduceProd computes those of int64 as doubles (seen in 1.31): it keeps 53 bits, and stops at the ends of
int64 where PyTorch goes round.
"""

from __future__ import annotations

from nnspec.layers.tensor_type import TensorType
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.node import Body
from nnspec.to_onnx.operands import scalar


def products(name: str, given: TensorType, place: int, graph: Graph) -> tuple[str, str]:
    """The product of all elements along a dimension, which goes away, and those of all elements so far."""
    element = given.with_shape(*given.shape[:place], *given.shape[place + 1 :])
    one = scalar(1, given.dtype, graph)
    start = graph.node("Expand", [one, graph.shape(element.shape)]) if element.shape else one
    names = [graph.fresh("product"), graph.fresh("factor")]
    with graph.body() as nodes:
        after = graph.node("Mul", names)
        outputs = [after, graph.node("Identity", [after])]
    axes = {"scan_input_axes": [place], "scan_output_axes": [place]} if place else {}
    whole, so_far = graph.nodes_out("Scan", [start, name], 2, num_scan_inputs=1, **axes)
    graph.nodes[-1].body = Body(nodes, dict.fromkeys(names, element), dict.fromkeys(outputs, element))
    return whole, so_far
