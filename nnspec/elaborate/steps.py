"""Steps: layers and blocks applied to what flows, chains, groups, repeats, residuals and merges."""

from __future__ import annotations

import re
from typing import Any

from nnspec.diagnostics import Label, Origin, Span, nearest
from nnspec.dims import Expression, Size, Undecidable, bounds, equal, solve, symbol
from nnspec.elaborate import arithmetic, interior
from nnspec.elaborate.expressions import Expressions, signature, weight_of
from nnspec.elaborate.frame import Environment, Failed, Placed
from nnspec.elaborate.mistakes import (
    AlreadyDeclared,
    BadOperation,
    MergeMismatch,
    Misplaced,
    MissingArgument,
    NoValue,
    RepeatedArgument,
    ShapeMismatch,
    SharedMismatch,
    TieMismatch,
    TooDeep,
    TooManyArguments,
    TooMuch,
    UnknownArgument,
    UnknownName,
    Unreached,
    UnusedStep,
    WrongInputs,
    WrongKind,
)
from nnspec.elaborate.scope import PendingCall, Scope, Step, flows
from nnspec.elaborate.values import (
    INVALID,
    Argument,
    BlockDefinition,
    Function,
    Partial,
    Several,
    Tensor,
    WeightReference,
    describe,
    key,
    kind,
    plain,
)
from nnspec.ir import Tie
from nnspec.layers import registry
from nnspec.layers.base import InputError, Layer, LayerError, TensorType
from nnspec.syntax import tree as t

_LABEL = r"(?a:[A-Za-z_]\w*(\.\w+)*|\d+(\.\w+)*)"


class Made:
    """A block that has been elaborated: the key of its module, its results, and ties to weights outside."""

    def __init__(self, key: str, scope: Scope) -> None:
        self.key = key
        self.inputs = len(scope.inputs)
        self.results = [(name, tensor.type, tensor.training) for name, tensor in scope.outputs]
        self.outer_ties = scope.outer_ties


class Steps(Expressions):
    """Runs chains; every application of a layer or block becomes a call of the scope."""

    def run_body(self, body: t.Body) -> None:
        """The statements of a body; body.py has them."""
        raise NotImplementedError

    def scan(self, node: t.Scan, label: str | None, item: t.Item) -> Tensor:
        """`scan Step(...)`; scan.py does it."""
        raise NotImplementedError

    # --- chains

    def chain_value(self, node: t.Chain) -> Any:
        """The value at the end of a chain that begins with the current flow; the flow itself stays."""
        flow = self.flow
        try:
            for index, item in enumerate(node.items):
                self.flow = self._item_value(item, first=index == 0)
            return self.flow
        finally:
            self.flow = flow

    def _item_value(self, item: t.Item, *, first: bool) -> Any:
        """The value of an item; INVALID, with its label, if it is wrong."""
        label = None
        try:
            label = self._label(item.label)
            return self._item(item, label, first=first)
        except Failed:
            if label is not None:
                self.environment.names[label] = INVALID
            self.failed = True
            return INVALID

    def _item(self, item: t.Item, label: str | None, *, first: bool) -> Any:
        step = item.step
        if isinstance(step, (t.Residual, t.Merge, t.Repeat)) and label is not None:
            body = t.Body(step.start, step.end, (t.Chain(step.start, step.end, (t.Item(*_ends(step), None, step),)),))
            return self.group(body, label, item)
        match step:
            case t.Body():
                return self.group(step, label, item)
            case t.Repeat():
                return self._repeat(step)
            case t.Scan():
                return self.scan(step, label, item)
            case t.Residual():
                return self._residual(step)
            case t.Merge():
                return self._merge(step)
            case t.ListOf():
                return self._match_shape(step)
        self.step = step
        value = self.evaluate(step)
        if isinstance(value, Partial):
            return self.apply(value, self._inputs_for(value, first), label, item)
        if isinstance(value, Function):
            return self.call_function(value, (Argument(self.incoming(step, value.name), self.span(step)),), {}, step)
        if isinstance(value, tuple) and not isinstance(value, Several) and all(isinstance(v, Tensor) for v in value):
            value = Several(value)
        if not isinstance(value, (Tensor, Several)):
            self.fail(WrongKind(self.span(step), "a step or a value of the network", kind(value)))
        if not first and self.step is not None and not _mentions_flow(step):
            if isinstance(value, Tensor) and value.step is not None:
                return self._apply_again(value, label, item)
            self.fail(
                Misplaced(
                    self.span(step), "a value that does not use what flows to it", "write `_` for the value that flows"
                )
            )
        if label is not None and isinstance(value, Tensor):
            self.environment.names[label] = value
        return value

    def _label(self, node: t.Expression | None) -> str | None:
        if node is None:
            return None
        if isinstance(node, t.Text):
            label = self._text(node)
        else:
            parts = [node.base.text] if isinstance(node, t.Postfix) and isinstance(node.base, t.Name) else []
            parts += [x.name for x in node.trailers if isinstance(x, t.Member)] if isinstance(node, t.Postfix) else []
            whole = isinstance(node, t.Postfix) and len(parts) == len(node.trailers) + 1
            label = node.text if isinstance(node, t.Name) else ".".join(parts) if whole else ""
        if not re.fullmatch(_LABEL, label) or label == "_":
            self.fail(Misplaced(self.span(node), "this label", "a label is a name, a dotted path or a string of them"))
        clash = self.scope.clash(label)
        if clash is not None:
            self.fail(AlreadyDeclared(self.span(node), label, clash.span, True))
        return label

    def _inputs_for(self, partial: Partial, first: bool) -> Several | None:
        """What flows into a layer or block; nothing at the head of a chain if it needs nothing."""
        callee = partial.callee
        if isinstance(callee, type) and not callee.inputs and (first or not callee.optional_inputs):
            return Several()
        if self.flow is INVALID:
            return None
        return Several() if self.flow is None else flows(self.flow)

    # --- applying

    def apply(self, partial: Partial, inputs: Several | None, label: str | None, node: Placed, count: int = 1) -> Any:
        """Apply a layer or block to what flows (None: to something that is wrong already)."""
        if isinstance(partial.callee, BlockDefinition):
            return self._apply_block(partial, inputs, label, node, count)
        layer, extra, ties = self.bind_layer(partial, node)
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

    def _tie(
        self, path: str, name: str, shape: tuple[int, ...] | None, argument: Argument, partial: Partial
    ) -> None:
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

    def register(self, value: Tensor, path: str, label: str | None, callee: Layer | BlockDefinition, node: Placed,
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
        results: list[tuple[str, TensorType]] | None = None,
    ) -> Tensor:
        """Call an elaborated module under a label."""
        self.spend(node)
        results = results or [(name, type) for name, type, _ in made.results]
        inputs = [tensor for tensor in inputs if tensor is not None]  # its module has no input for an absent one
        value = self.add_call(made.key, inputs, results, node, path, path, shared, count)
        for tensor, (_, _, training) in zip(value.members.values() or (value,), made.results, strict=True):
            tensor.training = tensor.training or training
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
        arguments: dict[str, Any] = {}
        tensors: dict[str | int, Tensor] = {}
        free = list(names)
        for argument in partial.positional:
            if isinstance(argument.value, Tensor):
                tensors[len(tensors)] = argument.value
            elif not free:
                self.fail(TooManyArguments(argument.span, definition.name, len(names), shown))
            else:
                arguments[free.pop(0)] = argument.value
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
                arguments[name] = weight_of(argument.value) or argument.value
        for parameter in declaration.parameters:
            if parameter.default is None and parameter.name.text not in arguments:
                self.fail(MissingArgument(self.span(node), definition.name, parameter.name.text, shown))
        return arguments, tensors

    def block_inputs(
        self, definition: BlockDefinition, flowing: list[Tensor], extra: dict[str | int, Tensor], node: Placed
    ) -> list[Tensor | None]:
        declaration = definition.declaration
        positional: list[Tensor | None] = [*flowing, *(x for place, x in extra.items() if isinstance(place, int))]
        if isinstance(declaration, t.Model) or not declaration.inputs:
            return positional
        names = [each.name.text for each in declaration.inputs]
        given = dict(zip(names, positional, strict=False))
        given.update({name: tensor for name, tensor in extra.items() if isinstance(name, str)})
        missing = [x.name.text for x in declaration.inputs if x.name.text not in given and not x.optional]
        if missing or len(positional) > len(names):
            if not positional:
                self.fail(NoValue(self.span(node), definition.name))
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

    def run_block(
        self, definition: BlockDefinition, arguments: dict[str, Any], types: tuple[TensorType | None, ...]
    ) -> Made | None:
        """Elaborate the body of a block in this frame; body.py does it."""
        raise NotImplementedError

    def _apply_again(self, value: Tensor, label: str | None, item: t.Item) -> Tensor:
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
            types = [None if tensor is None else tensor.type for tensor in inputs]
            before = [self.scope.values[name] if name else None for name in first.inputs]
            given = self.gather(again, [tensor for tensor in inputs if tensor is not None], {}, item)
            self.infer(again, given, item, {}, None)
            if again.weights(*types) != again.weights(*before[: len(types)]):
                self.fail(SharedMismatch(self.span(item), step.label, step.span))
            return self.emit(again, given, item, label=step.label, shared=True)
        if again is INVALID:
            what = f"the group {step.label}, a second time,"
            self.fail(Misplaced(self.span(item), what, f"make it a block: block Name {{ ... }}, then {step.label}: Name"))
        definition, arguments = again
        given = self.block_inputs(definition, [x for x in inputs if x is not None], {}, item)
        made = self.make_block(definition, arguments, _types(given), step.label, item)
        assert isinstance(first.callee, str)
        if made.key != first.callee and self._weights(made.key) != self._weights(first.callee):
            self.fail(SharedMismatch(self.span(item), step.label, step.span))
        return self.call_made(made, given, step.label, item, shared=True)

    def _weights(self, key: str) -> list[tuple[str, tuple[int, ...]]]:
        """Names and shapes of all weights below a module."""
        module = self.shared.modules[key]
        found: list[tuple[str, tuple[int, ...]]] = []
        for call in module.calls:
            if call.shared or call.label is None:
                continue
            if isinstance(call.callee, str):
                inner = self._weights(call.callee)
            else:
                inner = [(weight.name, weight.shape) for weight in call.callee.weights(*module.types(call.inputs))]
            found += [(f"{label}.{name}", shape) for label in call.labels for name, shape in inner]
        return found

    # --- groups and repeats

    def group(self, body: t.Body, label: str | None, node: Placed, count: int = 1) -> Any:
        """`{ ... }`: a module of its own that sees the names around it."""
        path = label or str(self.scope.position)
        made, inputs = self.make_group(body, path, node)
        self.scope.next_label(count)
        value = self.call_made(made, inputs, path, node, count)
        self.register(value, path, label, INVALID, node)  # type: ignore[arg-type]
        return value

    def make_group(self, body: t.Body, path: str, node: Placed) -> tuple[Made, list[Tensor | None]]:
        """Elaborate a group on what flows: its module, and its inputs in this scope."""
        if len(self.shared.modules) >= self.shared.limits.modules:
            self.exceed(node, "the number of distinct modules", "modules")
        name = "".join(part[:1].upper() + part[1:] for part in re.split(r"[._]", path))
        scope = Scope(name if name[:1].isalpha() else f"Group{name}", "group", self.scope)
        frame = type(self)(self.shared, self.declarations, scope, Environment(self.environment), self.chain)
        frame.training = self.training
        flowing = [] if self.flow is None or self.flow is INVALID else [self.scope.localise(x) for x in flows(self.flow)]
        local = [scope.add_input(tensor.name, tensor.type) for tensor in flowing]
        for outer, stand_in in zip(flowing, local, strict=True):
            stand_in.training = outer.training
            stand_in.place = outer.place
        frame.flow = INVALID if self.flow is INVALID else None if not local else local[0] if len(local) == 1 \
            else Several(local)  # fmt: skip
        frame.run_body(body)
        if frame.failed or frame.flow is INVALID:
            raise Failed
        if frame.flow is None:
            self.fail(NoValue(self.span(node), "the end of this group"))
        results = [scope.localise(tensor) for tensor in flows(frame.flow)]
        scope.outputs = [("output" if len(results) == 1 else str(i), tensor) for i, tensor in enumerate(results)]
        ties, scope.outer_ties = scope.outer_ties, []
        for inner, reference in ties:
            scope.outer_ties.append((inner, reference))
        key = self.shared.add_module(frame.finish(place=self.place(node)))
        return Made(key, scope), [*flowing, *scope.captures]

    def _repeat(self, node: t.Repeat) -> Any:
        """`count x step`: a chain of applications; from where the type stays, one call for all that remain."""
        count = self.number(node.count, "a number of repetitions")
        if count < 0:
            self.fail(BadOperation(self.span(node.count), f"a step cannot be repeated {count} times"))
        body: t.Body | None
        if isinstance(node.step, (t.Residual, t.Merge)):
            body = t.Body(*_ends(node.step), (t.Chain(*_ends(node.step), (t.Item(*_ends(node.step), None, node.step),)),))
        else:
            body = node.step if isinstance(node.step, t.Body) else None
        flow = self.flow
        given = self.incoming(node, "a repeated step")
        try:
            while count > 0:
                value, done = self._repeat_once(node, body, count)
                results = list(value.members.values()) or [value]
                inputs = flows(self.flow)
                self.flow = value if len(inputs) == 1 else Several((*results, *inputs[len(results) :]))
                count -= done
            return given if self.flow is flow else flows(self.flow)[0]
        finally:
            self.flow = flow

    def _repeat_once(self, node: t.Repeat, body: t.Body | None, count: int) -> tuple[Tensor, int]:
        """One application, or all `count` of them if the first leaves the types as they are."""
        calls = self.scope.calls
        if body is not None:
            value = self.group(body, None, node.step)
        else:
            step = self.evaluate(node.step)  # type: ignore[arg-type]
            if not isinstance(step, Partial):
                self.fail(WrongKind(self.span(node.step), "a step after `x`", kind(step)))
            value = self.apply(step, flows(self.flow), None, node.step)
        call = calls[-1]
        outputs = [self.scope.values[name] for name in call.outputs]
        inputs = [self.scope.values[name] if name else None for name in call.inputs[: len(outputs)]]
        # a step that ties a weight must not be folded: each application has its own path in the tie
        if outputs != inputs or count == 1 or any(tie.parameter.startswith(f"{call.label}.") for tie in self.scope.ties):
            return value, 1
        call.count = count
        self.scope.position += count - 1
        return value, count

    # --- residuals and merges

    def _residual(self, node: t.Residual) -> Tensor:
        start = self.incoming(node, "a residual")
        body = self._branch(node.body, start)
        skip = self._branch(node.skip, start) if node.skip else start
        if not isinstance(body, Tensor) or not isinstance(skip, Tensor):
            self.fail(WrongKind(self.span(node), "one value at the end of each path", kind(body)))
        where = node.skip or node.body
        labels = (
            Label(body.place or self.span(node.body), f"the body ends as {body.type}"),
            Label(
                (skip.place if node.skip else None) or self.span(where),
                f"the skip {'ends as' if node.skip else 'is the incoming value,'} {skip.type}",
            ),
        )
        keyword = Span(self.declarations.source, node.start, node.start + len("residual"))
        return self._combine("add", [body, skip], node, "residual", labels, keyword, " + ")

    def _branch(self, body: t.Body, start: Any) -> Any:
        """The value at the end of statements that begin with `start`, in this naming scope."""
        flow, self.flow = self.flow, start
        try:
            self.run_body(body)
            if self.flow is INVALID:
                raise Failed
            return self.flow
        finally:
            self.flow = flow

    def _merge(self, node: t.Merge) -> Tensor:
        start = self.incoming(node, node.kind)
        branches = self.branches(node.body, start)
        if any(branch is INVALID for branch, _ in branches):
            raise Failed
        tensors: list[Tensor] = []
        labels: list[Label] = []
        for branch, span in branches:
            for tensor in flows(branch):
                tensors.append(tensor)
                labels.append(Label(span, f"this branch is {tensor.type}"))
        if not tensors:
            self.fail(NoValue(self.span(node), node.kind, "write at least one branch between the braces"))
        positional, named = self.arguments(node.arguments) if node.arguments else ((), {})
        keyword = Span(self.declarations.source, node.start, node.start + len(node.kind))
        separator = {"add": " + ", "multiply": " * "}.get(node.kind, ", ")
        return self._combine(node.kind, tensors, node, node.kind, tuple(labels), keyword, separator, positional, named)

    def branches(self, body: t.Body, start: Any) -> list[tuple[Any, Span]]:
        """The values of the branches that the statements of a merge describe; body.py runs statements."""
        raise NotImplementedError

    def _combine(
        self,
        merge: str,
        tensors: list[Tensor],
        node: Placed,
        what: str,
        labels: tuple[Label, ...],
        keyword: Span,
        separator: str,
        positional: tuple[Argument, ...] = (),
        named: dict[str, Argument] | None = None,
    ) -> Tensor:
        cls = registry.find_by("merge", merge)
        assert cls is not None
        layer, _, _ = self.bind_layer(Partial(cls, positional, named or {}), node)
        shapes = tuple(str(tensor.type) for tensor in tensors)
        try:
            layer.results(*(tensor.type for tensor in tensors))
        except InputError as problem:
            reason = f"{separator.join(shapes)}: {self._difference(tensors, layer) or problem.message}"
            advice = self._projection(tensors) if what == "residual" else problem.help
            self.fail(MergeMismatch(keyword, what, shapes, reason, labels, advice))
        except LayerError as problem:
            self._layer_error(problem, cls, named or {}, node, what)
        value = self.emit(layer, tensors, node, title=what)
        value.place = keyword
        return value

    def _difference(self, tensors: list[Tensor], layer: Layer) -> str | None:
        """Which dimensions differ, for a message."""
        first = tensors[0].type.shape
        skip = getattr(layer, "dim", None)
        for tensor in tensors[1:]:
            other = tensor.type.shape
            if len(other) != len(first):
                return f"{len(first)} and {len(other)} dimensions"
            for index, (a, b) in enumerate(zip(first, other, strict=True)):
                if equal(a, b) is not True and index != skip and skip != index - len(first):
                    return f"dimension {index} differs, {a} and {b}"
        return None

    def _projection(self, tensors: list[Tensor]) -> str:
        body, skip = tensors[0].type.shape, tensors[1].type.shape
        if len(body) == len(skip) >= 3 and equal(body[1], skip[1]) is not True:
            rank = min(len(body) - 2, 3)
            return f"project the skip: skip {{ Conv{rank}d({body[1]}, 1) }}"
        return "let the body keep the shape of its input, or change the skip: skip { ... }"

    # --- shapes

    def _match_shape(self, node: t.ListOf) -> Any:
        """`[N, C, H, W]`: check the shape of what flows, and bind the names that are new."""
        value = self.incoming(node, "a shape")
        if not isinstance(value, Tensor):
            self.fail(WrongKind(self.span(node), "one tensor before a shape", kind(value)))
        self.match(node, value.type.shape)
        value.place = value.place or self.span(node)
        return value

    def match(self, node: t.ListOf, actual: tuple[Size, ...]) -> None:
        """Match the sizes of a shape in order; names that are not known are bound to what stands there."""
        shown = f"[{', '.join(map(str, actual))}]"
        if len(node.items) != len(actual):
            reason = f"{len(node.items)} dimensions are written, and the value has {len(actual)}"
            self.fail(ShapeMismatch(self.span(node), self.span(node).text, shown, reason))
        for item, size in zip(node.items, actual, strict=True):
            if isinstance(item, t.Name) and item.text == "_":
                continue
            pattern, bound = self.pattern(item)
            agreed = equal(pattern, size)
            if agreed is not True and bound is not None:
                solved = solve(pattern, size)
                agreed = solved is not None and not _below_one(solved[1]) and _within(solved[1], solved[0].bounds[1])
                if solved is not None and agreed:
                    self.environment.names[bound] = solved[1]
            if agreed is not True:
                written = self.span(item).text
                reason = f"here it is {size}"
                if written != str(pattern):
                    reason = f"{written} is {pattern}, and {reason}"
                advice = None
                if bound is not None and "<=" in written:
                    reason = f"{size} is not known to keep to this bound"
                    advice = f"raise the bound, or let the value that arrives have a size with {written}"
                elif bound is not None:
                    reason = f"{size} is not known to be {pattern} for a whole number {bound}"
                    advice = f"let the value that arrives have a size of the form {pattern}"
                self.fail(ShapeMismatch(self.span(item), written, str(size), reason, advice))

    def pattern(self, item: t.Expression) -> tuple[Size, str | None]:
        """A dimension as written: its size, and the name in it that is new, as a symbol of its own."""
        maximum = None
        if isinstance(item, t.Operation) and item.operators == ("<=",) and isinstance(item.operands[0], t.Name):
            maximum = self.number(item.operands[1], "a number as the bound of a dimension")
            item = item.operands[0]
        unknown = sorted({name for name in _names(item) if not self.environment.find(name)[0]})
        if len(unknown) > 1:
            what = f"a dimension with two new names ({', '.join(unknown)})"
            self.fail(Misplaced(self.span(item), what, "name one dimension at a time"))
        for name in unknown:
            self.environment.names[name] = symbol(name, maximum=maximum)
        try:
            size = self.evaluate(item)
        except Undecidable as problem:
            self.fail(BadOperation(self.span(item), str(problem)))
        if not arithmetic.is_size(size):
            self.fail(WrongKind(self.span(item), "a size", kind(size)))
        if isinstance(size, int) and size < 0:
            self.fail(BadOperation(self.span(item), f"a dimension cannot be {size}"))
        bound = self.shared.limits.size
        if isinstance(size, int) and size > bound:
            self.fail(TooMuch(self.span(item), f"the dimension {size}", "size", bound))
        if isinstance(size, int) and maximum is not None and size > maximum:
            what = f"{item.text if isinstance(item, t.Name) else size} <= {maximum}"
            self.fail(ShapeMismatch(self.span(item), what, str(size), f"the bound is {maximum}"))
        return size, unknown[0] if unknown else None

    # --- inside a step

    def member(self, value: Any, members: list[t.Member], node: t.Postfix) -> Any:
        """`value.a.b`: a result of a step by name, a weight of it, or a value inside it."""
        path = [member.name for member in members]
        if not isinstance(value, Tensor):
            self.fail(WrongKind(self.span(node.base), "a value of the network before `.`", kind(value)))
        if len(path) == 1 and path[0] in value.members:
            return value.members[path[0]]
        step = value.step
        if step is None:
            self.fail(Unreached(self.span(members[0]), ".".join(path), self.span(node.base).text, None,
                                tuple(value.members)))  # fmt: skip
        shape = self._weight_shape(value, step.call, path)
        if shape is not None:
            step.call.tied = True
            return WeightReference(value.scope, ".".join([step.label, *path]), shape)
        try:
            return self._reach(value, step, path)
        except interior.NotInside as problem:
            names = (*value.members, *problem.known)
            close = nearest(path[-1], names)
            span = Span(self.declarations.source, members[0].start + 1, members[-1].end)
            self.fail(Unreached(span, ".".join(path), step.label, close, names))

    def _weight_shape(self, value: Tensor, call: PendingCall, path: list[str]) -> tuple[int, ...] | None:
        if isinstance(call.callee, str):
            return interior.weight_shape(self.shared, call.callee, path)
        types = [value.scope.values[name] if name else None for name in call.inputs]
        for weight in call.callee.weights(*types):
            if weight.name == ".".join(path) and not weight.buffer:
                return weight.shape
        return None

    def _reach(self, value: Tensor, step: Step, path: list[str]) -> Tensor:
        """The value at a path inside a step, as a further result of its call."""
        call = step.call
        if not isinstance(call.callee, str) or call.count > 1 or call.scan:
            raise interior.NotInside(path, ())
        callee, index = interior.reach(self.shared, call.callee, path)
        scope = value.scope
        module = self.shared.modules[callee]
        call.reached_into = True
        call.callee = callee
        for port in module.outputs[len(call.outputs) :]:
            name = f"{step.label}.{port.name}"
            call.outputs.append(scope.value(name, module.values[port.value], training=value.training).name)
        reached = Tensor(scope, call.outputs[index], module.output_types[index], training=value.training)
        reached.place = value.place
        return reached

    def _is_unused(self, call: PendingCall, used: set[str]) -> bool:
        """Whether a step has weights, and nothing needs its results."""
        if call.training or call.tied or call.label is None or used.intersection(call.outputs):
            return False
        if isinstance(call.callee, str):
            return bool(self._weights(call.callee))
        types = [self.scope.values[name] if name else None for name in call.inputs]
        return bool(call.callee.weights(*types))

    def finish(self, **details: Any) -> Any:
        """The module of this frame's scope; what was reached into is freed of what nobody needs."""
        scope = self.scope
        used = {name for call in scope.calls for name in call.inputs} | {t.name for _, t in scope.outputs}
        for step in scope.steps.values():
            if self._is_unused(step.call, used):
                self.report(UnusedStep(step.span, step.label))
        for label, span in scope.order.items():
            if not scope.has(label):
                advice = "`order` names labels of the steps behind it in the same body"
                self.report(UnknownName(span, label, nearest(label, scope.steps), advice))
        again = {call.label for call in scope.calls if call.shared}
        for call in scope.calls:
            if not call.reached_into or call.label in again:
                continue
            keep = tuple(index for index, name in enumerate(call.outputs) if name in used)
            if len(keep) < len(call.outputs) and keep:
                assert isinstance(call.callee, str)
                call.callee = interior.prune(self.shared, call.callee, keep)
                call.outputs = [call.outputs[index] for index in keep]
        return scope.finish(**details)


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
    positional = [argument for argument in partial.positional if not isinstance(argument.value, Tensor)]
    return {**dict(zip(partial.callee.positional(), positional, strict=False)), **partial.named}


def _types(tensors: list[Tensor | None]) -> tuple[TensorType | None, ...]:
    return tuple(None if tensor is None else tensor.type for tensor in tensors)


def _ends(node: Placed) -> tuple[int, int]:
    return node.start, node.end


def _shown(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _below_one(size: Size) -> bool:
    return isinstance(size, int) and size < 1


def _within(size: Size, maximum: int | None) -> bool:
    """Whether a size is known to be at most `maximum`."""
    if maximum is None:
        return True
    high = bounds(size)[1]
    return high is not None and high <= maximum


def _names(node: Any) -> set[str]:
    """The names in an arithmetic expression."""
    match node:
        case t.Name():
            return {node.text}
        case t.Operation():
            return set().union(*map(_names, node.operands))
        case t.Negate():
            return _names(node.operand)
    return set()


def _mentions_flow(node: Any) -> bool:
    """Whether `_` stands in an expression."""
    if isinstance(node, t.Name):
        return node.text == "_"
    if isinstance(node, t.Node):
        return any(_mentions_flow(getattr(node, name)) for name in node.record_fields[2:])
    return isinstance(node, tuple) and any(map(_mentions_flow, node))


__all__ = ["Expression", "Made", "Steps", "arguments_for_display", "block_signature"]
