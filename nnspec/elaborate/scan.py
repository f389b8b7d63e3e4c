"""`scan Step(...)`: a block applied to the elements of a sequence one after the other, with a state carried along.

The first value that flows in is the sequence, along its first dimension; the block's first input is one element.
An output that is named as one of the block's further inputs is carried to the next application, and its last value
is a result of the scan; every other output is stacked along a new first dimension. Inputs that no output is named
after are the same in every application.
"""

from __future__ import annotations

from collections.abc import Mapping

from nnspec.diagnostics import Span
from nnspec.elaborate.blocks import Made
from nnspec.elaborate.mistakes import BadScan, WrongKind
from nnspec.elaborate.scope import flows
from nnspec.elaborate.steps import Steps
from nnspec.elaborate.values import Argument, BlockDefinition, Partial, Tensor, Value, kind
from nnspec.layers.base import TensorType
from nnspec.syntax import tree as t


class Scans(Steps):
    """Elaborates scans."""

    def scan(self, node: t.Scan, label: str | None, item: t.Item, named: Mapping[str, Argument]) -> Value:
        """Apply a block along the first dimension of what flows."""
        partial = self.evaluate(node.step)
        if not isinstance(partial, Partial) or not isinstance(partial.callee, BlockDefinition):
            self.fail(WrongKind(self.span(node.step), "a block after `scan`", kind(partial)))
        definition = partial.callee
        arguments, extra = self.bind_block(definition, partial.given(named), node)
        given = self.block_inputs(definition, list(flows(self.incoming(node, "a scan"))), extra, node)
        sequence = given[0]
        if sequence is None or not sequence.type.rank:
            self.fail(BadScan(self.span(node), definition.name, "the first value is no sequence"))
        element = TensorType(sequence.type.dtype, sequence.type.shape[1:])
        types = (element, *(None if tensor is None else tensor.type for tensor in given[1:]))
        made = self.make_block(definition, arguments, types, label or str(self.scope.position), node)
        results = self._results(made, types, sequence, definition, self.span(node))
        path = label or self.scope.next_label(1)
        if label is not None:
            self.scope.next_label(1)
        value = self.call_made(made, given, path, node, results=results)
        self.last_call.scan = True
        self.register(value, path, label, definition, item, (definition, arguments))
        return value

    def _results(
        self,
        made: Made,
        types: tuple[TensorType | None, ...],
        sequence: Tensor,
        definition: BlockDefinition,
        span: Span,
    ) -> list[tuple[str, TensorType, bool]]:
        """Names and types of the results; what is carried must keep its type."""
        module = self.shared.modules[made.key]
        present = [type for type in types if type is not None]
        for output, index in module.carried.items():
            name, type, _ = made.results[output]
            if type != present[index]:
                found = f"its output {name} is {type}, and its input {name} is {present[index]}"
                self.fail(BadScan(span, definition.name, found))
        if len(module.carried) == len(made.results):
            self.fail(BadScan(span, definition.name, "no output is left to be stacked"))
        return [
            (name, type, training)
            for (name, _, training), type in zip(made.results, module.scanned(sequence.type.shape[0]), strict=True)
        ]
