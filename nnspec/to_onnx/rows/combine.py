"""ONNX rows of the layers that combine several tensors."""

from __future__ import annotations

from functools import reduce

from nnspec.layers.arithmetic import Combining
from nnspec.layers.families.combine import Add, Concat, Maximum, Minimum, Multiply, Stack, Where
from nnspec.layers.tensor_type import axis
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import cast, operands, scalar
from nnspec.to_onnx.row import LayerUse, row
from nnspec.to_onnx.whole_numbers import Which, extreme


@row(Concat)
def _(layer: Concat, use: LayerUse, graph: Graph) -> str:
    return graph.node("Concat", use.inputs, axis=axis(layer.dim, use.results[0].rank))


@row(Stack)
def _(layer: Stack, use: LayerUse, graph: Graph) -> str:
    place = axis(layer.dim, use.results[0].rank)
    parts = [graph.node("Unsqueeze", [name, graph.constant([place])]) for name in use.inputs]
    return graph.node("Concat", parts, axis=place)


OPERATORS: dict[type[Combining], str] = {Add: "Add", Multiply: "Mul", Maximum: "Max", Minimum: "Min"}
WHOLE: dict[type[Combining], Which] = {Maximum: "Max", Minimum: "Min"}


@row(Add, Multiply, Maximum, Minimum)
def _(layer: Combining, use: LayerUse, graph: Graph) -> str:
    op, dtype = OPERATORS[type(layer)], use.results[0].dtype
    chosen = WHOLE.get(type(layer)) if dtype == "int" else None

    def combined(left: str, right: str) -> str:
        return graph.node(op, [left, right]) if chosen is None else extreme(chosen, left, right, graph)

    return reduce(combined, operands(layer, use, graph, dtype))


@row(Where)
def _(layer: Where, use: LayerUse, graph: Graph) -> str:
    dtype = use.results[0].dtype
    given = [cast(name, use.type_of(i).dtype, dtype, graph) for i, name in enumerate(use.inputs) if i and name]
    if layer.value is not None:
        given.append(scalar(layer.value, dtype, graph))
    first, second = reversed(given) if layer.value_first else given
    if dtype != "bool":
        return graph.node("Where", [use.inputs[0], first, second])
    # onnxruntime has no Where on bool
    chosen = graph.node("And", [use.inputs[0], first])
    return graph.node("Or", [chosen, graph.node("And", [graph.node("Not", [use.inputs[0]]), second])])
