"""`attend`: attention that a module writes as products and a softmax becomes the layer, with the masks that it has.

It is the layer where the weights are used for nothing else. A mask that only compares the places of query and key is
`causal` and `window`, or nothing at all; what else is added to the scores is a bias. Keys that are repeated for several
heads are given as they are.
"""

from __future__ import annotations

import math
import re
from typing import Any

from nnspec.dims import equal
from nnspec.importing.by_hand.graph import Graph
from nnspec.importing.by_hand.places import LOW, Hiding, Places, Truths, negated
from nnspec.importing.network import Operation
from nnspec.layers.families.attention import Attention


class _Found:
    """What is known of an attention while its operations are followed from the end."""

    def __init__(self) -> None:
        self.gone: list[Operation] = []
        self.fields: dict[str, Any] = {}
        self.added: list[str] = []
        self.scale = 1.0


def attend(graph: Graph) -> None:
    """Put the layer in the place of each attention that is written by hand."""
    places = Places(graph)
    gone: set[int] = set()
    for operation in list(graph.network.root.operations()):
        if operation.layer.kind in ("MatMul", "Einsum"):
            gone |= _attention(graph, places, operation)
        elif operation.layer.kind == "Attention":
            gone |= _simplified(graph, places, operation)
    graph.drop(gone)


def _simplified(graph: Graph, places: Places, operation: Operation) -> set[int]:
    """Let the layer itself say what its mask does, where that only compares places, and repeat its keys and values."""
    layer: Any = operation.layer
    found = _Found()
    inputs = [*operation.inputs[:1], *(_shared(graph, each or "", found) for each in operation.inputs[1:3])]
    if graph.result(layer, *inputs, *operation.inputs[3:]) != graph.types[operation.outputs[0]]:
        found.gone.clear()
        inputs = list(operation.inputs[:3])
    for value in operation.inputs[3:]:
        fields, left = _seen(graph, places, value) if len(inputs) < 5 else (None, value)
        seen = fields is not None and layer.window is None and layer.offset == 0
        layer = layer.model_copy(update=fields) if seen else layer
        inputs.append(left if seen else value)
    while inputs[-1] is None:
        inputs.pop()
    if layer is not operation.layer or tuple(inputs) != operation.inputs:
        graph.replace(operation, operation.replace(layer=layer, inputs=tuple(inputs)))
    return {id(each) for each in found.gone}


def _seen(graph: Graph, places: Places, value: str | None) -> tuple[dict[str, Any] | None, str | None]:
    """The arguments that say what a mask or bias hides, and what is left of it."""
    form = places.of(value)
    if isinstance(form, (Truths, Hiding)):
        return _mask(form if isinstance(form, Truths) else form.seen), None
    chosen = graph.maker(value, "Where")
    layer: Any = None if chosen is None else chosen.layer
    if chosen is None or layer.value is None or layer.value > LOW or layer.value_first:
        return None, value
    truths = places.of(chosen.inputs[0])
    return _mask(truths) if isinstance(truths, Truths) else None, chosen.inputs[1]


def _attention(graph: Graph, places: Places, last: Operation) -> set[int]:
    """Write the attention that an operation is the last of; the operations that are gone."""
    found = _Found()
    pair = _weighed(graph, last)
    if pair is None:
        return set()
    weights, value = pair
    dropout = graph.maker(weights, "Dropout")
    if dropout is not None and graph.once(dropout):
        found.fields["dropout"] = dropout.layer.p  # type: ignore[union-attr]
        found.gone.append(dropout)
        weights = dropout.inputs[0] or ""
    softmax = graph.maker(weights, "Softmax")
    if softmax is None or not graph.once(softmax) or softmax.layer.dim not in (-1, len(graph.shape(weights)) - 1):  # type: ignore[union-attr]
        return set()
    found.gone.append(softmax)
    operands = _scores(graph, places, softmax.inputs[0] or "", found)
    if operands is None:
        return set()
    query, key = operands
    query, found.scale = _scaled(graph, query, found)
    key, found.scale = _scaled(graph, key, found)
    layer = _layer(graph, query, found)
    if layer is None or len(found.added) > 2:
        return set()
    inputs = [query, _shared(graph, key, found), _shared(graph, value, found)]
    inputs += [None, found.added[0]] if len(found.added) == 1 else found.added  # type: ignore[list-item]
    result = graph.result(layer, *inputs)
    if result is None and inputs[1:3] != [key, value]:
        inputs[1:3] = [key, value]
        result = graph.result(layer, *inputs)
    if result is None or result != graph.types[last.outputs[0]]:
        return set()
    made = Operation(layer, tuple(inputs), last.outputs, None, (), last.names, last.origin)
    graph.replace(last, made)
    return {id(each) for each in found.gone}


def _weighed(graph: Graph, last: Operation) -> tuple[str, str] | None:
    """The weights and the values of which a product is the weighed sum."""
    first, second = (*last.inputs, None, None)[:2]
    if first is None or second is None or len(last.inputs) != 2:
        return None
    if last.layer.kind == "MatMul":
        return first, second
    operands, result = _equation(last)
    for one, other, weights, value in ((*operands, first, second), (*operands[::-1], second, first)):
        if len(one) < 3 or one[:-2] != other[:-2]:
            continue
        if other[-2] == one[-1] and result == one[:-1] + other[-1]:  # ..ts, ..sd -> ..td
            return weights, value
    return None


def _equation(operation: Operation) -> tuple[tuple[str, str], str]:
    text = re.sub(r"\s", "", operation.layer.equation)  # type: ignore[union-attr]
    operands, _, result = text.partition("->")
    first, _, second = operands.partition(",")
    return (first, second), result


def _scores(graph: Graph, places: Places, value: str, found: _Found) -> tuple[str, str] | None:
    """Query and key of scores, with what is done to them before the softmax; None where they are no such scores."""
    while True:
        operation = graph.made.get(value)
        if operation is None or not graph.once(operation):
            return None
        found.gone.append(operation)
        layer: Any = operation.layer
        scalar = getattr(layer, "scalar", None)
        if layer.kind == "Add" and scalar is None:
            ours = [_leads_to_scores(graph, each or "") for each in operation.inputs]
            if ours.count(True) != 1 or found.scale != 1.0 or "cap" in found.fields:
                return None
            value, other = (operation.inputs if ours[0] else operation.inputs[::-1])[:2]  # type: ignore[assignment]
            form = places.of(other)
            fields = _mask(form.seen) if isinstance(form, Hiding) else None
            if fields is None:
                found.added.append(other or "")
            else:
                found.fields |= fields
        elif layer.kind == "Where":
            seen = places.of(operation.inputs[0])
            seen = negated(seen) if layer.value_first else seen
            if layer.value is None or layer.value > LOW or not isinstance(seen, Truths):
                return None
            fields = _mask(seen)
            if fields is None or found.scale != 1.0 or "cap" in found.fields:
                return None
            found.fields |= fields
            value = operation.inputs[1] or ""
        elif layer.kind in ("Multiply", "Divide") and isinstance(scalar, (int, float)) and scalar:
            capped = _cap(graph, operation, found)
            if capped is None:
                if getattr(layer, "scalar_first", False) and layer.kind == "Divide":
                    return None
                found.scale *= scalar if layer.kind == "Multiply" else 1 / scalar
                value = operation.inputs[0] or ""
            else:
                value = capped
        else:
            return _operands(graph, operation, found)


def _leads_to_scores(graph: Graph, value: str) -> bool:
    """Whether a value is a product of two tensors, with what may be done to scores."""
    while True:
        operation = graph.made.get(value)
        if operation is None or not graph.once(operation):
            return False
        if operation.layer.kind in ("MatMul", "Einsum"):
            return True
        if operation.layer.kind == "Add":
            return any(_leads_to_scores(graph, each or "") for each in operation.inputs)
        if operation.layer.kind not in ("Multiply", "Divide", "Where", "Tanh"):
            return False
        value = operation.inputs[-1] or ""


def _cap(graph: Graph, operation: Operation, found: _Found) -> str | None:
    """What is capped by cap * tanh(x / cap), where that is done."""
    layer: Any = operation.layer
    tanh = graph.maker(operation.inputs[0], "Tanh")
    inner = None if tanh is None else graph.maker(tanh.inputs[0], "Divide", "Multiply")
    if tanh is None or inner is None or layer.kind != "Multiply" or not (graph.once(tanh) and graph.once(inner)):
        return None
    scalar = getattr(inner.layer, "scalar", None)
    if not isinstance(scalar, (int, float)) or getattr(inner.layer, "scalar_first", False) or not scalar:
        return None
    divisor = scalar if inner.layer.kind == "Divide" else 1 / scalar
    if not math.isclose(divisor, layer.scalar, rel_tol=1e-12) or found.scale != 1.0:
        return None
    found.fields["cap"] = float(layer.scalar)
    found.gone += [tanh, inner]
    return inner.inputs[0]


def _operands(graph: Graph, operation: Operation, found: _Found) -> tuple[str, str] | None:
    """The query and the key whose product is the scores."""
    first, second = (*operation.inputs, None, None)[:2]
    if operation.layer.kind == "Einsum" and first is not None and second is not None:
        (one, other), result = _equation(operation)
        for query, key, left, right in ((one, other, first, second), (other, one, second, first)):
            if len(query) > 2 and query[:-2] == key[:-2] and query[-1] == key[-1] and result == query[:-1] + key[-2]:
                return left, right
        return None
    if operation.layer.kind != "MatMul" or first is None or second is None:
        return None
    turned = graph.maker(second, "Transpose", "Permute")
    if turned is None or not graph.once(turned):
        return None
    rank, layer = len(graph.shape(second)), turned.layer
    order = list(range(rank))
    if layer.kind == "Permute":
        order = [dim % rank for dim in layer.dims]  # type: ignore[union-attr]
    else:
        one, two = layer.dim0 % rank, layer.dim1 % rank  # type: ignore[union-attr]
        order[one], order[two] = order[two], order[one]
    if order[:-2] == list(range(rank - 2)) and order[-2:] == [rank - 1, rank - 2]:
        found.gone.append(turned)
        return first, turned.inputs[0] or ""
    # What is before is put into [.., d, S] at once: the key is turned back.
    if layer.kind != "Permute":
        return None
    order[-2:] = order[:-3:-1]
    made = graph.fresh(graph.types[second].with_shape(*(graph.shape(turned.inputs[0] or "")[dim] for dim in order)))
    graph.replace(turned, turned, Operation(layer.model_copy(update={"dims": tuple(order)}), turned.inputs, (made,)))  # type: ignore[union-attr]
    found.gone.append(turned)
    return first, made


def _scaled(graph: Graph, value: str, found: _Found) -> tuple[str, float]:
    """What is multiplied by a number before the scores are made, and the scale with that number."""
    operation = graph.maker(value, "Multiply", "Divide")
    scalar = None if operation is None else getattr(operation.layer, "scalar", None)
    if operation is None or not graph.once(operation) or not isinstance(scalar, (int, float)) or not scalar:
        return value, found.scale
    divides = operation.layer.kind == "Divide"
    if operation.path is not None or (divides and getattr(operation.layer, "scalar_first", False)):
        return value, found.scale
    found.gone.append(operation)
    return operation.inputs[0] or "", found.scale * (1 / scalar if divides else scalar)


def _shared(graph: Graph, value: str, found: _Found) -> str:
    """Keys or values before each is repeated for several heads."""
    flat = graph.maker(value, "Flatten")
    wide = None if flat is None else graph.maker(flat.inputs[0], "Expand")
    deep = None if wide is None else graph.maker(wide.inputs[0], "Unsqueeze")
    if flat is not None and wide is not None and deep is not None:
        dims: Any = flat.layer
        shape, flatter = graph.shape(wide.outputs[0]), graph.shape(value)
        same = len(shape) == 5 and dims.start_dim == 1 and equal(flatter[1], shape[1] * shape[2])
        if same and deep.layer.dim % 5 == 2 and all(map(graph.once, (flat, wide, deep))):  # type: ignore[union-attr]
            found.gone += [flat, wide, deep]
            return deep.inputs[0] or ""
    repeated = graph.maker(value, "RepeatInterleave")
    if repeated is not None and graph.once(repeated) and len(graph.shape(value)) == 4:
        layer: Any = repeated.layer
        if layer.dim % 4 == 1:
            found.gone.append(repeated)
            return repeated.inputs[0] or ""
    return value


def _mask(seen: Truths) -> dict[str, Any] | None:
    """The arguments that say which keys are seen; None where there are none for it."""
    nearest: dict[bool, int] = {}  # how far away a key may be, by whether it is one that comes
    for condition in seen.conditions:
        *before, of_query, of_key = (0, 0, *condition.factors)
        far = -condition.constant
        if any(before) or (of_query, of_key) not in ((-1, 1), (1, -1)) or not isinstance(far, int):
            return None
        coming = of_key == 1
        nearest[coming] = min(far, nearest.get(coming, far))
    ahead, behind = nearest.get(True), nearest.get(False)
    if ahead == 0 and (behind is None or behind > 0):
        return {"causal": True} | ({} if behind is None else {"window": behind + 1})
    if ahead == behind and (ahead is None or ahead > 0):
        return {} if ahead is None else {"window": ahead + 1}
    return None


def _layer(graph: Graph, query: str, found: _Found) -> Attention | None:
    """The layer of what was found."""
    fields = dict(found.fields)
    width = graph.shape(query)[-1]
    if not isinstance(width, int):
        return None
    if not math.isclose(found.scale, width**-0.5, rel_tol=1e-12):
        fields["scale"] = float(found.scale)
    return Attention(**{name: value for name, value in fields.items() if value})
