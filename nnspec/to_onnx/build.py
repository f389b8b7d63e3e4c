"""`build_graph`: a program, flattened to the graph of its inference.

The modules are walked in the order of their calls, repeats written out. The one thing to know: an initializer is
named by its key of the `state_dict`, so that a module which is applied twice finds the weights it has already made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import count

from nnspec.diagnostics import Origin, Source, Span, SpecError
from nnspec.ir import Call, Module, Place, Program, Scan
from nnspec.ir.bound import bound_name
from nnspec.ir.places import span_of
from nnspec.ir.state import state_dict
from nnspec.layers.base import Layer, Weight
from nnspec.layers.families.recurrent import GRU, LSTM, RNN
from nnspec.layers.normed import Normed
from nnspec.layers.tensor_type import LayerError, TensorType
from nnspec.to_onnx import rows
from nnspec.to_onnx.choices import DEFAULT_CHOICES, Choices
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.mistakes import NotExpressible, OnnxSameName
from nnspec.to_onnx.mixture import choose_exactly, rows_of_experts, weighted
from nnspec.to_onnx.node import Body, Use
from nnspec.to_onnx.normed import computed
from nnspec.to_onnx.operands import counted
from nnspec.to_onnx.row import ROWS, LayerUse
from nnspec.to_onnx.single import as_batch
from nnspec.to_onnx.unsupported import reason_against
from nnspec.to_onnx.versions import ATTENTION_OPSET
from nnspec.weights.arrays import ELEMENT_TYPES, Array, Arrays

assert rows.__path__, "importing the rows has filled ROWS"

Constant = Callable[[str, Weight, int], Array]  # of a key, a weight and a seed
Sources = Mapping[str, Source]  # the texts that places refer to, by file name


def build_graph(
    program: Program,
    arrays: Arrays,
    opset: int,
    sources: Sources | None = None,
    choices: Choices = DEFAULT_CHOICES,
    constant: Constant | None = None,
) -> Graph:
    """The graph of a program in evaluation; the arrays of its weights are asked for when it is written.

    Args:
        program: what is written.
        arrays: gives the weights of the `state_dict`, by key.
        opset: of the operators.
        sources: the texts that places refer to.
        choices: of the user.
        constant: gives the tensors that no file holds, of which the program may have none if it is left out.

    Raises:
        SpecError: the program has what ONNX cannot express.
    """
    return _Builder(program, arrays, opset, sources or {}, choices, constant).build()


class _Scope:
    """The module that is being written: its path, the blocks it was called through, the tensors of its values."""

    def __init__(self, module: Module, prefix: str, chain: tuple[Origin, ...], inputs: list[str]) -> None:
        self.module = module
        self.prefix = prefix
        self.chain = chain
        self.names = {port.value: name for port, name in zip(module.inputs, inputs, strict=True)}


class _Builder:
    def __init__(
        self,
        program: Program,
        arrays: Arrays,
        opset: int,
        sources: Sources,
        choices: Choices,
        constant: Constant | None,
    ) -> None:
        self.program = program
        self.arrays = arrays
        self.constant = constant
        self.opset = opset
        self.sources = sources
        main = program.main
        inputs = {port.name: main.values[port.value] for port in main.inputs}
        self.graph = Graph(inputs, choices.target == "cuda" and opset >= ATTENTION_OPSET)
        self.owner = {entry.key: entry.tied_to or entry.key for entry in state_dict(program)}
        self.initializers: dict[str, str] = {}
        self.numbers = count()  # of uses of blocks
        self.within_expert = False

    def build(self) -> Graph:
        main, graph = self.program.main, self.graph
        ports = [port for port in main.outputs if not port.training]
        for port in ports:
            if port.name in graph.inputs:
                raise SpecError.of(OnnxSameName(self._span(main.place), port.name))
        graph.reserve(port.name for port in ports)
        graph.reserve(self.owner)
        results = self._module(_Scope(main, "", (), list(graph.inputs)))
        made = {port.name: name for port, name in zip(main.outputs, results, strict=True) if not port.training}
        graph.finish(made, {port.name: main.values[port.value] for port in ports})
        return graph

    def _module(self, scope: _Scope) -> list[str]:
        """Write the calls of a module, and return the tensors of its outputs; "" for those of training."""
        for call in scope.module.calls:
            if not call.training:
                self._call(scope, call)
        return [scope.names.get(port.value, "") for port in scope.module.outputs]

    def _call(self, scope: _Scope, call: Call) -> None:
        inputs = [scope.names[name] if name else "" for name in call.inputs]
        results = self._results(scope, call, inputs)
        scope.names.update(zip(call.outputs, results, strict=True))
        for value, tensor in zip(call.outputs, results, strict=True):
            name = bound_name(call, value)
            if name is not None and tensor:
                self.graph.bind(tensor, f"{scope.prefix}{name}")

    def _results(self, scope: _Scope, call: Call, inputs: list[str]) -> list[str]:
        """Write a call, and return the tensors of its results."""
        if call.scan is not None:
            return self._scan(scope, call, call.scan, inputs)
        if call.routed:
            return [self._mixture(scope, call, inputs)]
        results: list[str] = []
        for label in call.labels if call.label is not None else [None]:
            inputs[: len(results)] = results
            if isinstance(call.callee, str):
                results = self._inner(scope, call, call.callee, label or "", inputs)
            else:
                results = self._layer(scope, call, call.callee, label, inputs)
        return results

    def _mixture(self, scope: _Scope, call: Call, inputs: list[str]) -> str:
        """Each expert, applied to the rows of the tokens that chose it."""
        assert isinstance(call.callee, str)
        graph, expert = self.graph, self.program.modules[call.callee]
        tokens, chosen, weights = inputs
        (taken,), (given,) = expert.input_types, expert.output_types
        features, made = taken.shape[-1], given.shape[-1]
        assert isinstance(features, int) and isinstance(made, int)
        choose_exactly(graph, chosen)
        graph.scope = scope.prefix.removesuffix(".")
        parts, places = rows_of_experts(graph, tokens, chosen, features, call.count)
        results: list[str] = []
        around, self.within_expert = self.within_expert, True
        for label, part in zip(call.labels, parts, strict=True):
            with graph.measured(taken.shape[0], part):
                results += self._inner(scope, call, call.callee, label, [part])
        self.within_expert = around
        graph.scope = scope.prefix.removesuffix(".")
        return weighted(graph, results, places, chosen, weights, made)

    def _scan(self, scope: _Scope, call: Call, scan: Scan, inputs: list[str]) -> list[str]:
        """The operator Scan: its body is the module, applied to one place of the sequences after the other.

        Without a sequence it walks along one that nothing reads.
        """
        assert isinstance(call.callee, str)
        graph, module = self.graph, self.program.modules[call.callee]
        graph.scope = f"{scope.prefix}{call.label}"
        walked = [(inputs[each.index], each.dim) for each in scan.sequences]
        changing = [each.input for each in scan.carried] + [each.index for each in scan.sequences]
        taken = {index: graph.fresh(module.inputs[index].name) for index in changing}
        types = {taken[index]: module.input_types[index] for index in changing}
        if scan.steps is not None:
            walked = [(counted(0, scan.steps, graph), 0)]
            types[graph.fresh("step")] = TensorType("int", ())
        order = [each.output for each in scan.carried] + [each.index for each in scan.stacked]
        with graph.body() as nodes:
            inside = [taken.get(index, name) for index, name in enumerate(inputs)]
            results = self._inner(scope, call, call.callee, call.label or "", inside)
            outputs = [graph.node("Identity", [results[index]]) for index in order]  # a body gives only what it makes
        starts = [inputs[each.input] for each in scan.carried]
        backward = {"scan_input_directions": len(walked), "scan_output_directions": len(scan.stacked)}
        made = graph.nodes_out(
            "Scan",
            [*starts, *(name for name, _ in walked)],
            len(order),
            num_scan_inputs=len(walked),
            scan_input_axes=_unless_zero([dim for _, dim in walked]),
            scan_output_axes=_unless_zero([each.dim for each in scan.stacked]),
            **{name: _unless_zero([int(scan.backward)] * count) for name, count in backward.items()},
        )
        given = {name: module.output_types[index] for name, index in zip(outputs, order, strict=True)}
        graph.nodes[-1].body = Body(nodes, types, given)
        return [made[order.index(index)] for index in range(len(module.outputs))]

    def _inner(self, scope: _Scope, call: Call, key: str, label: str, inputs: list[str]) -> list[str]:
        module, span = self.program.modules[key], self._span(call.place)
        link = (Origin(module.name, f"{scope.prefix}{label}", span),) if span and module.kind != "group" else ()
        path, around = f"{scope.prefix}{label}", self.graph.blocks
        if module.kind != "group" and label:
            self.graph.blocks = (*around, Use(module.name, path, next(self.numbers)))
        results = self._module(_Scope(module, f"{path}.", link + scope.chain, inputs))
        self.graph.blocks = around
        return results

    def _layer(self, scope: _Scope, call: Call, layer: Layer, label: str | None, inputs: list[str]) -> list[str]:
        types = scope.module.types(call.inputs)
        path = scope.prefix[:-1] if label is None else scope.prefix + label
        self.graph.scope = path
        weights = {weight.name: self._weight(path, weight) for weight in layer.weights(*types)}
        if isinstance(layer, Normed):
            weights = computed(layer, weights, self.graph)
        results = tuple(scope.module.values[name] for name in call.outputs)
        try:
            if type(layer) not in ROWS:
                raise LayerError(reason_against(type(layer)))
            if self.within_expert and isinstance(layer, (RNN, GRU, LSTM)):
                raise LayerError("it is in an expert that may have no tokens, and onnxruntime ends on no samples")
            use = LayerUse(tuple(inputs), types, results, weights, self.opset)
            made = as_batch(layer, use, self.graph) or ROWS[type(layer)](layer, use, self.graph)
            if not isinstance(made, (str, tuple, list)):
                raise LayerError(f"its row gives what is of type {type(made).__name__}, and no names")
        except LayerError as problem:
            found = NotExpressible(self._span(call.place), layer.kind, problem.message, problem.help)
            raise SpecError.of(found, scope.chain) from None
        tensors = [made] if isinstance(made, str) else list(made)
        self._entitle(scope, call, label, tensors)
        return tensors

    def _entitle(self, scope: _Scope, call: Call, label: str | None, tensors: list[str]) -> None:
        """Results that the spec has no name for are named by their layer's path, or as the module calls them."""
        for tensor, name in zip(tensors, call.outputs, strict=True):
            known = label if label is not None and name == call.outputs[0] else name
            self.graph.entitle(tensor, f"{scope.prefix}{known}")

    def _weight(self, path: str, weight: Weight) -> str:
        """The initializer of a weight; one for all keys that are tied to it."""
        own = f"{path}.{weight.name}" if weight.name else path
        key = self.owner[own] if weight.persistent else own
        if key not in self.initializers:
            clashes = key in self.graph.inputs or any(port.name == key for port in self.program.main.outputs)
            name = self.graph.fresh("value") if clashes else key
            if weight.persistent:
                make = partial(self.arrays, key)
            else:
                assert self.constant is not None, "a constant has no tensors of its own"
                make = partial(self.constant, key, weight, 0)
            self.graph.weight(name, weight.shape, ELEMENT_TYPES[weight.dtype], make)
            self.initializers[key] = name
        return self.initializers[key]

    def _span(self, place: Place | None) -> Span | None:
        return span_of(place, self.sources)


def _unless_zero(numbers: list[int]) -> list[int] | None:
    """An attribute whose default is zeros."""
    return numbers if any(numbers) else None
