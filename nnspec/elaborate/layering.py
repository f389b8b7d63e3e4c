"""Layers: their configuration from arguments, their inputs, and their calls in the scope."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from pydantic import ValidationError

from nnspec.diagnostics import Label, nearest
from nnspec.dims import Expression, Size, bounds
from nnspec.elaborate import arithmetic, habits, words
from nnspec.elaborate.frame import Failed, Frame, Placed
from nnspec.elaborate.mistakes import (
    InferredArgument,
    LayerArgument,
    LayerInput,
    MissingArgument,
    RepeatedArgument,
    TooManyArguments,
    TooMuch,
    TrainingOnly,
    UnknownArgument,
    WrongInputs,
    WrongKind,
)
from nnspec.elaborate.scope import PendingCall
from nnspec.elaborate.values import (
    Argument,
    Partial,
    Results,
    Several,
    Tensor,
    Value,
    WeightReference,
    describe,
    kind,
)
from nnspec.layers.base import ArgumentError, InputError, Layer, LayerError, TensorType


class Layering(Frame):
    """Makes layers, and adds calls of them to the scope."""

    def need_single(self, arguments: Iterable[Argument]) -> None:
        """Check that no argument is several tensors."""
        for argument in arguments:
            if isinstance(argument.value, Several):
                self.fail(WrongKind(argument.span, "one value", kind(argument.value)))

    def bind_layer(
        self, partial: Partial, node: Placed, flowing: Sequence[Tensor] = ()
    ) -> tuple[Layer, dict[str | int, Tensor], dict[str, Argument]]:
        """The layer of a partial application, the tensors among its arguments, and the weights it ties.

        `flowing` is what it is applied to: advice on arguments speaks of its sizes.
        """
        cls = partial.callee
        assert isinstance(cls, type)
        self.need_single(partial.arguments)
        fields = list(cls.by_position)
        config: dict[str, Argument] = {}
        tensors: dict[str | int, Tensor] = {}
        ties: dict[str, Argument] = {}
        for argument in partial.positional:
            if isinstance(argument.value, Tensor):
                tensors[len(tensors)] = argument.value
            elif not fields:
                self._by_name(cls, partial, argument, flowing)
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
                self._need_no_surplus(cls, partial, flowing)
                span = argument.name_span or argument.span
                advice = habits.by_name(cls, partial, _type_of(flowing))
                self.fail(RepeatedArgument(span, partial.name, name, signature(cls), advice))
            else:
                config[name] = argument
        return self.make_layer(cls, config, node), tensors, ties

    def _by_name(self, cls: type[Layer], partial: Partial, argument: Argument, flowing: Sequence[Tensor]) -> NoReturn:
        """An argument too many by position: the layer knows what it says, or it goes by name."""
        self._need_no_surplus(cls, partial, flowing)
        advice = habits.by_name(cls, partial, _type_of(flowing))
        self.fail(TooManyArguments(argument.span, partial.name, len(cls.by_position), signature(cls), advice))

    def _need_no_surplus(self, cls: type[Layer], partial: Partial, flowing: Sequence[Tensor]) -> None:
        found = habits.surplus(cls, partial, _type_of(flowing))
        if found is not None:
            span = found.argument.span
            self.fail(InferredArgument(span, partial.name, found.size, found.call, signature(cls)))

    def make_layer(self, cls: type[Layer], config: dict[str, Argument], node: Placed) -> Layer:
        """The layer with this configuration; what pydantic finds becomes diagnostics."""
        try:
            return cls(**{name: argument.value for name, argument in config.items()})
        except ValidationError as error:
            self._report_validation(cls, config, error, node)
            raise Failed from None
        except LayerError as problem:
            self.layer_error(problem, cls, config, node)

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
                inferred = any(each.argument == name for each in getattr(cls, "inferred", ()))
                close = None if inferred else words.meant(name, cls.model_fields) or nearest(name, cls.model_fields)
                span = argument.name_span or argument.span
                way = words.instead(name, cls.__name__)
                self.report(UnknownArgument(span, cls.__name__, name, shown, close, inferred, way))
            elif argument is not None:
                problem = _problem(detail, argument.value, cls, name)
                self.report(LayerArgument(argument.span, cls.__name__, name, problem, shown))
            else:
                problem = _problem(detail, None, cls, name)
                self.report(LayerArgument(self.span(node), cls.__name__, name, problem, shown))

    def layer_error(
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
                self.no_value(node, layer.kind)
            return list(positional)
        names = (*layer.inputs, *layer.optional_inputs)
        given: dict[str, Tensor | None] = dict(zip(names, positional, strict=False))
        self.need_once(given, extra, layer.kind, node)
        given.update({name: tensor for name, tensor in extra.items() if isinstance(name, str)})
        missing = [name for name in layer.inputs if name not in given]
        if len(positional) > len(names) or missing:
            if missing and not positional:
                self.no_value(node, layer.kind)
            least, most = len(layer.inputs), len(names)
            takes = f"{least} value{'s' if least != 1 else ''}" if least == most else f"{least} to {most} values"
            named = f" ({', '.join(names)})" if most > 1 else ""
            self.fail(WrongInputs(self.span(node), layer.kind, takes + named, len(positional)))
        return [given.get(name) for name in names]

    def need_once(
        self, given: Mapping[str, Tensor | None], extra: Mapping[str | int, Tensor], callee: str, node: Placed
    ) -> None:
        """Check that no input is given by its name that has its value already."""
        for name in extra:
            if name in given:
                advice = f"{name} is what flows to it: let another value flow, or leave the name out"
                self.fail(RepeatedArgument(self.span(node), callee, str(name), advice=advice))

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
            self.layer_error(problem, type(layer), config, node, title)
        for result in results:
            self.check_shape(result.shape, node)
        return results

    def check_shape(self, shape: tuple[Size, ...], node: Placed) -> None:
        """Check the dimensions of a tensor against the limits."""
        bound = self.shared.limits.rank
        if len(shape) > bound:
            self.fail(TooMuch(self.span(node), f"a tensor of {len(shape):,} dimensions", "rank", bound))
        for size in shape:
            self.check_size(size, node)

    def check_size(self, size: Size, node: Placed) -> None:
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
    ) -> Value:
        """Add the call of a layer to the scope, and return its value."""
        self.spend(node)
        given = list(inputs)
        results = self.infer(layer, given, node, config or {}, title)
        named = [(name, type, False) for name, type in zip(layer.result_names(), results, strict=True)]
        return self.add_call(layer, given, named, node, label or layer.kind.lower(), label, shared, count)

    def add_call(
        self,
        callee: Layer | str,
        inputs: list[Tensor | None],
        results: list[tuple[str, TensorType, bool]],
        node: Placed,
        hint: str,
        label: str | None,
        shared: bool = False,
        count: int = 1,
    ) -> Value:
        """Add a call to the scope, and return its value; of each result is told whether it exists in training only."""
        local = [None if tensor is None else self.scope.localise(tensor) for tensor in inputs]
        for tensor in local:
            if tensor is not None and tensor.training and not self.training:
                self.fail(TrainingOnly(self.span(node), tensor.name))
        single = len(results) == 1
        tensors = {
            name: self.scope.value(hint if single else f"{hint}.{name}", type, training=self.training or training)
            for name, type, training in results
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
        for tensor in tensors.values():
            tensor.place = self.span(node)
        self.last_call = call
        present = [tensor for tensor in tensors.values() if self.training or not tensor.training]
        value: Value = Results(present)
        if len(present) == 1 or (isinstance(callee, Layer) and callee.first_is_value):
            value = present[0]
        value.members = {} if single and isinstance(callee, Layer) else tensors
        value.place = self.span(node)
        return value


def _type_of(flowing: Sequence[Tensor]) -> TensorType | None:
    return flowing[0].type if flowing else None


def weight_of(value: Any) -> WeightReference | None:
    """The weight that a value is: `table.weight`, or the whole of a `Parameter`."""
    if not isinstance(value, Tensor) or value.step is None or not isinstance(value.step.call.callee, Layer):
        return value if isinstance(value, WeightReference) else None
    layer, step = value.step.call.callee, value.step
    if layer.inputs or step.call.inputs or [weight.name for weight in layer.weights()] != [""]:
        return None
    step.call.tied = True
    return WeightReference(value.scope, step.label, layer.weights()[0].shape)


def signature(cls: type[Layer]) -> str:
    """`Conv2d(out_channels, kernel_size, stride = 1, ...)`."""
    parts = []
    for name in dict.fromkeys((*getattr(cls, "by_position", ()), *cls.in_order())):
        field = cls.model_fields[name]
        parts.append(name if field.is_required() else f"{name} = {describe(field.default)}")
    return f"{cls.__name__}({', '.join(parts)})"


def is_absent_input(argument: Argument, place: int, layer: type[Layer]) -> bool:
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
