"""Layers and blocks applied to what flows; a block is elaborated once for each kind of arguments and input types."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from nnspec.diagnostics import Origin, nearest
from nnspec.elaborate.frame import Environment, Failed, Placed
from nnspec.elaborate.layering import signature, weight_of
from nnspec.elaborate.members import Members
from nnspec.elaborate.mistakes import (
    AlreadyDeclared,
    Misplaced,
    MissingArgument,
    OtherInputs,
    RepeatedArgument,
    SharedMismatch,
    TensorArgument,
    TieMismatch,
    TooDeep,
    TooManyArguments,
    UnknownArgument,
    WrongInputs,
)
from nnspec.elaborate.scope import Scope, Step, flows
from nnspec.elaborate.values import (
    INVALID,
    Argument,
    BlockDefinition,
    Partial,
    Several,
    Tensor,
    Value,
    WeightReference,
    describe,
    holds_tensor,
    key,
    kind,
    plain,
)
from nnspec.ir import Tie
from nnspec.layers.base import Layer, TensorType
from nnspec.syntax import tree as t


class Made:
    """A block that has been elaborated: the key of its module, its results, and ties to weights outside."""

    def __init__(self, key: str, scope: Scope) -> None:
        self.key = key
        self.inputs = len(scope.inputs)
        self.results = [(name, tensor.type, tensor.training) for name, tensor in scope.outputs]
        self.outer_ties = scope.outer_ties


class Blocks(Members):
    """Applies layers and blocks."""

    def apply(self, partial: Partial, inputs: Several | None, label: str | None, node: Placed, count: int = 1) -> Any:
        """Apply a layer or block to what flows (None: to something that is wrong already)."""
        if isinstance(partial.callee, BlockDefinition):
            return self._apply_block(partial, inputs, label, node, count)
        layer, extra, ties = self.bind_layer(partial, node, inputs or ())
        if inputs is None:
            raise Failed
        config = _config(partial)
        given = self.gather(layer, list(inputs), extra, node)
        path = label or self.scope.next_label(count)
        if label is not None:
            self.scope.next_label(count)
        value = self.emit(layer, given, node, label=path, config=config, count=count)
        types = [None if tensor is None else tensor.type for tensor in given]
        for name, argument in ties.items():
            shape = next((w.shape for w in layer.weights(*types) if w.name == name and not w.buffer), None)
            self._tie(f"{path}.{name}", name, shape, argument, partial)
        self.register(value, path, label, layer, node)
        return value

    def _tie(self, path: str, name: str, shape: tuple[int, ...] | None, argument: Argument, partial: Partial) -> None:
        reference: WeightReference = argument.value
        if shape is None:
            span = argument.name_span or argument.span
            assert isinstance(partial.callee, type)
            self.fail(UnknownArgument(span, partial.name, name, signature(partial.callee)))
        if shape != reference.shape:
            found = TieMismatch(argument.span, name, _shown(shape), reference.path, _shown(reference.shape))
            self.fail(found)
        self.add_tie(path, reference)

    def add_tie(self, path: str, reference: WeightReference) -> None:
        """Tie the parameter at a path of this scope to a weight of this scope or one around it."""
        if reference.scope is self.scope:
            self.scope.ties.append(Tie.model_construct(parameter=path, source=reference.path))
        else:
            self.scope.outer_ties.append((path, reference))

    def register(self, value: Value, path: str, label: str | None, callee: Layer | BlockDefinition, node: Placed,
                  again: Any = None) -> None:  # fmt: skip
        taken = self.scope.clash(path) if label is None else None
        if taken is not None:
            self.fail(AlreadyDeclared(self.span(node), path, taken.span, True))
        step = Step(path, self.last_call, again or callee, self.span(node))
        self.scope.add_step(step)
        value.step = step
        if label is not None:
            self.environment.names[label] = value

    def _apply_block(
        self, partial: Partial, inputs: Several | None, label: str | None, node: Placed, count: int
    ) -> Any:
        definition = partial.callee
        assert isinstance(definition, BlockDefinition)
        arguments, extra = self.bind_block(definition, partial, node)
        if inputs is None:
            raise Failed
        given = self.block_inputs(definition, list(inputs), extra, node)
        made = self.make_block(definition, arguments, _types(given), label or str(self.scope.position), node)
        path = label or self.scope.next_label(count)
        if label is not None:
            self.scope.next_label(count)
        value = self.call_made(made, given, path, node, count)
        self.register(value, path, label, definition, node, (definition, arguments))
        return value

    def call_made(
        self,
        made: Made,
        inputs: list[Tensor | None],
        path: str,
        node: Placed,
        count: int = 1,
        *,
        shared: bool = False,
        results: list[tuple[str, TensorType, bool]] | None = None,
    ) -> Value:
        """Call an elaborated module under a label."""
        self.spend(node)
        inputs = [tensor for tensor in inputs if tensor is not None]  # its module has no input for an absent one
        value = self.add_call(made.key, inputs, results or made.results, node, path, path, shared, count)
        if not shared:
            for inner, reference in made.outer_ties:
                self.add_tie(f"{path}.{inner}", reference)
        return value

    def bind_block(
        self, definition: BlockDefinition, partial: Partial, node: Placed
    ) -> tuple[dict[str, Any], dict[str | int, Tensor]]:
        """The compile-time arguments of a block by name (without defaults), and tensors among them."""
        declaration = definition.declaration
        names = [parameter.name.text for parameter in declaration.parameters]
        inputs = [x.name.text for x in declaration.inputs] if isinstance(declaration, t.Block) else []
        shown = block_signature(definition)
        self.need_single(partial.arguments)
        arguments: dict[str, Any] = {}
        tensors: dict[str | int, Tensor] = {}
        free = list(names)
        for argument in partial.positional:
            if isinstance(argument.value, Tensor):
                tensors[len(tensors)] = argument.value
            elif not free:
                self.fail(TooManyArguments(argument.span, definition.name, len(names), shown))
            else:
                name = free.pop(0)
                arguments[name] = self._compile_time(name, argument, definition)
        for name, argument in partial.named.items():
            span = argument.name_span or argument.span
            if name in inputs and (isinstance(argument.value, Tensor) or argument.value is None):
                if argument.value is not None:
                    tensors[name] = argument.value
            elif name not in names:
                self.fail(UnknownArgument(span, definition.name, name, shown, nearest(name, [*names, *inputs])))
            elif name in arguments:
                self.fail(RepeatedArgument(span, definition.name, name, shown))
            else:
                arguments[name] = self._compile_time(name, argument, definition)
        for parameter in declaration.parameters:
            if parameter.default is None and parameter.name.text not in arguments:
                self.fail(MissingArgument(self.span(node), definition.name, parameter.name.text, shown))
        return arguments, tensors

    def _compile_time(self, name: str, argument: Argument, definition: BlockDefinition) -> Any:
        """The value of a parameter, which is known when the spec is compiled."""
        value = weight_of(argument.value) or argument.value
        if holds_tensor(value):
            self.fail(TensorArgument(argument.span, definition.name, name, kind(value)))
        return value

    def block_inputs(
        self, definition: BlockDefinition, flowing: list[Tensor], extra: dict[str | int, Tensor], node: Placed
    ) -> list[Tensor | None]:
        declaration = definition.declaration
        positional: list[Tensor | None] = [*flowing, *(x for place, x in extra.items() if isinstance(place, int))]
        if isinstance(declaration, t.Model) or not declaration.inputs:
            return positional
        names = [each.name.text for each in declaration.inputs]
        given = dict(zip(names, positional, strict=False))
        self.need_once(given, extra, definition.name, node)
        given.update({name: tensor for name, tensor in extra.items() if isinstance(name, str)})
        missing = [x.name.text for x in declaration.inputs if x.name.text not in given and not x.optional]
        if missing or len(positional) > len(names):
            if not positional:
                self.no_value(node, definition.name)
            takes = f"{len(names)} values ({', '.join(names)})"
            self.fail(WrongInputs(self.span(node), definition.name, takes, len(positional)))
        return [given.get(name) for name in names]

    def make_block(
        self,
        definition: BlockDefinition,
        arguments: dict[str, Any],
        types: tuple[TensorType | None, ...],
        label: str,
        node: Placed,
    ) -> Made:
        """The module of a block for these arguments and input types, made once."""
        memo = (definition, tuple(sorted((name, key(value)) for name, value in arguments.items())), types)
        if memo not in self.shared.memo:
            self.shared.memo[memo] = INVALID  # while it is built; if it fails, it has told why, and becomes None
            try:
                self.shared.memo[memo] = self.build_block(definition, arguments, types, label, node)
            except Failed:
                self.shared.memo[memo] = None
        made: Any = self.shared.memo[memo]
        if made is INVALID:
            self.fail(TooDeep(self.span(node), definition.name, self.shared.limits.recursion, endless=True))
        if made is None:
            raise Failed
        assert isinstance(made, Made)
        return made

    def build_block(
        self,
        definition: BlockDefinition,
        arguments: dict[str, Any],
        types: tuple[TensorType | None, ...],
        label: str,
        node: Placed,
    ) -> Made | None:
        """Elaborate a block."""
        limits = self.shared.limits
        if len(self.chain) >= limits.recursion:
            self.fail(TooDeep(self.span(node), definition.name, limits.recursion))
        if len(self.shared.modules) >= limits.modules:
            self.exceed(node, "the number of distinct modules", "modules")
        scope = Scope(definition.name, "model" if isinstance(definition.declaration, t.Model) else "block")
        shown = ", ".join(f"{name} = {describe(value)}" for name, value in arguments.items())
        link = Origin(f"{definition.name}({shown})", label, self.span(node))
        frame = type(self)(self.shared, definition.declarations, scope, Environment(), (link, *self.chain))
        frame.training = self.training
        return frame.run_block(definition, arguments, types)

    @abstractmethod
    def run_block(
        self, definition: BlockDefinition, arguments: dict[str, Any], types: tuple[TensorType | None, ...]
    ) -> Made | None:
        """Elaborate the body of a block in this frame; body.py does it."""

    def apply_again(self, value: Value, label: str | None, item: t.Item, named: Mapping[str, Argument]) -> Value:
        """`-> tower`: the same module on other inputs."""
        step = value.step
        assert step is not None
        if label is not None:
            self.fail(Misplaced(self.span(item), "a label before a module that has one", "bind it: name = chain"))
        if value.scope is not self.scope:
            advice = "apply it in the body that builds it"
            self.fail(Misplaced(self.span(item), "a module of another body", advice))
        inputs: list[Tensor | None] = list(flows(self.incoming(item, step.label)))
        again = step.apply_again
        first = step.call
        if isinstance(again, Layer):
            before = [self.scope.values[name] if name else None for name in first.inputs]
            extra = self._named_inputs(
                named, (*again.inputs, *again.optional_inputs), step.label, signature(type(again))
            )
            given = self.gather(again, [tensor for tensor in inputs if tensor is not None], extra, item)
            types = [None if tensor is None else tensor.type for tensor in given]
            self.infer(again, given, item, {}, None)
            if again.weights(*types) != again.weights(*before):
                self.fail(SharedMismatch(self.span(item), step.label, step.span))
            return self.emit(again, given, item, label=step.label, shared=True)
        if again is INVALID:
            what = f"the group {step.label}, a second time,"
            self.fail(
                Misplaced(self.span(item), what, f"make it a block: block Name {{ ... }}, then {step.label}: Name")
            )
        definition, arguments = again
        declared = definition.declaration.inputs if isinstance(definition.declaration, t.Block) else ()
        names = tuple(each.name.text for each in declared)
        extra = self._named_inputs(named, names, step.label, block_signature(definition))
        given = self.block_inputs(definition, [x for x in inputs if x is not None], extra, item)
        made = self.make_block(definition, arguments, _types(given), step.label, item)
        assert isinstance(first.callee, str)
        taken, now = (tuple(port.name for port in self.shared.modules[key].inputs) for key in (first.callee, made.key))
        if taken != now:  # the module that is built has one `forward`
            self.fail(OtherInputs(self.span(item), step.label, taken, now, step.span))
        if made.key != first.callee and self.weights_below(made.key) != self.weights_below(first.callee):
            self.fail(SharedMismatch(self.span(item), step.label, step.span))
        return self.call_made(made, given, step.label, item, shared=True)

    def _named_inputs(
        self, named: Mapping[str, Argument], names: tuple[str, ...], label: str, shown: str
    ) -> dict[str | int, Tensor]:
        """The tensors that flow by name into a module which is applied again."""
        for name, argument in named.items():
            if name not in names:
                span = argument.name_span or argument.span
                self.fail(UnknownArgument(span, label, name, shown, nearest(name, names)))
        return {name: argument.value for name, argument in named.items() if argument.value is not None}


def block_signature(definition: BlockDefinition) -> str:
    """`Bottleneck(width, stride = 1)`, as it is written."""
    source = definition.source.text
    shown = ", ".join(source[p.start : p.end] for p in definition.declaration.parameters)
    return f"{definition.name}({shown})"


def arguments_for_display(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments as plain data."""
    return {name: plain(value) for name, value in arguments.items()}


def _config(partial: Partial) -> dict[str, Argument]:
    """Arguments by field name, to find their places again."""
    assert isinstance(partial.callee, type)
    return {**dict(zip(partial.callee.by_position, partial.plain_positional, strict=False)), **partial.named}


def _types(tensors: list[Tensor | None]) -> tuple[TensorType | None, ...]:
    return tuple(None if tensor is None else tensor.type for tensor in tensors)


def _shown(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]"
