"""The ONNX row of einsum: a product of matrices where it is one, which runs faster, and elsewhere the operator."""

from __future__ import annotations

from nnspec.layers.contraction import ELLIPSIS, Contraction, Labels, parse
from nnspec.layers.families.einsum import Einsum
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import LayerUse, row


@row(Einsum)
def _(layer: Einsum, use: LayerUse, graph: Graph) -> str:
    planned = layer.plan(*(use.type_of(index) for index in range(len(use.inputs))))
    as_matrices = _matrices(planned)
    if as_matrices is None:
        return _operator(layer, use, graph)
    operands = [
        _turned(name, own, wanted, graph)
        for name, own, wanted in zip(use.inputs, planned.operands, as_matrices[:2], strict=True)
    ]
    return _turned(graph.node("MatMul", operands), as_matrices[2], planned.result, graph)


def _matrices(planned: Contraction) -> tuple[Labels, Labels, Labels] | None:
    """The order of labels in which the two operands are matrices, and that of their product; None where they are none.

    One label is summed, each operand has one of its own, and all others, in the order of the result, are in front; or
    the right operand is a single matrix, and the left one has any labels of its own.
    """
    if len(planned.operands) != 2 or any(len(set(own)) < len(own) for own in planned.operands):
        return None
    left, right = planned.operands
    summed = [label for label in left if label not in planned.result]
    rows = [label for label in left if label not in right]
    columns = [label for label in right if label not in left]
    shared = tuple(label for label in planned.result if label not in (*rows, *columns))
    single = len(summed) == len(columns) == 1 and (len(rows) == 1 or (rows and not shared))
    if not single or summed[0] not in right or columns[0] not in planned.result:
        return None
    orders = []
    for own, matrix in ((left, (*rows, *summed)), (right, (*summed, *columns))):
        ahead = tuple(label for label in shared if label in own)
        if len(ahead) + len(matrix) != len(own) or ahead != shared[len(shared) - len(ahead) :]:
            return None
        orders.append((*ahead, *matrix))
    return orders[0], orders[1], (*shared, *rows, *columns)


def _turned(name: str, own: Labels, wanted: Labels, graph: Graph) -> str:
    return name if own == wanted else graph.node("Transpose", [name], perm=[own.index(label) for label in wanted])


def _operator(layer: Einsum, use: LayerUse, graph: Graph) -> str:
    """Each `...` of the operator stands for as many dimensions as any other: short ones get dimensions of size 1."""
    equation = parse(layer.equation)
    hidden = [use.type_of(place).rank - len(labels) + 1 for place, labels in enumerate(equation.operands)]
    most = max((count for count, own in zip(hidden, equation.operands, strict=True) if ELLIPSIS in own), default=0)
    given = []
    for name, labels, count in zip(use.inputs, equation.operands, hidden, strict=True):
        start = labels.index(ELLIPSIS) if ELLIPSIS in labels and count < most else None
        ones = [] if start is None else list(range(start, start + most - count))
        given.append(graph.node("Unsqueeze", [name, graph.constant(ones)]) if ones else name)
    operands = ",".join(map("".join, equation.operands))
    return graph.node("Einsum", given, equation=f"{operands}->{''.join(equation.result)}")
