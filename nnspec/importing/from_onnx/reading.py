"""`read`: a file as a network, every node by its row of the table of operators; and the arrays of its weights.

All that cannot be said is collected, and refused together. What does not depend on the inputs, or on their sizes alone,
is computed while reading.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from onnx import GraphProto, numpy_helper

from nnspec.checked import validation_error
from nnspec.diagnostics import SpecError
from nnspec.dims import Undecidable, substitute
from nnspec.importing.from_onnx.advice import advice, as_pictures, is_of_sizes
from nnspec.importing.from_onnx.builder import Bound, GraphBuilder, layer
from nnspec.importing.from_onnx.file import Opened, defined, has_definition
from nnspec.importing.from_onnx.folding import TEXTS, folded
from nnspec.importing.from_onnx.known import Known
from nnspec.importing.from_onnx.loops import LOOPS
from nnspec.importing.from_onnx.mistakes import CannotSayNodes
from nnspec.importing.from_onnx.node import Node, node_of
from nnspec.importing.from_onnx.operators import REFUSED, ROWS, WRITTEN_OUT
from nnspec.importing.from_onnx.paths import module_of, prefixes
from nnspec.importing.from_onnx.patterns import improved
from nnspec.importing.from_onnx.ports import fixed_values, named, sizes_of, type_of
from nnspec.importing.from_onnx.weights import Imported, imported
from nnspec.importing.from_torch.builder import Unsaid, Value
from nnspec.layers.tensor_type import LayerError, TensorType

PORT = "input."  # in front of the name of an input, as that of a value
# What a row meets in a node that is not as ONNX has it: attributes of other types, too few inputs.
_MALFORMED = (TypeError, KeyError, IndexError, ValueError, AttributeError, AssertionError, ZeroDivisionError)


def read(opened: Opened, dynamic: Mapping[str, str], name: str, values: Mapping[str, float]) -> Imported:
    """The network of a file, and its weights; `values` are numbers that inputs always are.

    Raises:
        SpecError: it does what no spec can say; all of it is listed.
    """
    whole = defined(opened, WRITTEN_OUT)
    try:
        return _read(whole, dynamic, name, values)
    except _Refused as refused:
        others = {operator for operator in refused.operators if has_definition(operator)}
        if not others:
            raise refused.error from None
        try:  # an operator that no layer says in this form may be said in parts
            return _read(defined(whole, others), dynamic, name, values)
        except _Refused:
            raise refused.error from None


class _Refused(Exception):
    """A file cannot be read, because of these operators among others."""

    def __init__(self, error: SpecError, operators: set[str]) -> None:
        self.error, self.operators = error, operators


def _read(opened: Opened, dynamic: Mapping[str, str], name: str, values: Mapping[str, float]) -> Imported:
    bound: dict[str, int] = {}
    while True:
        reader = _Reader(opened, dynamic, values, bound)
        try:
            return reader.read(name)
        except Bound as found:  # the next symbol: there are few
            bound[found.symbol.text] = found.size
        except SpecError as error:
            wish = as_pictures(reader.types())
            if wish and not dynamic and _is_read(opened, wish, name, values, error):
                error = _advised(error, wish)
            raise _Refused(error, {operator for operator, _ in reader.refusals}) from None


def _is_read(opened: Opened, wish: Mapping[str, str], name: str, values: Mapping[str, float], error: SpecError) -> bool:
    """Whether a file that is refused is not with these sizes."""
    told = error.diagnostics[0]
    if not isinstance(told, CannotSayNodes) or not is_of_sizes(told.refusals):
        return False
    try:
        _Reader(opened, wish, values, {}).read(name)
    except (SpecError, Bound):
        return False
    return True


def _advised(error: SpecError, wish: Mapping[str, str]) -> SpecError:
    """The same with these sizes for an advice."""
    words = " ".join(f'--dynamic {name}="{sizes}"' for name, sizes in wish.items())
    (told,) = error.diagnostics
    assert isinstance(told, CannotSayNodes)
    return SpecError.of(CannotSayNodes(None, told.path, told.refusals, f"its pictures have edges that fit: {words}"))


class _Reader:
    def __init__(
        self, opened: Opened, dynamic: Mapping[str, str], fixed: Mapping[str, float], bound: Mapping[str, int]
    ) -> None:
        self.opened = opened
        self.bound = bound
        self.graph = opened.model.graph
        self.dynamic = dynamic
        self.fixed = fixed
        self.builder = GraphBuilder(opened.opset)
        self.builder.notes.update(dict.fromkeys(opened.notes))
        self.values: dict[str, Any] = {"": None}
        self.prefixes = prefixes(self.graph.node)
        self.unknown: set[str] = set()
        self.refusals: dict[tuple[str, str], list[str]] = {}
        self.inputs: list[tuple[str, str]] = []
        self.held: dict[str, Known] = {}  # the constants of the graph that is read
        self.constants: dict[tuple[str, ...], dict[str, Known]] = {}  # of graphs by the nodes that have them

    def read(self, name: str) -> Imported:
        taken: set[str] = set()
        self._stored(self.graph)
        self._ports(taken)
        self._nodes(self.graph)
        outputs: list[tuple[str, str]] = []
        usual = "output"
        for port in self.graph.output:
            if port.name in self.unknown:
                continue
            if port.name not in self.values:
                self._refuse("output", f"no node gives {port.name}", port.name)
                continue
            try:
                found = self._value(port.name)
                value = self.builder.tensor(found)
            except Unsaid as problem:
                self._refuse("output", str(problem), port.name)
                continue
            outputs.append((named(port.name, usual, taken), value.name))
        if self.refusals:
            found = tuple((operator, reason, tuple(nodes)) for (operator, reason), nodes in self.refusals.items())
            raise SpecError.of(CannotSayNodes(None, str(self.opened.path), found, advice(self.types(), found)))
        drafts = improved(self.builder, {value for _, value in outputs})
        return imported(self.builder, drafts, name, tuple(self.inputs), tuple(outputs), str(self.opened.path))

    def types(self) -> dict[str, TensorType]:
        """The types of the inputs, by their names in the file."""
        return {value.removeprefix(PORT): self.builder.types[value] for _, value in self.inputs}

    def _stored(self, graph: GraphProto) -> None:
        folder = str(self.opened.path.parent)
        for each in graph.initializer:
            array = numpy_helper.to_array(each, folder)
            if array.dtype.kind in TEXTS:
                self._refuse("initializer", "it holds texts, and a spec computes with numbers", each.name)
                self.unknown.add(each.name)
            self.values[each.name] = Known(array, each.name, True)
        for sparse in graph.sparse_initializer:
            values = numpy_helper.to_array(sparse.values, folder)
            array = np.zeros(tuple(sparse.dims), values.dtype)
            places = numpy_helper.to_array(sparse.indices, folder)
            flat = places if places.ndim == 1 else np.ravel_multi_index(tuple(places.T), array.shape)
            array.reshape(-1)[flat] = values
            self.values[sparse.values.name] = Known(array, sparse.values.name, True)

    def _ports(self, taken: set[str]) -> None:
        ports = [port for port in self.graph.input if port.name not in self.values]
        for name, array in fixed_values(self.fixed, ports).items():
            self.values[name] = Known(array, name)
        ports = [port for port in ports if port.name not in self.values]
        wanted = sizes_of(self.dynamic, ports)
        used: dict[str, str] = {}
        for port in ports:
            try:
                if not port.type.HasField("tensor_type"):
                    raise Unsaid("it is no tensor")
                type = self._bound(port.name, type_of(port, wanted.get(port.name), used))
            except Unsaid as problem:
                self._refuse("input", str(problem), port.name)
                self.unknown.add(port.name)
                continue
            own = named(port.name, "input", taken)
            value = Value(f"{PORT}{port.name}", type)
            self.builder.types[value.name] = type
            self.values[port.name] = value
            self.inputs.append((own, value.name))

    def _bound(self, name: str, type: TensorType) -> TensorType:
        """A type with the sizes that weights ask for."""
        shape = tuple(substitute(size, self.bound) for size in type.shape)
        if shape != type.shape:
            self.builder.note(f"{name} is [{', '.join(map(str, shape))}]: its weights are for no other size")
        return type.with_shape(*shape)

    def _nodes(self, graph: GraphProto) -> None:
        for proto in graph.node:
            node = node_of(proto)
            module, kinds = module_of(proto)
            before = self.prefixes.get(module[0], ()) if module else ()
            node = node.replace(module=(*before, *module), kinds=(*[""] * len(before), *kinds) if kinds else ())
            if self.unknown.intersection(node.inputs):
                self.unknown.update(node.outputs)
                continue
            missing = [each for each in node.inputs if each not in self.values]
            if missing:
                self._fail(node, f"nothing before it gives {missing[0]}")
                continue
            try:
                self._node(node)
            except Unsaid as problem:
                self._fail(node, str(problem))
            except (LayerError, Undecidable) as problem:
                self._fail(node, str(problem))
            except validation_error() as problem:
                self._fail(node, str(problem).splitlines()[-2].strip())
            except _MALFORMED as problem:
                self._fail(node, f"it has not the inputs and attributes that ONNX gives it ({type(problem).__name__})")

    def _fail(self, node: Node, reason: str) -> None:
        self._refuse(node.operator, reason, node.shown)
        self.unknown.update(each for each in node.outputs if each)

    def _refuse(self, operator: str, reason: str, node: str) -> None:
        self.refusals.setdefault((operator, reason), []).append(node)

    def _node(self, node: Node) -> None:
        inputs = [self._value(each) for each in node.inputs]
        if node.operator == "If":
            self._if(node, inputs[0])
            return
        if node.operator in LOOPS:
            graph = node.attributes["body"]
            run = partial(self._inside, graph, node.outputs)
            self._give(node, LOOPS[node.operator](self.builder, node, inputs, run))
            return
        if node.operator == "Constant" and node.outputs[0] in self.held:
            self.values[node.outputs[0]] = self.held[node.outputs[0]]
            return
        found: Any = folded(node, inputs, self.builder.opset)
        if found is None:
            found = self._row(node, inputs)
        elif node.operator == "Constant":
            self.held[node.outputs[0]] = found[0]
        results = found if isinstance(found, (tuple, list)) else (found,)
        for place, name in enumerate(node.outputs):
            if not name:
                continue
            absent = place >= len(results) or results[place] is None
            self.values[name] = _Absent(node, place) if absent else results[place]

    def _value(self, name: str) -> Any:
        found = self.values[name]
        if isinstance(found, _Absent):
            raise Unsaid(f"result {found.place} of {found.node.operator} has no counterpart")
        return found

    def _row(self, node: Node, inputs: list[Any]) -> Any:
        function = ROWS.get(node.operator)
        if function is None:
            raise Unsaid(REFUSED.get(node.operator, "it is not in the table of operators"))
        while inputs and inputs[-1] is None:
            inputs.pop()
        self.builder.node = node
        code = function.__code__
        takes = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        more = [each for each in node.attributes if each not in takes]
        if more and not code.co_flags & 0x08:
            raise Unsaid(f"its attribute {more[0]} has no counterpart")
        if len(inputs) > code.co_argcount - 1 and not code.co_flags & 0x04:
            raise Unsaid("it has more inputs than are known")
        return function(self.builder, *inputs, **node.attributes)

    def _if(self, node: Node, condition: Any) -> None:
        """The graph that runs; where that depends on the data, the results of both, of which the condition chooses."""
        if isinstance(condition, Known):
            chosen = "then_branch" if bool(condition.array.reshape(-1)[0]) else "else_branch"
            self._give(node, self._inside(node.attributes[chosen], (*node.outputs, chosen)))
            return
        names = ("then_branch", "else_branch")
        found = [self._inside(node.attributes[name], (*node.outputs, name)) for name in names]
        b = self.builder
        b.note("both graphs of an If are computed, and its condition chooses among their results")
        given = b.tensor(condition)
        given = b(layer("Squeeze", dim=0), given) if given.rank == 1 else given
        self._give(node, [self._chosen(given, *pair) for pair in zip(*found, strict=True)])

    def _chosen(self, condition: Value, one: Any, other: Any) -> Any:
        if one is None or other is None:
            return None
        left, right = self.builder.tensor(one), self.builder.tensor(other)
        if not self.builder.agrees(left, right.type) or str(left.type) != str(right.type):
            raise Unsaid(REFUSED["If"])
        return self.builder(layer("Where"), condition, left, right)

    def _inside(self, graph: GraphProto, owner: tuple[str, ...], given: Sequence[Any] = ()) -> list[Any]:
        """The results of a graph that a node has, for its inputs; None for those that cannot be said."""
        for port, value in zip(graph.input, given, strict=True):
            self.values[port.name] = value
            self.unknown.discard(port.name)
            if value is None:
                self.unknown.add(port.name)
        if owner not in self.constants:  # of a graph that is repeated the weights are the same in each step
            self.constants[owner] = {}
            self._stored(graph)
        around, self.held = self.held, self.constants[owner]
        self._nodes(graph)
        self.held = around
        return [None if port.name in self.unknown else self.values[port.name] for port in graph.output]

    def _give(self, node: Node, results: Sequence[Any]) -> None:
        for name, value in zip(node.outputs, results, strict=True):
            if value is None:
                self.unknown.add(name)
            else:
                self.values[name] = value


class _Absent:
    """A result of a node that no layer gives; it is refused where it is used."""

    def __init__(self, node: Node, place: int) -> None:
        self.node = node
        self.place = place
