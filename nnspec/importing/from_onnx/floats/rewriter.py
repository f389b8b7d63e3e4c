"""`Rewriter`: what a model that computes with whole numbers of 8 bits is written again with, in floats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from nnspec.importing.from_onnx.node import operator_of
from nnspec.weights.arrays import Array

# They only give elements other places, or choose among them.
MOVES = frozenset(
    "Concat DepthToSpace Expand Flatten Gather Identity MaxPool Reshape Slice SpaceToDepth Split Squeeze Tile "
    "Transpose Unsqueeze".split()
)
SAYS_NOTHING = frozenset(("Shape", "Size"))  # of what the elements are
BOUNDS = {"uint8": (0, 255), "int8": (-128, 127), "uint16": (0, 65535), "int16": (-32768, 32767)}
Rewrite = Callable[["Rewriter", NodeProto], None]
QUANTISED: dict[str, Rewrite] = {}  # by operator, with its domain unless that is the standard one


def rewrite(*operators: str) -> Callable[[Rewrite], Rewrite]:
    """Enter a function for these operators."""

    def enter(function: Rewrite) -> Rewrite:
        QUANTISED.update(dict.fromkeys(operators, function))
        return function

    return enter


class Rewriter:
    """Writes the nodes of a model again, in order."""

    def __init__(self, model: ModelProto, opset: int) -> None:
        self.old = model
        self.opset = opset
        self.nodes: list[NodeProto] = []
        self.added: list[Any] = []
        self.tensors = {each.name: each for each in model.graph.initializer}
        for node in model.graph.node:
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                self.tensors[node.output[0]] = node.attribute[0].t
        self.held: dict[str, tuple[str, str] | None] = {}  # floats in place of quantised numbers: by scale and zero
        self.sums: dict[str, Sum] = {}  # results in whole numbers, whose scale is yet to come
        self.scales: dict[str, Array] = {}  # of such results: the part of the weights
        self.bounds: dict[str, tuple[float, float]] = {}  # of values that are held within some
        self.users: dict[str, NodeProto] = {}  # the first of each value
        for node in reversed(model.graph.node):
            self.users.update(dict.fromkeys(node.input, node))
        self.notes: dict[str, None] = {}
        self.refused: list[tuple[str, str, str]] = []  # operator, reason, name of the node
        self.name = ""  # of the node that is read

    def model(self) -> ModelProto:
        """The model that was written."""
        made = ModelProto()
        made.CopyFrom(self.old)
        del made.graph.node[:]
        used = {name for node in self.nodes for name in node.input} | {each.name for each in made.graph.output}
        subgraphs = any(each.HasField("g") for node in self.nodes for each in node.attribute)
        if not subgraphs:
            self._rename(used)
        made.graph.node.extend(self.nodes)
        kept = [each for each in made.graph.initializer if each.name in used or subgraphs]
        ports = [each for each in made.graph.input if each.name in used or each.name not in self.tensors]
        del made.graph.initializer[:], made.graph.value_info[:], made.graph.input[:]
        made.graph.initializer.extend([*kept, *self.added])
        made.graph.input.extend(ports)
        return made

    def _rename(self, used: set[str]) -> None:
        """Give weights that were made of others their names, where these are gone."""
        names: dict[str, str] = {}
        for tensor in self.added:
            own = tensor.name.rstrip("_")
            if own != tensor.name and own not in {*used, *names.values()}:
                names[tensor.name] = own
                tensor.name = own
        for node in self.nodes:
            node.input[:] = [names.get(each, each) for each in node.input]

    def read(self, node: NodeProto) -> None:
        """Write a node again, if it is to be written."""
        self.name = node.name.removesuffix("_quant")
        kind = operator_of(node)
        try:
            if kind in QUANTISED:
                QUANTISED[kind](self, node)
            elif not any(name in self.held or name in self.sums or name in self.scales for name in node.input):
                self.nodes.append(self._of_table(node))
                if kind in MOVES and node.input[0] in self.bounds:
                    self.bounds.update(dict.fromkeys(node.output, self.bounds[node.input[0]]))
            else:
                self._passed(node, kind)
        except Refused as problem:
            self.refused.append((kind, str(problem), node.name or node.output[0]))
            self.held.update(dict.fromkeys(node.output))  # what follows is not to be refused, too

    def _passed(self, node: NodeProto, kind: str) -> None:
        """A node that is none of those that quantising puts in, given what is quantised."""
        if kind == "Cast" and node.input[0] in self.sums:
            self.sums[node.output[0]] = self.sums[node.input[0]]
        elif kind == "Mul" and any(name in self.scales for name in node.input):
            self._scaled(node)
        elif kind in MOVES:
            forms = {self.held.get(name) for name in node.input if name in self.held}
            if len(forms) > 1 or any(name in self.tensors for name in node.input[:1]):
                raise Refused("it takes values that are quantised by several scales")
            self.nodes.append(node)
            self.held.update(dict.fromkeys(node.output, forms.pop()))
            if node.input[0] in self.bounds:
                self.bounds.update(dict.fromkeys(node.output, self.bounds[node.input[0]]))
        elif kind in SAYS_NOTHING:
            self.nodes.append(node)
        else:
            raise Refused("it works on quantised numbers")

    def _of_table(self, node: NodeProto) -> NodeProto:
        """A node that takes rows of a quantised table takes them of floats."""
        value, user = node.output[0], self.users.get(node.output[0])
        while user is not None and operator_of(user) in MOVES:
            value, user = user.output[0], self.users.get(user.output[0])
        if operator_of(node) != "Gather" or user is None or node.input[0] not in self.tensors:
            return node
        place = list(user.input).index(value)
        if operator_of(user) not in QUANTISED or len(user.input) < place + 3:
            return node
        scale, zero = user.input[place + 1 : place + 3]
        if self.array(node.input[0]).dtype.name not in BOUNDS or self.array(scale).size > 1:
            return node
        made = NodeProto()
        made.CopyFrom(node)
        made.input[0] = self.floats(node.input[0], scale, zero)
        self.held[node.output[0]] = scale, zero
        return made

    def _scaled(self, node: NodeProto) -> None:
        """The scale of an input times that of weights; or a result in whole numbers times both."""
        left, right = node.input
        if left in self.sums or right in self.sums:
            total, scale = (left, right) if left in self.sums else (right, left)
            if scale not in self.scales:
                raise Refused("its scale is not that of its input and its weight")
            self.sums[total].write(self, self.scales[scale], node.output[0])
            return
        own, other = (left, right) if left in self.scales else (right, left)
        self.scales[node.output[0]] = self.scales[own] * self.array(other)

    # --- for the rewriting functions

    def emit(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """Write a node."""
        self.nodes.append(helper.make_node(operator, inputs, [output], name=self.name, **attributes))
        return output

    def kept(self, name: str, array: Any) -> str:
        """A new weight, called as what it was made of."""
        made = name.removesuffix("_quantized")
        taken = {each.name for each in self.added} | self.tensors.keys()
        while made in taken:
            made += "_"
        self.added.append(numpy_helper.from_array(np.asarray(array, np.float32), made))
        return made

    def array(self, name: str) -> Array:
        """A weight of the file."""
        if name not in self.tensors:
            raise Refused(f"{name} is computed from data")
        return numpy_helper.to_array(self.tensors[name])

    def given(self, node: NodeProto, place: int) -> str:
        """The name of an input; empty where it is left out."""
        return node.input[place] if place < len(node.input) else ""

    def floats(self, name: str, scale: str, zero: str, axis: int | None = None) -> str:
        """A quantised operand as floats: a value that is held so, or a weight; its scales go along an axis."""
        if name in self.held:
            self.need_form(name, scale, zero)
            return name
        if name not in self.tensors:
            raise Refused("it takes quantised numbers that nothing quantised")
        number, by = self.array(name).astype(np.float32), along(self.array(scale), axis, self.array(name).ndim)
        middle = along(self.array(zero), axis, number.ndim) if zero else np.float32(0)
        return self.kept(name, (number - middle) * by)

    def need_form(self, name: str, scale: str, zero: str) -> None:
        """Check that a value is quantised by this scale and zero."""
        form = self.held[name]
        if form is None or form == (scale, zero):
            return
        same = self.array(form[0]).tolist() == self.array(scale).tolist()
        if not same or self._zero(form[1]) != self._zero(zero):
            raise Refused("it takes a value by another scale than it was quantised with")

    def _zero(self, name: str) -> list[int]:
        return [int(each) for each in np.atleast_1d(self.array(name))] if name else [0]

    def hold(self, value: str, output: str, scale: str, zero: str, type: int = TensorProto.UINT8) -> None:
        """Call a value, within the bounds of its type, as the quantised one was called."""
        by = self.array(scale)
        middle = self.array(zero) if zero else np.zeros((), helper.tensor_dtype_to_np_dtype(type))
        if by.size > 1:
            raise Refused("its scales differ along a dimension")
        if middle.dtype.name not in BOUNDS:
            raise Refused(f"it rounds to {middle.dtype.name}")
        low, high = ((bound - float(middle.reshape(()))) * float(by.reshape(())) for bound in BOUNDS[middle.dtype.name])
        if self.bounds.get(value) == (low, high):
            self.emit("Identity", [value], output)
        elif self.opset < 11:
            self.emit("Clip", [value], output, min=low, max=high)
        else:
            self.emit("Clip", [value, self.kept(f"{output}.min", low), self.kept(f"{output}.max", high)], output)
        self.held[output] = scale, zero
        self.bounds[output] = low, high
        self.notes["values that the file rounds are held within the same bounds, and not rounded"] = None


class Refused(Exception):
    """A node does what cannot be said of floats; the text says why."""


class Sum:
    """A product in whole numbers of a value and a weight, which is written when its scale is known."""

    def __init__(
        self, operator: str, value: str, weight: str, numbers: Array, attributes: dict[str, Any], name: str
    ) -> None:
        self.operator, self.value, self.weight = operator, value, weight
        self.name = name
        self.numbers, self.attributes = numbers, attributes

    def write(self, rewriter: Rewriter, scale: Array, output: str) -> None:
        """Write it with its weight as floats."""
        axis = 0 if self.operator == "Conv" else None
        rewriter.name = self.name
        kept = rewriter.kept(self.weight, self.numbers * along(scale, axis, self.numbers.ndim))
        rewriter.emit(self.operator, [self.value, kept], output, **self.attributes)


def along(array: Array, axis: int | None, rank: int) -> Array:
    """Numbers along an axis, the last one if it is left out, beside a tensor."""
    array = array.astype(np.float32)
    if array.size == 1 or axis is None:
        return array.reshape(()) if array.size == 1 else array
    return array.reshape([-1 if place == axis % rank else 1 for place in range(rank)])
