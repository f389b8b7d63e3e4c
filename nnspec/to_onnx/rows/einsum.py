"""The ONNX row of einsum."""

from __future__ import annotations

from nnspec.layers.contraction import ELLIPSIS, parse
from nnspec.layers.families.einsum import Einsum
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import Call, row


@row(Einsum)
def _(layer: Einsum, call: Call, graph: Graph) -> str:
    """Each `...` of the operator stands for as many dimensions as any other: short ones get dimensions of size 1."""
    equation = parse(layer.equation)
    hidden = [call.type_of(place).rank - len(labels) + 1 for place, labels in enumerate(equation.operands)]
    most = max((count for count, own in zip(hidden, equation.operands, strict=True) if ELLIPSIS in own), default=0)
    given = []
    for name, labels, count in zip(call.inputs, equation.operands, hidden, strict=True):
        start = labels.index(ELLIPSIS) if ELLIPSIS in labels and count < most else None
        ones = [] if start is None else list(range(start, start + most - count))
        given.append(graph.node("Unsqueeze", [name, graph.constant(ones)]) if ones else name)
    operands = ",".join(map("".join, equation.operands))
    return graph.node("Einsum", given, equation=f"{operands}->{''.join(equation.result)}")
