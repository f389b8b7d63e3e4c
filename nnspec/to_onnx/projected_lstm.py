"""An LSTM whose state is projected: ONNX's own LSTM cannot, so it is a Scan whose body is one step.

The products with the inputs are taken for all steps at once, before the Scan; only those with the state are inside.
"""

from __future__ import annotations

from nnspec.dims import Size
from nnspec.layers.tensor_type import TensorType
from nnspec.record import Record
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.node import Body
from nnspec.to_onnx.operands import counted

INT32 = 6  # onnx.TensorProto.INT32


class Direction(Record):
    """The weights of one layer and direction by name; the biases may be ""."""

    weight_ih: str
    weight_hh: str
    weight_hr: str
    bias_ih: str
    bias_hh: str


class LstmSizes(Record):
    """The number of steps and of sequences, and the features of the state and of the cell."""

    time: Size
    batch: Size
    output: int
    hidden: int


def projected_lstm(
    value: str,
    initial: tuple[str, str],
    lengths: str,
    weights: Direction,
    sizes: LstmSizes,
    reverse: bool,
    graph: Graph,
) -> tuple[str, str, str]:
    """The outputs [T, N, output], the last state [N, output] and the last cell [N, hidden].

    The initial state and cell may be "", which is zero, and so may the lengths. Behind its length a sequence keeps its
    state, and gives zeros; read backwards, that state is still the initial one where the sequence begins.
    """
    gates = graph.node("MatMul", [value, graph.transposed(weights.weight_ih)])
    for bias in filter(None, (weights.bias_ih, weights.bias_hh)):
        gates = graph.node("Add", [gates, bias])
    state, cell = initial
    starts = [state or _zeros(sizes.batch, sizes.output, graph), cell or _zeros(sizes.batch, sizes.hidden, graph)]
    kinds = [TensorType("float", (sizes.batch, size)) for size in (sizes.output, sizes.hidden, 4 * sizes.hidden)]
    names = [graph.fresh(name) for name in ("state", "cell", "gates")]
    walked = [gates]
    if lengths:
        kinds.append(TensorType("bool", (sizes.batch, 1)))
        names.append(graph.fresh("within"))
        walked.append(graph.once(("within", lengths), lambda: _within(lengths, sizes.time, graph)))
    with graph.body() as nodes:
        after, memory = _step(names[0], names[1], names[2], weights, graph)
        shown = after
        if lengths:
            shown = graph.node("Where", [names[3], after, graph.constant(0.0)])
            after = graph.node("Where", [names[3], after, names[0]])
            memory = graph.node("Where", [names[3], memory, names[1]])
        outputs = [graph.node("Identity", [name]) for name in (after, memory, shown)]
    turned = {f"scan_{kind}_directions": [1] * many for kind, many in (("input", len(walked)), ("output", 1))}
    directions = turned if reverse else {}
    made = graph.nodes_out("Scan", [*starts, *walked], 3, num_scan_inputs=len(walked), **directions)
    results = dict(zip(outputs, (kinds[0], kinds[1], kinds[0]), strict=True))
    graph.nodes[-1].body = Body(nodes, dict(zip(names, kinds, strict=True)), results)
    return made[2], made[0], made[1]


def _within(lengths: str, time: Size, graph: Graph) -> str:
    """[T, N, 1], true for the steps that a sequence has."""
    steps = graph.node("Cast", [counted(0, time, graph)], to=INT32)
    steps = graph.node("Unsqueeze", [steps, graph.constant([1, 2])])
    return graph.node("Less", [steps, graph.node("Unsqueeze", [lengths, graph.constant([1])])])


def _step(state: str, cell: str, gates: str, weights: Direction, graph: Graph) -> tuple[str, str]:
    """The next state and cell; torch's gates are input, forget, cell, output."""
    total = graph.node("Add", [gates, graph.node("MatMul", [state, graph.transposed(weights.weight_hh)])])
    enter, keep, new, show = graph.nodes_out("Split", [total], 4, axis=-1, num_outputs=4)
    kept = graph.node("Mul", [graph.node("Sigmoid", [keep]), cell])
    entered = graph.node("Mul", [graph.node("Sigmoid", [enter]), graph.node("Tanh", [new])])
    memory = graph.node("Add", [kept, entered])
    shown = graph.node("Mul", [graph.node("Sigmoid", [show]), graph.node("Tanh", [memory])])
    return graph.node("MatMul", [shown, graph.transposed(weights.weight_hr)]), memory


def _zeros(batch: Size, features: int, graph: Graph) -> str:
    return graph.node("Expand", [graph.constant(0.0), graph.shape((batch, features))])
