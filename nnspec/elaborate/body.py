"""Statements: what a body does from its first line to its last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nnspec.diagnostics import Span, nearest
from nnspec.elaborate.arithmetic import is_size
from nnspec.elaborate.blocks import Made, arguments_for_display
from nnspec.elaborate.frame import Environment, Failed, Placed
from nnspec.elaborate.mistakes import (
    AlreadyDeclared,
    LayerInput,
    LoneLabel,
    Misplaced,
    NoValue,
    Required,
    SameName,
    SameTurn,
    ShapeMismatch,
    UnknownName,
    WrongInputs,
    WrongKind,
)
from nnspec.elaborate.renaming import BadRename, bad_rename
from nnspec.elaborate.scan import Scans
from nnspec.elaborate.scope import PendingCall, Scope, flows
from nnspec.elaborate.values import INVALID, BlockDefinition, Partial, Several, Tensor, Value, describe, kind
from nnspec.layers.base import Layer, TensorType
from nnspec.syntax import tree as t

DTYPES = ("float", "int", "bool")


class Body(Scans):
    """Runs the statements of blocks, models and groups."""

    # What the inputs of a model are given: types in order where a block calls it, shapes by name from outside.
    given_types: tuple[TensorType | None, ...] | None = None
    given_shapes: dict[str, tuple[int, ...]] = {}  # noqa: RUF012 - replaced, never changed

    def run_body(self, body: t.Body) -> None:
        """Every statement; one that is wrong leaves INVALID behind and does not stop the others."""
        for statement in body.statements:
            if isinstance(statement, t.Chain):
                self._need_step(statement)
            self.run(statement)

    def _need_step(self, chain: t.Chain) -> None:
        """Check that a line is more than the label of a step: that is its value, and reads like applying it again."""
        step = chain.items[0].step
        if len(chain.items) > 1 or chain.items[0].label is not None or not isinstance(step, (t.Name, t.Postfix)):
            return
        name = "".join(self.span(step).text.split())
        value = self.environment.find(name)[1]
        applied = value.step if isinstance(value, Value) and self.flow is not None else None
        if applied is not None and applied.label == name and applied.call.inputs:
            self.report(LoneLabel(self.span(step), name))
            self.failed = True

    def run(self, statement: t.Statement) -> None:
        """One statement."""
        self.spend(statement)
        try:
            getattr(self, f"_run_{type(statement).__name__.lower()}")(statement)
        except Failed:
            self._poison(statement)

    def _poison(self, statement: t.Statement) -> None:
        """What a wrong statement would have defined is INVALID, and says nothing more."""
        self.failed = True
        for name in _defined(statement):
            if self.environment.names.get(name) is None:  # also where an optional input is absent
                self.environment.names[name] = INVALID
        if isinstance(statement, (t.Chain, t.If, t.For)) or (isinstance(statement, t.Input) and self.flow is None):
            self.flow = INVALID

    # --- statements

    def _run_chain(self, node: t.Chain) -> None:
        self.flow = self.chain_value(node)
        if self.flow is INVALID:
            self._poison(node)

    def _run_let(self, node: t.Let) -> None:
        self.environment.names[node.name.text] = self.evaluate(node.value)

    def _run_bind(self, node: t.Bind) -> None:
        value = self._bound_chain(node)
        if value is INVALID:
            raise Failed
        if len(node.names) == 1:
            self.environment.names[node.names[0].text] = value
            return
        results = list(value) if isinstance(value, Several) else list(value.members.values()) or [value]
        if len(results) != len(node.names):
            advice = f"write {len(results)} name{'s' if len(results) != 1 else ''} before `=`"
            found = WrongInputs(self.span(node.chain), "this line", f"{len(node.names)} results", len(results), advice)
            self.fail(found)
        for name, tensor in zip(node.names, results, strict=True):
            self.environment.names[name.text] = tensor

    def _bound_chain(self, node: t.Bind) -> Any:
        """The value of the chain; a weight of the scope's own takes the name that it is bound to as its label."""
        chain = node.chain
        item = chain.items[0]
        if len(chain.items) == 1 and len(node.names) == 1 and item.label is None and self._owns_weight(item.step):
            chain = t.Chain(chain.start, chain.end, (t.Item(item.start, item.end, node.names[0], item.step),))
        return self.chain_value(chain, node)

    def _owns_weight(self, step: t.Step) -> bool:
        """Whether a step is a layer that needs no input: its weight is the scope's own."""
        base = step.base if isinstance(step, t.Postfix) else step
        if not isinstance(base, t.Name) or self.environment.find(base.text)[0]:
            return False
        value = self.global_value(base.text)
        if not isinstance(value, Partial) or isinstance(value.callee, BlockDefinition):
            return False
        return not (value.callee.inputs or value.callee.optional_inputs or value.callee.random)

    def _run_input(self, node: t.Input) -> None:
        if self.scope.kind != "model":
            advice = f"name a block's inputs after a colon: block Name(...): {node.name.text} {{ ... }}"
            self.fail(Misplaced(self.span(node), "`input`", advice))
        if self.scope.calls:
            self.fail(Misplaced(self.span(node), "`input` behind a step", "declare all inputs before the first step"))
        self._new_name(node.name)
        dtype = node.dtype.text
        if dtype not in DTYPES:
            close = nearest(dtype, DTYPES)
            found = UnknownName(self.span(node.dtype), dtype, close, "the element types are float, int and bool")
            self.fail(found)
        tensor = self.scope.add_input(node.name.text, self._input_type(node))
        tensor.place = self.span(node.name)
        self.environment.names[node.name.text] = tensor
        if self.flow is None:
            self.flow = tensor

    def _input_type(self, node: t.Input) -> TensorType:
        dtype: Any = node.dtype.text
        index = len(self.scope.inputs)
        if self.given_types is not None:
            given = self.given_types[index] if index < len(self.given_types) else None
            if given is None:
                takes = f"a value for its input {node.name.text}"
                self.fail(WrongInputs(self.chain[0].span, self.scope.name, takes, len(self.given_types)))
            if given.dtype != dtype:
                problem = f"takes {dtype} elements as {node.name.text}, and gets {given.dtype}"
                self.fail(LayerInput(self.chain[0].span, self.scope.name, problem, f'cast it: cast(x, "{dtype}")'))
            self.match(node.shape, given.shape)
            return given
        shape = self.given_shapes.get(node.name.text)
        if shape is not None:
            flag = f"--input {node.name.text}={'x'.join(map(str, shape))}"
            way_out = f"{flag} must keep to {self.span(node.shape).text}; open a dimension in the spec with a name"
            self.match(node.shape, shape, way_out)
            self.check_shape(shape, node)
            return TensorType(dtype, shape)
        sizes = tuple(self.pattern(item)[0] for item in node.shape.items)
        self.check_shape(sizes, node)
        return TensorType(dtype, sizes)

    def _new_name(self, name: t.Identifier) -> None:
        if name.text in self.environment.names:
            self.fail(AlreadyDeclared(self.span(name), name.text))

    def _run_output(self, node: t.Output) -> None:
        if self.scope.kind == "group":
            advice = "a group gives the value of its last step; write `output` in the block or model"
            self.fail(Misplaced(self.span(node), "`output`", advice))
        if any(name == node.name.text for name, _ in self.scope.outputs):
            self.fail(AlreadyDeclared(self.span(node.name), node.name.text))
        if node.chain is None:
            value = self.evaluate(t.Name(node.name.start, node.name.end, node.name.text))
        else:
            value = self.chain_value(node.chain)
        if value is INVALID:
            raise Failed
        if not isinstance(value, Tensor):
            self.fail(WrongKind(self.span(node), "one tensor", kind(value)))
        if not (self.chain or self.training) and any(name == node.name.text for name, _ in self.scope.inputs):
            self.report(SameName(self.span(node.name), node.name.text))
        local = self.scope.localise(value)
        output = Tensor(self.scope, local.name, local.type, local.step, self.training or local.training)
        self.scope.outputs.append((node.name.text, output))
        if any(name == node.name.text for name, _ in self.scope.inputs):
            self.environment.names[node.name.text] = value  # from here on the name is the output's, as of any `=`
        self.environment.names.setdefault(node.name.text, value)

    def _run_require(self, node: t.Require) -> None:
        if self.truth(node.condition):
            return
        text = self.span(node.condition).text
        message = f"this must hold: {text}"
        if node.message is not None:
            value = self.evaluate(node.message)
            message = value if isinstance(value, str) else describe(value)
        known = [(name, self.environment.find(name)[1]) for name in sorted(_names_in(node.condition))]
        values = tuple(f"{name} = {describe(value)}" for name, value in known if value is not None)
        self.fail(Required(self.span(node.condition), message, values))

    def _run_if(self, node: t.If) -> None:
        for condition, body in node.branches:
            if self.truth(condition):
                self.run_body(body)
                return
        if node.otherwise is not None:
            self.run_body(node.otherwise)

    def _run_for(self, node: t.For) -> None:
        before: list[PendingCall] = []
        told = False
        for _ in self._turns(node):
            first = len(self.scope.calls)
            self.run_body(node.body)
            calls = self.scope.calls[first:]
            if not told and calls and self._are_repeated(before, calls):
                told = True
                self.report(SameTurn(self.span(node.body.statements[0])))
            before = calls

    def _are_repeated(self, before: list[PendingCall], calls: list[PendingCall]) -> bool:
        """Whether these calls compute again what those before did, from the same values."""
        made = {old: new for one, other in zip(before, calls, strict=False)
                for old, new in zip(one.outputs, other.outputs, strict=False)}  # fmt: skip
        inputs = [tuple(made.get(name, name) for name in call.inputs) for call in before]
        same = [call.callee for call in before] == [call.callee for call in calls]
        return same and inputs == [call.inputs for call in calls] and all(map(self._makes_nothing_new, calls))

    def _makes_nothing_new(self, call: PendingCall) -> bool:
        """Whether a call builds nothing that has a name."""
        if call.shared or not isinstance(call.callee, Layer):
            return call.shared
        types = [self.scope.values[name] if name else None for name in call.inputs]
        return not (call.callee.random or call.callee.weights(*types)) and (call.label or "0").isdecimal()

    def _turns(self, node: t.For) -> Iterator[None]:
        """Bind the names of a `for` for each turn in order; after a turn with a mistake there is no further one."""
        if node.last is not None:
            first, last = self.number(node.first, "the first number"), self.number(node.last, "the last number")
            values: Any = range(first, last + 1)
        else:
            values = self.evaluate(node.first)
            if not isinstance(values, tuple):
                self.fail(WrongKind(self.span(node.first), "a list or a range", kind(values), "write for i in 1..n"))
        before, self.failed = self.failed, False
        for value in values:
            if self.failed:
                break
            self.spend(node)
            if len(node.names) == 1:
                self.environment.names[node.names[0].text] = value
            elif isinstance(value, tuple) and len(value) == len(node.names):
                self.environment.names.update(zip((name.text for name in node.names), value, strict=True))
            else:
                needed = f"a list of {len(node.names)} for each turn"
                self.fail(WrongKind(self.span(node.first), needed, describe(value)))
            yield
        self.failed = self.failed or before

    def _run_training(self, node: t.Training) -> None:
        flow, before = self.flow, self.training
        self.training = True
        try:
            self.run_body(node.body)
        finally:
            self.flow, self.training = flow, before

    def _run_order(self, node: t.Order) -> None:
        for written in node.labels:
            label = self._label(written)
            assert label is not None
            self.scope.order.setdefault(label, self.span(written))

    def _run_rename(self, node: t.Rename) -> None:
        if self.scope.kind != "model":
            self.fail(Misplaced(self.span(node), "`rename`", "published weights belong to a model: write it there"))
        published, own = map(self.evaluate, (node.published, node.own))
        problem = bad_rename(published, own)
        if problem is not None:
            self.fail(BadRename(self.span(node), *problem))
        self.scope.renames.append((published, own))

    def _run_phase(self, node: t.Phase) -> None:
        self.fail(Misplaced(self.span(node), "`phase`", "phases belong into a `train` block"))

    # --- merges

    def branches(self, body: t.Body, start: Any) -> list[tuple[Any, Span]]:
        """The value of every branch; `if` and `for` may choose and repeat branches."""
        found: list[tuple[Any, Span]] = []
        for statement in body.statements:
            if isinstance(statement, t.If):
                chosen = next((b for c, b in statement.branches if self.truth(c)), statement.otherwise)
                found += self.branches(chosen, start) if chosen else []
            elif isinstance(statement, t.For):
                for _ in self._turns(statement):
                    found += self.branches(statement.body, start)
            elif isinstance(statement, t.Chain):
                flow, self.flow = self.flow, start
                self.run(statement)
                found.append((self.flow, self.span(statement)))
                self.flow = flow
            else:
                self.run(statement)
        return found

    # --- blocks and models

    def run_block(
        self, definition: BlockDefinition, arguments: dict[str, Any], types: tuple[TensorType | None, ...]
    ) -> Made | None:
        """Elaborate a block or model for these arguments and input types; None if it is wrong."""
        self.given_types = types
        return self.build(definition, arguments)

    def build(self, definition: BlockDefinition, arguments: dict[str, Any]) -> Made | None:
        """Elaborate the body; `given_types` or `given_shapes` say what its inputs are."""
        declaration = definition.declaration
        self._bind_parameters(declaration, arguments)
        bound = {
            parameter.name.text: self.environment.names[parameter.name.text] for parameter in declaration.parameters
        }
        if not isinstance(declaration.body, t.Body):
            return self._build_variant(definition, declaration.body)
        if isinstance(declaration, t.Block):
            self._bind_inputs(declaration)
        self.run_body(declaration.body)
        if not self.failed and all(tensor.training for _, tensor in self.scope.outputs):
            self._default_outputs(declaration)
        if self.failed:
            return None
        module = self.finish(
            arguments=arguments_for_display(bound),
            documentation=declaration.documentation,
            place=self.place(declaration.name),
        )
        return Made(self.shared.add_module(module), self.scope)

    def _bind_parameters(self, declaration: t.Block | t.Model, arguments: dict[str, Any]) -> None:
        given = self._given_sizes(declaration)
        for parameter in declaration.parameters:
            name = parameter.name.text
            if name in self.environment.names:
                self.fail(AlreadyDeclared(self.span(parameter.name), name))
            value = arguments.get(name, INVALID)
            if value is INVALID:
                value = given.get(name, INVALID)
            if value is INVALID:
                value = INVALID if parameter.default is None else self.evaluate(parameter.default)
            self.environment.names[name] = value

    def _given_sizes(self, declaration: t.Block | t.Model) -> dict[str, int]:
        """What the shapes given from outside say of the parameters: `H` in `input image: float[N, 3, H, W]`."""
        found: dict[str, int] = {}
        statements = declaration.body.statements if isinstance(declaration.body, t.Body) else ()
        for statement in statements:
            if isinstance(statement, t.Input):
                sizes = self.given_shapes.get(statement.name.text, ())
                for item, size in zip(statement.shape.items, sizes, strict=False):
                    if isinstance(item, t.Name):
                        found.setdefault(item.text, size)
        return found

    def _bind_inputs(self, declaration: t.Block) -> None:
        names = [each.name.text for each in declaration.inputs]
        types = self.given_types or ()
        if not names:
            tensors = [self.scope.add_input("x" if len(types) == 1 else f"x{i}", x) for i, x in enumerate(types) if x]
            self.flow = None if not tensors else tensors[0] if len(tensors) == 1 else Several(tensors)
            for tensor in tensors:
                tensor.place = self.chain[0].span
            return
        for each, given in zip(declaration.inputs, types, strict=True):
            self._new_name(each.name)
            if given is None:
                self.environment.names[each.name.text] = None
                continue
            tensor = self.scope.add_input(each.name.text, given)
            tensor.place = self.span(each.name)
            self.environment.names[each.name.text] = tensor
        self.flow = self.environment.names[names[0]]

    def _build_variant(self, definition: BlockDefinition, body: t.Expression) -> Made | None:
        """`model ResNet18 = ResNet(18)`: the other model under this name."""
        value = self.evaluate(body)
        if not isinstance(value, Partial) or not isinstance(value.callee, BlockDefinition):
            self.fail(WrongKind(self.span(body), "a model with arguments", kind(value)))
        target = value.callee
        chosen, _ = self.bind_block(target, value, body)
        frame = type(self)(
            self.shared, target.declarations, Scope(definition.name, self.scope.kind), Environment(), self.chain
        )
        frame.given_types, frame.given_shapes = self.given_types, self.given_shapes
        own = {parameter.name.text for parameter in target.declaration.parameters}
        frame.further = {name: value for name, value in self.further.items() if name not in own}
        return frame.build(target, chosen | {name: self.further[name] for name in own & self.further.keys()})

    further: dict[str, Any] = {}  # noqa: RUF012 - replaced, never changed: settings for what this is a variant of, and for what that is one of

    def _default_outputs(self, declaration: t.Block | t.Model) -> None:
        """The last value is the output where none is named; before those that exist in training only."""
        if self.flow is INVALID:
            raise Failed
        if self.flow is None:
            what = f"the end of {declaration.name.text}"
            self.fail(NoValue(self.span(declaration.name), what))
        tensors = [self.scope.localise(tensor) for tensor in flows(self.flow)]
        names = ["output"] if len(tensors) == 1 else [str(index) for index in range(len(tensors))]
        taken = next((name for name, _ in self.scope.outputs if name in names), None)
        if taken is not None:
            self.fail(AlreadyDeclared(self.span(declaration.name), taken))
        self.scope.outputs[:0] = zip(names, tensors, strict=True)


def _defined(node: Any) -> Iterator[str]:
    """The names that a statement defines in its body: labels, values and `let` names."""
    match node:
        case t.Bind():
            yield from (name.text for name in node.names)
            yield from _defined(node.chain)
        case t.Let() | t.Input() | t.Output():
            yield node.name.text
        case t.Item():
            if isinstance(node.label, t.Identifier):
                yield node.label.text
            if isinstance(node.step, t.ListOf):  # a shape: the dimensions that it names
                yield from (item.text for item in node.step.items if isinstance(item, t.Name))
            yield from _defined(node.step)
        case t.Body() | t.Chain() | t.If() | t.For() | t.Residual() | t.Merge() | t.Training() | tuple():
            fields = node if isinstance(node, tuple) else [getattr(node, name) for name in node.record_fields[2:]]
            for field in fields:
                yield from _defined(field)


def _names_in(node: Any) -> set[str]:
    """All names in an expression."""
    if isinstance(node, t.Name):
        return {node.text}
    if isinstance(node, t.Node):
        return set().union(*(_names_in(getattr(node, name)) for name in node.record_fields[2:]))
    return set().union(*map(_names_in, node)) if isinstance(node, tuple) else set()


__all__ = ["Body", "Placed", "ShapeMismatch", "is_size"]
