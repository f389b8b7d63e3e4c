"""Expressions: compile-time values, and operators and functions on tensors."""

from __future__ import annotations

from typing import Any, NoReturn

from pydantic import ValidationError

from nnspec.diagnostics import Label, Span, nearest
from nnspec.dims import Expression, Size, bounds
from nnspec.elaborate import arithmetic
from nnspec.elaborate.arithmetic import OperationError, UndecidedError
from nnspec.elaborate.frame import Failed, Frame, Placed
from nnspec.elaborate.mistakes import (
    BadOperation,
    LayerArgument,
    LayerInput,
    MissingArgument,
    NoValue,
    RepeatedArgument,
    TooManyArguments,
    TooMuch,
    TrainingOnly,
    UnknownArgument,
    UnknownName,
    UnknownSize,
    WrongInputs,
    WrongKind,
)
from nnspec.elaborate.scope import PendingCall, flows
from nnspec.elaborate.values import (
    INVALID,
    Argument,
    Function,
    Partial,
    Several,
    Tensor,
    WeightReference,
    describe,
    kind,
)
from nnspec.layers import registry
from nnspec.layers.base import ArgumentError, InputError, Layer, LayerError, TensorType
from nnspec.syntax import tree as t


class Expressions(Frame):
    """Evaluates expressions; what they do with tensors becomes calls of the scope."""

    step: t.Node | None = None  # the expression that is a step of its own: a function in it may take what flows

    def evaluate(self, node: t.Expression) -> Any:
        """The value of an expression."""
        self.labour(node, 1)
        return getattr(self, f"_{type(node).__name__.lower()}")(node)

    def number(self, node: t.Expression, what: str) -> int:
        """The value of an expression that must be a known integer."""
        value = self.evaluate(node)
        if isinstance(value, bool) or not isinstance(value, int):
            self.fail(WrongKind(self.span(node), what, kind(value)))
        return value

    def truth(self, node: t.Expression) -> bool:
        """The value of a condition."""
        try:
            return arithmetic.truth(self.evaluate(node))
        except OperationError as problem:
            self.fail(BadOperation(self.span(node), str(problem), problem.help))

    def chain_value(self, node: t.Chain) -> Any:
        """The value of a chain inside a tuple; steps.py runs chains."""
        raise NotImplementedError

    # --- literals and names

    def _number(self, node: t.Number) -> Any:
        return node.value

    def _constant(self, node: t.Constant) -> Any:
        return node.value

    def _text(self, node: t.Text) -> str:
        return "".join(part if isinstance(part, str) else self._shown(part) for part in node.parts)

    def _shown(self, node: t.Expression) -> str:
        value = self.evaluate(node)
        if not isinstance(value, (str, int, float)):
            self.fail(WrongKind(self.span(node), "a number or a string", kind(value)))
        return value if isinstance(value, str) else describe(value)

    def _listof(self, node: t.ListOf) -> tuple[Any, ...]:
        return tuple(map(self.evaluate, node.items))

    def _tuple(self, node: t.Tuple) -> Any:
        values = [self.chain_value(chain) for chain in node.items]
        if INVALID in values:
            raise Failed
        for value, chain in zip(values, node.items, strict=True):
            if not isinstance(value, Tensor):
                self.fail(WrongKind(self.span(chain), "a tensor", kind(value), "write a list as [a, b]"))
        return values[0] if len(values) == 1 else Several(values)

    def _name(self, node: t.Name) -> Any:
        if node.text == "_":
            return self.incoming(node)
        found, value = self.environment.find(node.text)
        if not found:
            value = self._global(node.text)
        if value is INVALID:
            raise Failed
        if value is None and not found:
            self.fail(self._unknown(node.text, self.span(node)))
        return value

    def incoming(self, node: Placed, what: str = "this step") -> Any:
        """The value that flows here."""
        if self.flow is INVALID:
            raise Failed
        if self.flow is None:
            self.fail(NoValue(self.span(node), what))
        return self.flow

    def _global(self, name: str) -> Any:
        """What a name means outside the body: a block, a model, a layer or a function."""
        definition = self.declarations.names.get(name)
        if definition is not None:
            return Partial(definition)
        if name in self.declarations.broken:
            return INVALID
        layer = registry.find(name)
        if layer is not None:
            return Partial(layer)
        layer = registry.find_by("function", name)
        if layer is not None or name in arithmetic.FUNCTIONS:
            return Function(name, layer)
        return None

    def _unknown(self, name: str, span: Span) -> UnknownName:
        functions = [*registry.words("function"), *arithmetic.FUNCTIONS]
        known = [name for name in self.environment.known() if name.isidentifier()]
        if name[:1].isupper():
            candidates = [*known, *self.declarations.names, *registry.names()]
        else:
            candidates = [*known, *functions, *self.declarations.names, *registry.names()]
        return UnknownName(span, name, nearest(name, candidates))

    # --- operators

    def _not(self, node: t.Not) -> Any:
        value = self.evaluate(node.operand)
        if isinstance(value, Tensor):
            return self.apply_operator("not", [value], node)
        try:
            return not arithmetic.truth(value)
        except OperationError as problem:
            self.fail(BadOperation(self.span(node.operand), str(problem), problem.help))

    def _negate(self, node: t.Negate) -> Any:
        value = self.evaluate(node.operand)
        if isinstance(value, Tensor):
            return self.apply_operator("neg", [value], node)
        return self._operate("-", 0, value, node)

    def _operation(self, node: t.Operation) -> Any:
        if node.operators[0] in ("and", "or"):
            return self._logic(node)
        value = self.evaluate(node.operands[0])
        for symbol, operand in zip(node.operators, node.operands[1:], strict=True):
            value = self._binary(symbol, value, self.evaluate(operand), node)
        return value

    def _logic(self, node: t.Operation) -> Any:
        value = self.evaluate(node.operands[0])
        for symbol, operand in zip(node.operators, node.operands[1:], strict=True):
            if isinstance(value, Tensor):
                value = self._binary(symbol, value, self.evaluate(operand), node)
                continue
            if not isinstance(value, bool):
                self.fail(WrongKind(self.span(node.operands[0]), "a truth value", kind(value)))
            if value == (symbol == "or"):
                return value
            value = self.evaluate(operand)
        if not isinstance(value, (bool, Tensor)):
            self.fail(WrongKind(self.span(node.operands[-1]), "a truth value", kind(value)))
        return value

    def _binary(self, symbol: str, left: Any, right: Any, node: t.Operation) -> Any:
        if symbol in ("==", "!=") and (left is None or right is None):
            return (left is right) == (symbol == "==")  # whether an optional input is there
        if isinstance(left, Tensor) or isinstance(right, Tensor):
            return self.apply_operator(symbol, [left, right], node)
        return self._operate(symbol, left, right, node)

    def _operate(self, symbol: str, left: Any, right: Any, node: Placed) -> Any:
        try:
            value = arithmetic.operate(symbol, left, right)
        except OperationError as problem:
            self.fail(BadOperation(self.span(node), str(problem), problem.help))
        except UndecidedError as question:
            self.fail(UnknownSize(self.span(node), str(question)))
        if not isinstance(value, (int, float)):
            self.labour(node, arithmetic.length(value) // 16)
        return value

    def apply_operator(self, symbol: str, operands: list[Any], node: Placed) -> Tensor:
        """An operator of which an operand is a tensor; a number beside it becomes the layer's scalar."""
        layer = registry.find_by("operator", symbol)
        if layer is None:
            self.fail(BadOperation(self.span(node), f"`{symbol}` does not apply to tensors"))
        config: dict[str, Any] = {}
        tensors = [operand for operand in operands if isinstance(operand, Tensor)]
        for index, operand in enumerate(operands):
            if isinstance(operand, Tensor):
                continue
            if not arithmetic.is_number(operand):
                advice = "give the dimension a number in the input's shape" if isinstance(operand, Expression) else None
                self.fail(WrongKind(self.span(node), f"a number or a tensor beside `{symbol}`", kind(operand), advice))
            config["scalar"] = operand
            if index == 0:
                config["scalar_first"] = True
        made = self.make_layer(layer, {name: Argument(v, self.span(node)) for name, v in config.items()}, node)
        return self.emit(made, tensors, node, title=f"`{symbol}`")

    # --- what stands behind a value

    def _postfix(self, node: t.Postfix) -> Any:
        value, trailers = self._longest_name(node)
        while trailers:
            trailer = trailers[0]
            if isinstance(trailer, t.Member):
                length = next((i for i, x in enumerate(trailers) if not isinstance(x, t.Member)), len(trailers))
                members = [x for x in trailers[:length] if isinstance(x, t.Member)]
                value = self.member(value, members, node)
                trailers = trailers[length:]
                continue
            if isinstance(trailer, t.Subscript):
                value = self._subscript(value, trailer, node)
            else:
                value = self._call(value, trailer, node)
            trailers = trailers[1:]
        return value

    def _longest_name(self, node: t.Postfix) -> tuple[Any, list[Any]]:
        """The value of the longest dotted name at the front, and what stands behind it."""
        trailers = list(node.trailers)
        if isinstance(node.base, t.Name):
            members: list[str] = []
            for trailer in trailers:
                if not isinstance(trailer, t.Member):
                    break
                members.append(trailer.name)
            for length in range(min(len(members), DEEPEST), 0, -1):
                found, value = self.environment.find(".".join([node.base.text, *members[:length]]))
                if found:
                    if value is INVALID:
                        raise Failed
                    return value, trailers[length:]
        return self.evaluate(node.base), trailers

    def member(self, value: Any, members: list[t.Member], node: t.Postfix) -> Any:
        """`value.a.b`; steps.py knows what lies inside a step."""
        raise NotImplementedError

    def _subscript(self, value: Any, trailer: t.Subscript, node: t.Postfix) -> Any:
        items = tuple(self._index(item) for item in trailer.items)
        if isinstance(value, Tensor):
            layer = registry.find_by("operator", "[]")
            assert layer is not None
            made = self.make_layer(layer, {"items": Argument(items, self.span(trailer))}, trailer)
            return self.emit(made, [value], node, title="the subscript")
        if not isinstance(value, (tuple, str)):
            self.fail(WrongKind(self.span(node.base), "a tensor or a list before [...]", kind(value)))
        try:
            (index,) = items
            chosen = slice(*index[1:]) if isinstance(index, tuple) else index
            return value[chosen]
        except (ValueError, TypeError, IndexError):
            shown = f"{len(value)} elements, counted from 0"
            advice = f"the last one has the number {len(value) - 1}, or -1" if value else None
            self.fail(BadOperation(self.span(trailer), f"this does not index {kind(value)} of {shown}", advice))

    def _index(self, item: Any) -> Any:
        if isinstance(item, t.Ellipsis):
            return "..."
        if isinstance(item, t.Slice):
            parts = (item.first, item.last, item.step)
            return ("slice", *(None if part is None else self.evaluate(part) for part in parts))
        return self.evaluate(item)

    def _call(self, value: Any, arguments: t.Arguments, node: t.Postfix) -> Any:
        positional, named = self.arguments(arguments)
        if isinstance(value, Partial):
            return Partial(value.callee, (*value.positional, *positional), {**value.named, **named})
        if isinstance(value, Function):
            return self.call_function(value, positional, named, node)
        self.fail(WrongKind(self.span(node.base), "a layer, a block or a function before (...)", kind(value)))

    def arguments(self, arguments: t.Arguments) -> tuple[tuple[Argument, ...], dict[str, Argument]]:
        """The arguments of a call, by position and by name."""
        positional: list[Argument] = []
        named: dict[str, Argument] = {}
        failed = False
        for item in arguments.items:
            try:
                value = self.evaluate(item.value)
            except Failed:
                failed = True
                continue
            argument = Argument(value, self.span(item.value), self.span(item.name) if item.name else None)
            if item.name is None:
                positional.append(argument)
            elif item.name.text in named:
                self.report(RepeatedArgument(self.span(item.name), "this call", item.name.text))
                failed = True
            else:
                named[item.name.text] = argument
        if failed:
            raise Failed
        return tuple(positional), named

    def call_function(
        self, function: Function, positional: tuple[Argument, ...], named: dict[str, Argument], node: Placed
    ) -> Any:
        """A function on tensors, or on compile-time values where there is no tensor."""
        values = tuple(argument.value for argument in positional)
        tensors = [value for value in values if isinstance(value, Tensor)]
        if not tensors and not any(isinstance(argument.value, Tensor) for argument in named.values()):
            evaluate = arithmetic.FUNCTIONS.get(function.name) or getattr(function.layer, "evaluate", None)
            if evaluate is not None and (values or node is not self.step):
                try:
                    return arithmetic.call(function.name, evaluate, values)
                except OperationError as problem:
                    self.fail(BadOperation(self.span(node), str(problem), problem.help))
        if function.layer is None:
            self.fail(WrongKind(self.span(node), f"a number for {function.name}", describe(values[0])))
        if not all(isinstance(value, Tensor) for value in values[: len(tensors)]):
            advice = f"write the tensors before the numbers: {function.name}(tensor, number)"
            self.fail(BadOperation(self.span(node), f"{function.name} takes its tensors first", advice))
        plain = tuple(
            argument
            for place, argument in enumerate(positional)
            if not (isinstance(argument.value, Tensor) or _is_absent_input(argument, place, function.layer))
        )
        partial = Partial(function.layer, plain, named)
        layer, extra, _ = self.bind_layer(partial, node)
        if not tensors and not extra and layer.inputs and node is self.step:
            tensors = list(flows(self.incoming(node, function.name)))  # `x -> softmax(dim = 1)`
            self.step = None  # it has been given what flows
        return self.emit(layer, self.gather(layer, tensors, extra, node), node, title=function.name)

    # --- layers

    def bind_layer(
        self, partial: Partial, node: Placed
    ) -> tuple[Layer, dict[str | int, Tensor], dict[str, Argument]]:
        """The layer of a partial application, the tensors among its arguments, and the weights it ties."""
        cls = partial.callee
        assert isinstance(cls, type)
        fields = list(cls.positional())
        config: dict[str, Argument] = {}
        tensors: dict[str | int, Tensor] = {}
        ties: dict[str, Argument] = {}
        for argument in partial.positional:
            if isinstance(argument.value, Tensor):
                tensors[len(tensors)] = argument.value
            elif not fields:
                self.fail(TooManyArguments(argument.span, partial.name, len(cls.positional()), signature(cls)))
            else:
                config[fields.pop(0)] = argument
        for name, argument in partial.named.items():
            if isinstance(argument.value, Tensor) and name in (*cls.inputs, *cls.optional_inputs):
                tensors[name] = argument.value
            elif argument.value is None and name in cls.optional_inputs:
                continue  # an optional input of the block, which is absent
            elif (reference := weight_of(argument.value)) is not None:
                ties[name] = Argument(reference, argument.span, argument.name_span)
            elif name in config:
                span = argument.name_span or argument.span
                self.fail(RepeatedArgument(span, partial.name, name, signature(cls)))
            else:
                config[name] = argument
        return self.make_layer(cls, config, node), tensors, ties

    def make_layer(self, cls: type[Layer], config: dict[str, Argument], node: Placed) -> Layer:
        """The layer with this configuration; what pydantic finds becomes diagnostics."""
        try:
            return cls(**{name: argument.value for name, argument in config.items()})
        except ValidationError as error:
            self._report_validation(cls, config, error, node)
            raise Failed from None
        except LayerError as problem:
            self._layer_error(problem, cls, config, node)

    def _report_validation(
        self, cls: type[Layer], config: dict[str, Argument], error: ValidationError, node: Placed
    ) -> None:
        shown = signature(cls)
        told: set[str] = set()
        for detail in error.errors(include_url=False):
            name = str(detail["loc"][0]) if detail["loc"] else ""
            if name in told:
                continue
            told.add(name)
            argument = config.get(name)
            if detail["type"] == "missing":
                self.report(MissingArgument(self.span(node), cls.__name__, name, shown))
            elif detail["type"] == "extra_forbidden" and argument is not None:
                inferred = name in INFERRED
                close = None if inferred else nearest(name, cls.model_fields)
                span = argument.name_span or argument.span
                self.report(UnknownArgument(span, cls.__name__, name, shown, close, inferred))
            elif argument is not None:
                problem = _problem(detail, argument.value, cls, name)
                self.report(LayerArgument(argument.span, cls.__name__, name, problem, shown))
            else:
                self.report(LayerArgument(self.span(node), cls.__name__, name, str(detail["msg"]), shown))

    def _layer_error(
        self, problem: LayerError, cls: type[Layer], config: dict[str, Argument], node: Placed, title: str | None = None
    ) -> NoReturn:
        name = title or cls.__name__
        if isinstance(problem, ArgumentError):
            argument = config.get(problem.argument)
            span = argument.span if argument else self.span(node)
            shown = signature(cls)
            self.fail(LayerArgument(span, name, problem.argument, f": {problem.message}", shown, problem.help))
        self.fail(LayerInput(self.span(node), name, problem.message, problem.help, None, cls.__name__))

    def gather(
        self, layer: Layer, flowing: list[Tensor], extra: dict[str | int, Tensor], node: Placed
    ) -> list[Tensor | None]:
        """The inputs of a layer in order: what flows, then tensors by position, then those by name."""
        positional = [*flowing, *(tensor for place, tensor in extra.items() if isinstance(place, int))]
        if layer.variadic:
            if not positional:
                self.fail(NoValue(self.span(node), layer.kind))
            return list(positional)
        names = (*layer.inputs, *layer.optional_inputs)
        given: dict[str, Tensor | None] = dict(zip(names, positional, strict=False))
        given.update({name: tensor for name, tensor in extra.items() if isinstance(name, str)})
        missing = [name for name in layer.inputs if name not in given]
        if len(positional) > len(names) or missing:
            if missing and not positional:
                self.fail(NoValue(self.span(node), layer.kind))
            least, most = len(layer.inputs), len(names)
            takes = f"{least} value{'s' if least != 1 else ''}" if least == most else f"{least} to {most} values"
            named = f" ({', '.join(names)})" if most > 1 else ""
            self.fail(WrongInputs(self.span(node), layer.kind, takes + named, len(positional)))
        return [given.get(name) for name in names]

    def infer(
        self, layer: Layer, inputs: list[Tensor | None], node: Placed, config: dict[str, Argument], title: str | None
    ) -> tuple[TensorType, ...]:
        """The result types of a layer; what it cannot take becomes a diagnostic."""
        types = [None if tensor is None else tensor.type for tensor in inputs]
        try:
            results = layer.results(*types)
            layer.weights(*types)
        except InputError as problem:
            tensor = inputs[problem.index] if problem.index < len(inputs) else None
            incoming = None
            if tensor is not None and tensor.place is not None and tensor.place != self.span(node):
                incoming = Label(tensor.place, f"this is {tensor.type}")
            name = title or layer.kind
            self.fail(LayerInput(self.span(node), name, problem.message, problem.help, incoming, layer.kind))
        except LayerError as problem:
            self._layer_error(problem, type(layer), config, node, title)
        for result in results:
            for size in result.shape:
                self._check_size(size, node)
        return results

    def _check_size(self, size: Size, node: Placed) -> None:
        if isinstance(size, Expression) and len(str(size)) > arithmetic.LENGTH:
            self.exceed(node, "the length of the expression for a dimension", "calls")
        bound = self.shared.limits.size
        if (size if isinstance(size, int) else bounds(size)[0]) > bound:
            self.fail(TooMuch(self.span(node), f"the dimension {size}", "size", bound))

    def emit(
        self,
        layer: Layer,
        inputs: list[Tensor] | list[Tensor | None],
        node: Placed,
        *,
        label: str | None = None,
        config: dict[str, Argument] | None = None,
        title: str | None = None,
        shared: bool = False,
        count: int = 1,
    ) -> Tensor:
        """Add the call of a layer to the scope, and return its first result."""
        self.spend(node)
        given = list(inputs)
        results = self.infer(layer, given, node, config or {}, title)
        names = layer.result_names()
        hint = label or layer.kind.lower()
        return self.add_call(layer, given, list(zip(names, results, strict=True)), node, hint, label, shared, count)

    def add_call(
        self,
        callee: Layer | str,
        inputs: list[Tensor | None],
        results: list[tuple[str, TensorType]],
        node: Placed,
        hint: str,
        label: str | None,
        shared: bool = False,
        count: int = 1,
    ) -> Tensor:
        """Add a call to the scope, and return its first result with the others as members."""
        local = [None if tensor is None else self.scope.localise(tensor) for tensor in inputs]
        for tensor in local:
            if tensor is not None and tensor.training and not self.training:
                self.fail(TrainingOnly(self.span(node), tensor.name))
        single = len(results) == 1
        tensors = {
            name: self.scope.value(hint if single else f"{hint}.{name}", type, training=self.training)
            for name, type in results
        }
        call = PendingCall(
            callee,
            label,
            tuple("" if tensor is None else tensor.name for tensor in local),
            [tensor.name for tensor in tensors.values()],
            count=count,
            shared=shared,
            training=self.training,
            place=self.place(node),
        )
        self.scope.calls.append(call)
        first = next(iter(tensors.values()))
        first.members = {} if single and isinstance(callee, Layer) else tensors
        for tensor in tensors.values():
            tensor.place = self.span(node)
        self.last_call = call
        return first


def weight_of(value: Any) -> WeightReference | None:
    """The weight that a value is: `table.weight`, or the whole of a `Parameter`."""
    if not isinstance(value, Tensor) or value.step is None or not isinstance(value.step.call.callee, Layer):
        return value if isinstance(value, WeightReference) else None
    layer, step = value.step.call.callee, value.step
    if layer.inputs or step.call.inputs or [weight.name for weight in layer.weights()] != [""]:
        return None
    step.call.tied = True
    return WeightReference(value.scope, step.label, layer.weights()[0].shape)


DEEPEST = 32  # dots in a label
INFERRED = frozenset(
    {"in_channels", "in_features", "num_features", "num_channels", "normalized_shape", "embed_dim", "input_size"}
)


def signature(cls: type[Layer]) -> str:
    """`Conv2d(out_channels, kernel_size, stride = 1, ...)`."""
    parts = []
    for name in (*cls.positional(), *(name for name in cls.model_fields if name in cls.keyword_only)):
        field = cls.model_fields[name]
        parts.append(name if field.is_required() else f"{name} = {describe(field.default)}")
    return f"{cls.__name__}({', '.join(parts)})"


def _is_absent_input(argument: Argument, place: int, layer: type[Layer]) -> bool:
    """Whether an argument by position is an optional input of the block, which is absent."""
    first = len(layer.inputs)
    return argument.value is None and first <= place < first + len(layer.optional_inputs)


def _problem(detail: Any, value: Any, cls: type[Layer], name: str) -> str:
    """What pydantic says of a value, in the words of the language."""
    kind_of = detail["type"]
    context = detail.get("ctx", {})
    if isinstance(value, Expression):
        return f"must be a number, and {value} is symbolic"
    match kind_of:
        case "greater_than":
            needed = f"must be greater than {context['gt']}"
        case "greater_than_equal":
            needed = f"must be at least {context['ge']}"
        case "less_than" | "less_than_equal":
            needed = f"must be at most {context.get('le', context.get('lt'))}"
        case "literal_error":
            needed = f"must be {context['expected'].replace(chr(39), chr(34))}"
        case "value_error":
            return str(context.get("error", detail["msg"]))
        case "int_type" | "int_from_float":
            needed = "must be an integer"
        case "bool_type":
            needed = "must be true or false"
        case "float_type":
            needed = "must be a number"
        case "string_type":
            needed = "must be a string"
        case "tuple_type":
            needed = "must be a list"
        case _:
            needed = f"must be {describe_annotation(cls.model_fields[name].annotation)}" if name in cls.model_fields \
                else str(detail["msg"])  # fmt: skip
    return f"{needed}, and is {describe(value)}"


def describe_annotation(annotation: Any) -> str:
    """A field's type in words: `int | tuple[int, int]` is "an integer or a list"."""
    words: dict[str, None] = {}
    pending = [annotation]
    while pending:
        item = pending.pop(0)
        origin, arguments = getattr(item, "__origin__", None), getattr(item, "__args__", ())
        if item is type(None):
            words["none"] = None
        elif item in (int, float, bool, str):
            words[{int: "an integer", float: "a number", bool: "true or false", str: "a string"}[item]] = None
        elif origin is tuple:
            words["a list"] = None
        elif str(item).startswith("typing.Literal"):
            words.update(dict.fromkeys(describe(argument) for argument in arguments))
        elif item is Expression:
            words["a size"] = None
        else:
            pending = [*arguments, *pending] if arguments else pending
    shown = list(words)
    return " or ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
