"""`rotate`: rotary positions that a module computes by hand, in two ways and for two orders of features, are the layer.

`x * cos + rotated(x) * sin`, or both halves of each pair by themselves and then put together. Where the layer has the
places along its dimension before the last, and the code turns [N, T, heads, d], it stands between two transpositions.
"""

from __future__ import annotations

from typing import Any

from nnspec.importing.by_hand.graph import Graph
from nnspec.importing.by_hand.places import Places
from nnspec.importing.by_hand.waves import Wave, Waves
from nnspec.importing.network import Operation
from nnspec.layers.families.axes import Transpose
from nnspec.layers.families.rotary import RotaryEmbedding

Turned = tuple[str, Wave, str]  # what is turned, by which wave, and the layout of its features


def rotate(graph: Graph) -> None:
    """Put the layer in the place of each rotation that is written by hand."""
    found = _Rotations(graph)
    for operation in list(graph.network.root.operations()):
        turned = found.by_sum(operation) or found.by_parts(operation)
        if turned is not None:
            found.write(operation, *turned)
    for operation in list(graph.network.root.operations()):
        found.widen(operation)
    _cancel(graph)


class _Rotations:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.waves = Waves(graph, Places(graph))

    # --- x * cos + rotated(x) * sin

    def by_sum(self, operation: Operation) -> Turned | None:
        if operation.layer.kind != "Add" or len(operation.inputs) != 2:
            return None
        terms = [self._term(value) for value in operation.inputs]
        for one, other in (terms, terms[::-1]):
            if one is None or other is None or (one[1].kind, other[1].kind) != ("Cos", "Sin"):
                continue
            if one[1].replace(kind="Sin") != other[1] or one[1].layout == "pairs":
                continue
            source = self._quarter(other[0], one[1].layout)
            if source == one[0]:
                return one[0], one[1], one[1].layout
        return None

    def _term(self, value: str | None) -> tuple[str, Wave] | None:
        """A tensor times a wave."""
        product = self.graph.maker(value, "Multiply")
        if product is None or len(product.inputs) != 2:
            return None
        for tensor, other in (product.inputs, product.inputs[::-1]):
            wave = self.waves.of(other)
            if wave is not None and wave.kind and tensor is not None:
                return tensor, wave
        return None

    def _quarter(self, value: str | None, layout: str) -> str | None:
        """What is turned by a quarter: the second of each pair, negated, stands before the first."""
        parts = self._put_together(value, layout)
        negative = None if parts is None else self.graph.maker(parts[0], "Neg")
        if parts is None or negative is None:
            return None
        first, second = self._part(parts[1], layout), self._part(negative.inputs[0], layout)
        if first is None or second is None or (first[1], second[1]) != (0, 1) or first[0] != second[0]:
            return None
        return first[0]

    def _put_together(self, value: str | None, layout: str) -> tuple[str | None, str | None] | None:
        """The two tensors of which the features of one are made."""
        if layout == "halves":
            joined = self.graph.maker(value, "Concat")
        else:
            flat = self.graph.maker(value, "Flatten")
            rank = 0 if flat is None else len(self.graph.shape(flat.inputs[0] or ""))
            layer: Any = None if flat is None else flat.layer
            whole = layer is not None and layer.start_dim % rank == rank - 2 and layer.end_dim % rank == rank - 1
            joined = self.graph.maker(flat.inputs[0], "Stack") if flat is not None and whole else None
        if joined is None or len(joined.inputs) != 2:
            return None
        rank = len(self.graph.shape(joined.outputs[0]))
        if joined.layer.dim % rank != rank - 1:  # type: ignore[union-attr]
            return None
        return joined.inputs[0], joined.inputs[1]

    def _part(self, value: str | None, layout: str) -> tuple[str, int] | None:
        """The tensor of which a value has the first or the second of each pair of features, and which."""
        made = None if value is None else self.graph.made.get(value)
        source = None if made is None or not made.inputs else made.inputs[0]
        if made is None or source is None:
            return None
        layer: Any = made.layer
        width, rank = self.graph.shape(source)[-1], len(self.graph.shape(source))
        if layer.kind in ("Chunk", "Split") and layout == "halves" and len(made.outputs) == 2:
            alike = layer.dim % rank == rank - 1 and all(
                self.graph.shape(each)[-1] * 2 == width for each in made.outputs
            )
            return (source, made.outputs.index(value or "")) if alike else None
        if layer.kind != "Subscript" or not isinstance(width, int):
            return None
        *before, last = layer.items
        if any(item not in ("...", ("slice", None, None, None)) for item in before) or (
            "..." not in before and len(layer.items) != rank
        ):
            return None
        if layout == "halves":
            half = width // 2
            sides: dict[Any, int] = {("slice", None, half, None): 0, ("slice", half, None, None): 1}
            return (source, sides[last]) if last in sides else None
        steps: dict[Any, int] = {("slice", None, None, 2): 0, ("slice", 1, None, 2): 1}
        if last in steps:
            return source, steps[last]
        pairs = self.graph.maker(source, "Unflatten", "Reshape")
        if last in (0, 1) and width == 2 and pairs is not None and pairs.inputs[0] is not None:
            whole = self.graph.shape(pairs.inputs[0])
            if len(whole) == rank - 1 and whole[:-1] == self.graph.shape(source)[: rank - 2]:
                return pairs.inputs[0], last
        return None

    # --- (first * cos - second * sin, second * cos + first * sin)

    def by_parts(self, operation: Operation) -> Turned | None:
        layout = {"Concat": "halves", "Flatten": "interleaved"}.get(operation.layer.kind)
        parts = None if layout is None else self._put_together(operation.outputs[0], layout)
        if parts is None or layout is None:
            return None
        less = self.graph.maker(parts[0], "Subtract")
        more = self.graph.maker(parts[1], "Add")
        if less is None or more is None or len(less.inputs) != 2 or len(more.inputs) != 2:
            return None
        one, two = (self._piece(value, layout) for value in less.inputs)
        three, four = (self._piece(value, layout) for value in more.inputs)
        if one is None or two is None or three is None or four is None:
            return None
        if three[1].kind == "Sin":
            three, four = four, three
        kinds = [each[1].kind for each in (one, two, three, four)]
        sides = [each[2] for each in (one, two, three, four)]
        waves = {each[1].replace(kind="") for each in (one, two, three, four)}
        sources = {each[0] for each in (one, two, three, four)}
        if kinds != ["Cos", "Sin", "Cos", "Sin"] or sides != [0, 1, 1, 0] or len(waves) != 1 or len(sources) != 1:
            return None
        (wave,) = waves
        return (one[0], one[1], layout) if wave.layout == "pairs" else None

    def _piece(self, value: str | None, layout: str) -> tuple[str, Wave, int] | None:
        term = self._term(value)
        part = None if term is None else self._part(term[0], layout)
        return None if term is None or part is None else (part[0], term[1], part[1])

    # --- the layer

    def write(self, operation: Operation, source: str, wave: Wave, layout: str) -> None:
        graph, shape = self.graph, self.graph.shape(source)
        if shape[-1] != wave.width or wave.features != -1 or wave.time not in (-2, -3):
            return
        fields: dict[str, Any] = {} if wave.base == 10000.0 else {"base": wave.base}
        if layout == "interleaved":
            fields["interleaved"] = True
        layer = RotaryEmbedding(**fields)
        if shape != graph.shape(operation.outputs[0]):
            return
        if wave.time == -2:
            made = [operation.replace(layer=layer, inputs=(source,), path=None)]
        elif len(shape) == 4:
            turned = graph.types[source].with_shape(shape[0], shape[2], shape[1], shape[3])
            before, behind = graph.fresh(turned), graph.fresh(turned)
            swap = Transpose(dim0=1, dim1=2)
            made = [Operation(swap, (source,), (before,), None, (), (), operation.origin),
                    Operation(layer, (before,), (behind,), None, (), (), operation.origin),
                    operation.replace(layer=swap, inputs=(behind,), path=None)]  # fmt: skip
        else:
            return
        graph.replace(operation, *made)

    def widen(self, operation: Operation) -> None:
        """Let the layer turn the first features only, where the others are put behind them as they were."""
        graph = self.graph
        if operation.layer.kind != "Concat" or len(operation.inputs) != 2 or operation.layer.dim not in (-1, 3):  # type: ignore[union-attr]
            return
        back = graph.maker(operation.inputs[0], "Transpose")
        turned = graph.maker(operation.inputs[0] if back is None else back.inputs[0], "RotaryEmbedding")
        there = None if turned is None or back is None else graph.maker(turned.inputs[0], "Transpose")
        if turned is None or (back is not None and there is None):
            return
        inner = turned.inputs[0] if there is None else there.inputs[0]
        first, rest = graph.maker(inner, "Subscript"), graph.maker(operation.inputs[1], "Subscript")
        if first is None or rest is None or first.inputs != rest.inputs:
            return
        source = first.inputs[0] or ""
        width, whole = graph.shape(inner or "")[-1], ("slice", None, None, None)
        both: Any = ((first.layer, ("slice", None, width, None)), (rest.layer, ("slice", width, None, None)))
        for part, last in both:
            items = part.items
            if items[-1] != last or any(each not in ("...", whole) for each in items[:-1]):
                return
        layer = turned.layer.model_copy(update={"rotary_dim": width})  # type: ignore[union-attr]
        if there is None or back is None:
            graph.replace(operation, operation.replace(layer=layer, inputs=(source,)))
            return
        type = graph.types[source]
        shape = type.shape
        before, behind = (graph.fresh(type.with_shape(shape[0], shape[2], shape[1], shape[3])) for _ in range(2))
        graph.replace(operation, there.replace(inputs=(source,), outputs=(before,)),
                      Operation(layer, (before,), (behind,), None, (), (), operation.origin),
                      operation.replace(layer=back.layer, inputs=(behind,)))  # fmt: skip


def _cancel(graph: Graph) -> None:
    """Take away two transpositions one behind the other that undo each other."""
    same: dict[str, str] = {}
    for operation in graph.network.root.operations():
        inner = graph.maker(operation.inputs[0], "Transpose") if operation.layer.kind == "Transpose" else None
        if inner is None or operation.path is not None:
            continue
        rank = len(graph.shape(operation.outputs[0]))
        sides = [{each.layer.dim0 % rank, each.layer.dim1 % rank} for each in (operation, inner)]  # type: ignore[union-attr]
        if sides[0] == sides[1] and inner.inputs[0] is not None:
            same[operation.outputs[0]] = inner.inputs[0]
    graph.rename(same)
