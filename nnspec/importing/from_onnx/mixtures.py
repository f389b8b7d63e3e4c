"""`routed`: a model in which what nnspec writes for a mixture of experts is two nodes, `Experts` and `Mixture`.

`Experts` gives each expert the rows that chose it, `Mixture` adds what they make of them; see to_onnx/mixture.py.
"""

from __future__ import annotations

from onnx import ModelProto, NodeProto, helper, numpy_helper

DOMAIN = "nnspec"
EXPERTS, MIXTURE = f"{DOMAIN}.Experts", f"{DOMAIN}.Mixture"


def routed(model: ModelProto) -> ModelProto:
    """The model; itself where nothing in it is such a mixture."""
    graph = _Graph(model)
    found = [made for node in model.graph.node if node.op_type == "NonZero" and (made := graph.mixture(node))]
    if not found:
        return model
    result = ModelProto()
    result.CopyFrom(model)
    del result.graph.node[:]
    firsts = {id(first): first for first, _, _ in found}
    starts = {split: first for first, _, split in found}
    ends = {last.output[0]: last for _, last, _ in found}
    for node in model.graph.node:
        if node.output[0] in starts:
            result.graph.node.append(firsts[id(starts[node.output[0]])])
        elif node.output[0] in ends:
            result.graph.node.append(ends[node.output[0]])
        else:
            result.graph.node.append(node)
    _sweep(result)
    return result


def _sweep(model: ModelProto) -> None:
    """Drop the nodes that nothing uses."""
    used = {port.name for port in model.graph.output}
    kept: list[NodeProto] = []
    for node in reversed(model.graph.node):
        graphs = [each.g for each in node.attribute if each.HasField("g")]
        inside = [name for graph in graphs for inner in graph.node for name in inner.input]
        if used.intersection(node.output):
            used.update((*node.input, *inside))
            kept.append(node)
    del model.graph.node[:]
    model.graph.node.extend(reversed(kept))


class _Graph:
    def __init__(self, model: ModelProto) -> None:
        self.makers = {name: node for node in model.graph.node for name in node.output}
        self.users: dict[str, list[NodeProto]] = {}
        for node in model.graph.node:
            for name in node.input:
                self.users.setdefault(name, []).append(node)
        self.tensors = {each.name: each for each in model.graph.initializer}

    def mixture(self, choice: NodeProto) -> tuple[NodeProto, NodeProto, str] | None:
        """Both nodes, and the first of the rows that the first of them gives; None for another use of NonZero."""
        owned = self._made(choice.input[0], "Equal")
        numbers = None if owned is None else self.tensors.get(owned.input[0])
        chosen = None if owned is None else self._made(owned.input[1], "Reshape")
        order = self._user(choice.output[0], "Gather")
        if numbers is None or chosen is None or order is None:
            return None
        count = numpy_helper.to_array(numbers).size
        rows = self._user(order.output[0], "Div")
        taken = None if rows is None else self._user(rows.output[0], "Gather")
        parts = None if taken is None else self._user(taken.output[0], "Split")
        flat = None if taken is None else self._made(taken.input[0], "Reshape")
        places = self._user(order.output[0], "ScatterElements")
        back = None if places is None else self._user(places.output[0], "Gather")
        results = None if back is None else self._made(back.input[0], "Concat")
        shaped = None if back is None else self._user(back.output[0], "Reshape")
        total = None if shaped is None else self._user(shaped.output[0], "MatMul")
        weights = None if total is None else self._made(total.input[0], "Unsqueeze")
        last = None if total is None else self._user(total.output[0], "Squeeze")
        if parts is None or flat is None or results is None or weights is None or last is None:
            return None
        whole = numpy_helper.to_array(numbers).reshape(-1).tolist() == list(range(count))
        if not whole or len(parts.output) != count or len(results.input) != count:
            return None
        name = choice.name.removesuffix(".NonZero")
        first = helper.make_node("Experts", [flat.input[0], chosen.input[0]], parts.output, f"{name}.Experts",
                                 domain=DOMAIN)  # fmt: skip
        second = helper.make_node("Mixture", [flat.input[0], chosen.input[0], weights.input[0], *results.input],
                                  last.output, f"{name}.Mixture", domain=DOMAIN)  # fmt: skip
        return first, second, parts.output[0]

    def _made(self, value: str, operator: str) -> NodeProto | None:
        node = self.makers.get(value)
        return node if node is not None and node.op_type == operator else None

    def _user(self, value: str, operator: str) -> NodeProto | None:
        found = {node.output[0]: node for node in self.users.get(value, ()) if node.op_type == operator}
        return next(iter(found.values())) if len(found) == 1 else None
