"""ONNX rows of the recurrent cells, of products and activations."""

from __future__ import annotations

from nnspec.layers.families.cells import GRUCell, LSTMCell, RNNCell
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import Call, row


def _gates(which: str, name: str, call: Call, graph: Graph) -> str:
    """What one input of the step gives to all gates."""
    product = graph.node("MatMul", [name, graph.transposed(call.weights[f"weight_{which}"])])
    bias = call.weights.get(f"bias_{which}")
    return graph.node("Add", [product, bias]) if bias else product


def _start(index: int, layer: RNNCell | GRUCell | LSTMCell, call: Call, graph: Graph) -> str:
    """A state that is given, or zero."""
    zeros = graph.shape((call.type_of().shape[0], layer.hidden_size))
    return call.inputs[index] or graph.node("Expand", [graph.constant(0.0), zeros])


@row(RNNCell)
def _(layer: RNNCell, call: Call, graph: Graph) -> str:
    state = _start(1, layer, call, graph)
    total = graph.node("Add", [_gates("ih", call.inputs[0], call, graph), _gates("hh", state, call, graph)])
    return graph.node("Tanh" if layer.nonlinearity == "tanh" else "Relu", [total])


@row(GRUCell)
def _(layer: GRUCell, call: Call, graph: Graph) -> str:
    state = _start(1, layer, call, graph)
    from_input = graph.nodes_out("Split", [_gates("ih", call.inputs[0], call, graph)], 3, axis=-1, num_outputs=3)
    from_state = graph.nodes_out("Split", [_gates("hh", state, call, graph)], 3, axis=-1, num_outputs=3)
    pairs = zip(from_input[:2], from_state[:2], strict=True)
    reset, update = (graph.node("Sigmoid", [graph.node("Add", list(pair))]) for pair in pairs)
    kept = graph.node("Mul", [reset, from_state[2]])
    new = graph.node("Tanh", [graph.node("Add", [from_input[2], kept])])
    return graph.node("Add", [new, graph.node("Mul", [update, graph.node("Sub", [state, new])])])


@row(LSTMCell)
def _(layer: LSTMCell, call: Call, graph: Graph) -> tuple[str, str]:
    state, cell = (_start(index, layer, call, graph) for index in (1, 2))
    total = graph.node("Add", [_gates("ih", call.inputs[0], call, graph), _gates("hh", state, call, graph)])
    enter, keep, new, show = graph.nodes_out("Split", [total], 4, axis=-1, num_outputs=4)
    kept = graph.node("Mul", [graph.node("Sigmoid", [keep]), cell])
    entered = graph.node("Mul", [graph.node("Sigmoid", [enter]), graph.node("Tanh", [new])])
    memory = graph.node("Add", [kept, entered])
    return graph.node("Mul", [graph.node("Sigmoid", [show]), graph.node("Tanh", [memory])]), memory
