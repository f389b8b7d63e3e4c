"""Older opsets: rows write the newest forms of operators, and this writes those that an older opset has.

What has no older form is refused by its row, with the opset that it needs.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.node import Node
from nnspec.to_onnx.operands import END, AxisSlice, cut

Form = Callable[[Node, Graph], None]  # adds what gives the outputs of a node


def write_older(graph: Graph, opset: int) -> None:
    """Replace the operators of a graph that an opset does not have, in place."""
    if any(opset < since for since, _ in FORMS.values()):
        graph.nodes = _older(graph.nodes, graph, opset)
        graph.prune()


def _older(nodes: list[Node], graph: Graph, opset: int) -> list[Node]:
    around, graph.nodes = graph.nodes, []
    for node in nodes:
        if node.body is not None:
            node.body.nodes[:] = _older(node.body.nodes, graph, opset)
        since, form = FORMS.get(node.op, (0, None))
        if form is None or opset >= since:
            graph.nodes.append(node)
            continue
        with graph.within(node):
            form(node, graph)
    made, graph.nodes = graph.nodes, around
    return made


def _give(node: Node, graph: Graph) -> None:
    """Let the last node give what this one gave."""
    graph.nodes[-1].outputs = node.outputs


def _gelu(node: Node, graph: Graph) -> None:
    (x,) = node.inputs
    if node.attributes["approximate"] == "tanh":
        cube = graph.node("Mul", [graph.node("Pow", [x, graph.constant(3.0)]), graph.constant(0.044715)])
        inner = graph.node("Mul", [graph.node("Add", [x, cube]), graph.constant(math.sqrt(2 / math.pi))])
        below = graph.node("Tanh", [inner])
    else:
        below = graph.node("Erf", [graph.node("Div", [x, graph.constant(math.sqrt(2))])])
    twice = graph.node("Mul", [x, graph.node("Add", [below, graph.constant(1.0)])])
    graph.node("Mul", [twice, graph.constant(0.5)])
    _give(node, graph)


def _mish(node: Node, graph: Graph) -> None:
    (x,) = node.inputs
    graph.node("Mul", [x, graph.node("Tanh", [graph.node("Softplus", [x])])])
    _give(node, graph)


def _split(node: Node, graph: Graph) -> None:
    """Without the number of parts it is that of the outputs."""
    node.attributes.pop("num_outputs", None)
    graph.nodes.append(node)


def _reduce(node: Node, graph: Graph) -> None:
    """The dimensions were an attribute."""
    if len(node.inputs) > 1:
        node.attributes["axes"] = graph.initializers[node.inputs.pop()].make().tolist()
    graph.nodes.append(node)


def _pad(node: Node, graph: Graph) -> None:
    """Padding that goes round is the end before the beginning, and the beginning behind the end."""
    if node.attributes.get("mode") != "wrap":
        graph.nodes.append(node)
        return
    value, pads = node.inputs[0], graph.initializers[node.inputs[1]].make().reshape(2, -1)
    for dim in np.flatnonzero(pads.any(axis=0)).tolist():
        begin, end = pads[:, dim].tolist()
        before = [cut(value, [AxisSlice(dim, -begin, END)], graph)] if begin else []
        behind = [cut(value, [AxisSlice(dim, 0, end)], graph)] if end else []
        value = graph.node("Concat", [*before, value, *behind], axis=dim)
    _give(node, graph)


def _grid_sample(node: Node, graph: Graph) -> None:
    """Modes had other names, and there were no volumes."""
    node.attributes["mode"] = GRID_MODES[node.attributes["mode"]]
    graph.nodes.append(node)


GRID_MODES = {"linear": "bilinear", "nearest": "nearest", "cubic": "bicubic"}
_REDUCTIONS = ("L1", "L2", "LogSumExp", "Max", "Mean", "Min", "Prod", "SumSquare")
FORMS: dict[str, tuple[int, Form]] = {
    "Gelu": (20, _gelu),
    "GridSample": (20, _grid_sample),
    "Mish": (18, _mish),
    "Pad": (19, _pad),
    "Split": (18, _split),
    **{f"Reduce{name}": (18, _reduce) for name in _REDUCTIONS},
}
