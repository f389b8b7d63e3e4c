"""ONNX rows of the recurrent cells, of products and activations."""

from __future__ import annotations

from nnspec.layers.families.cells import GRUCell, LSTMCell, RNNCell
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import LayerUse, row


def _gates(which: str, name: str, use: LayerUse, graph: Graph) -> str:
    """The part of all gates that follows from one input of the step."""
    product = graph.node("MatMul", [name, graph.transposed(use.weights[f"weight_{which}"])])
    bias = use.weights.get(f"bias_{which}")
    return graph.node("Add", [product, bias]) if bias else product


def _start(index: int, layer: RNNCell | GRUCell | LSTMCell, use: LayerUse, graph: Graph) -> str:
    """A state that is given, or zero."""
    zeros = graph.shape((use.type_of().shape[0], layer.hidden_size))
    return use.inputs[index] or graph.node("Expand", [graph.constant(0.0), zeros])


@row(RNNCell)
def _(layer: RNNCell, use: LayerUse, graph: Graph) -> str:
    state = _start(1, layer, use, graph)
    total = graph.node("Add", [_gates("ih", use.inputs[0], use, graph), _gates("hh", state, use, graph)])
    return graph.node("Tanh" if layer.nonlinearity == "tanh" else "Relu", [total])


@row(GRUCell)
def _(layer: GRUCell, use: LayerUse, graph: Graph) -> str:
    state = _start(1, layer, use, graph)
    from_input = graph.nodes_out("Split", [_gates("ih", use.inputs[0], use, graph)], 3, axis=-1, num_outputs=3)
    from_state = graph.nodes_out("Split", [_gates("hh", state, use, graph)], 3, axis=-1, num_outputs=3)
    pairs = zip(from_input[:2], from_state[:2], strict=True)
    reset, update = (graph.node("Sigmoid", [graph.node("Add", list(pair))]) for pair in pairs)
    kept = graph.node("Mul", [reset, from_state[2]])
    new = graph.node("Tanh", [graph.node("Add", [from_input[2], kept])])
    return graph.node("Add", [new, graph.node("Mul", [update, graph.node("Sub", [state, new])])])


@row(LSTMCell)
def _(layer: LSTMCell, use: LayerUse, graph: Graph) -> tuple[str, str]:
    state, cell = (_start(index, layer, use, graph) for index in (1, 2))
    total = graph.node("Add", [_gates("ih", use.inputs[0], use, graph), _gates("hh", state, use, graph)])
    enter, keep, new, show = graph.nodes_out("Split", [total], 4, axis=-1, num_outputs=4)
    kept = graph.node("Mul", [graph.node("Sigmoid", [keep]), cell])
    entered = graph.node("Mul", [graph.node("Sigmoid", [enter]), graph.node("Tanh", [new])])
    memory = graph.node("Add", [kept, entered])
    return graph.node("Mul", [graph.node("Sigmoid", [show]), graph.node("Tanh", [memory])]), memory
