"""Layers from the arguments that a spec gives them; what is wrong with those becomes diagnostics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Protocol, TypeVar

from nnspec.checked import Checked, validation_error
from nnspec.diagnostics import Span, nearest
from nnspec.elaborate import habits, words
from nnspec.elaborate.builder.constants import Changing, computed
from nnspec.elaborate.builder.signature import Fillable, problem, signature
from nnspec.elaborate.builder.tensor import Several, Tensor, WeightReference
from nnspec.elaborate.describe import kind
from nnspec.elaborate.frame import Failed, Frame, Placed
from nnspec.elaborate.mistakes import (
    InferredArgument,
    LayerArgument,
    LayerInput,
    MissingArgument,
    NotConstant,
    RepeatedArgument,
    TooManyArguments,
    UnknownArgument,
    WrongKind,
)
from nnspec.elaborate.values import Argument, Known, Partial
from nnspec.layers.base import Layer
from nnspec.layers.computed import Computed
from nnspec.layers.tensor_type import ArgumentError, LayerError, TensorType

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError


class Valued(Protocol):
    """A value for a field, and where it is written."""

    @property
    def value(self) -> object: ...
    @property
    def span(self) -> Span: ...
    @property
    def name_span(self) -> Span | None: ...
    @property
    def written(self) -> str: ...


Configuration = Mapping[str, Valued]  # by the field of the layer
Filled = TypeVar("Filled", bound="Checked | BaseModel")


class Applied(NamedTuple):
    """A layer with what else stands among its arguments: inputs by place or name, and weights that it ties."""

    layer: Layer
    config: Configuration
    inputs: Mapping[str | int, Tensor]
    ties: Mapping[str, Argument]


def bind_layer(
    frame: Frame, cls: type[Layer], partial: Partial, node: Placed, flowing: Sequence[Tensor] = ()
) -> Applied:
    """The layer of a partial application.

    `flowing` is what it is applied to: advice on arguments speaks of its sizes.
    """
    need_single(frame, partial.arguments)
    incoming = flowing[0].type if flowing else None
    fields = list(cls.by_position)
    config: dict[str, Valued] = {}
    inputs: dict[str | int, Tensor] = {}
    ties: dict[str, Argument] = {}
    for argument in partial.positional:
        if isinstance(argument.value, Tensor) and not cls.computed.intersection(fields[:1]):
            inputs[len(inputs)] = argument.value
        elif not fields:
            _need_no_surplus(frame, cls, partial, incoming)
            advice = habits.by_name(cls, partial, incoming)
            most = len(cls.by_position)
            frame.fail(TooManyArguments(argument.span, partial.name, most, signature(cls), advice))
        else:
            config[fields.pop(0)] = _from_constants(frame, cls, argument)
    for name, argument in partial.named.items():
        if name in cls.computed and name not in config:
            config[name] = _from_constants(frame, cls, argument)
        elif isinstance(argument.value, Tensor) and (name in cls.inputs or name in cls.optional_inputs):
            inputs[name] = argument.value
        elif argument.value is None and name in cls.optional_inputs:
            continue  # an optional input of the block, which is absent
        elif (reference := weight_of(argument.value)) is not None:
            ties[name] = Argument(reference, argument.span, argument.name_span)
        elif name in config:
            _need_no_surplus(frame, cls, partial, incoming)
            span = argument.name_span or argument.span
            advice = habits.by_name(cls, partial, incoming)
            frame.fail(RepeatedArgument(span, partial.name, name, signature(cls), advice))
        else:
            config[name] = argument
    return Applied(make_layer(frame, cls, config, node), config, inputs, ties)


class Computation(NamedTuple):
    """A tensor that follows from constants, and where it is written."""

    value: Computed
    span: Span
    name_span: Span | None
    written: str = ""


def _from_constants(frame: Frame, cls: type[Layer], argument: Argument) -> Valued:
    """The argument; of a tensor, the line of layers that computes it."""
    if not isinstance(argument.value, Tensor):
        return argument
    try:
        value = computed(frame.shared.modules, argument.value)
    except Changing as problem:
        frame.fail(NotConstant(argument.span, cls.__name__, str(problem)))
    return Computation(value, argument.span, argument.name_span)


def texts_of(config: Configuration) -> dict[str, str]:
    """The texts of the numbers that follow from the parameters of the body, by field."""
    return {name: argument.written for name, argument in config.items() if any(map(str.isalpha, argument.written))}


def need_single(frame: Frame, arguments: Iterable[Argument]) -> None:
    """Check that no argument is several tensors."""
    for argument in arguments:
        if isinstance(argument.value, Several):
            frame.fail(WrongKind(argument.span, "one value", kind(argument.value)))


def _need_no_surplus(frame: Frame, cls: type[Layer], partial: Partial, incoming: TensorType | None) -> None:
    found = habits.surplus(cls, partial, incoming)
    if found is not None:
        span = found.argument.span
        frame.fail(InferredArgument(span, partial.name, found.size, found.call, signature(cls)))


def make_layer(frame: Frame, cls: type[Layer], config: Configuration, node: Placed) -> Layer:
    """The layer with this configuration."""
    if not config and not cls.record_required:
        return cls.model_construct()
    try:
        return filled(frame, cls, config, node)
    except LayerError as error:
        layer_error(frame, error, cls, config, node)


def filled(frame: Frame, cls: type[Filled], config: Configuration, node: Placed) -> Filled:
    """The layer or choice of these arguments; what pydantic finds in them becomes diagnostics."""
    try:
        return cls(**{name: argument.value for name, argument in config.items()})
    except validation_error() as error:
        _report_validation(frame, cls, config, error, node)  # type: ignore[arg-type]  # it forgets the bound
        raise Failed from None


def _report_validation(
    frame: Frame, cls: Fillable, config: Configuration, error: ValidationError, node: Placed
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
            frame.report(MissingArgument(frame.span(node), cls.__name__, name, shown))
        elif detail["type"] == "extra_forbidden" and argument is not None:
            inferred = any(each.argument == name for each in getattr(cls, "inferred", ()))
            close = None if inferred else words.meant(name, cls.model_fields) or nearest(name, cls.model_fields)
            span = argument.name_span or argument.span
            way = words.instead(name, cls.__name__)
            frame.report(UnknownArgument(span, cls.__name__, name, shown, close, inferred, way))
        else:
            span = argument.span if argument else frame.span(node)
            fault = problem(detail, argument.value if argument else None, cls, name)
            frame.report(LayerArgument(span, cls.__name__, name, fault, shown))


def layer_error(
    frame: Frame, error: LayerError, cls: type[Layer], config: Configuration, node: Placed, title: str | None = None
) -> NoReturn:
    """Report what a layer itself finds wrong with its arguments or inputs."""
    name = title or cls.__name__
    if isinstance(error, ArgumentError):
        argument = config.get(error.argument)
        span = argument.span if argument else frame.span(node)
        frame.fail(LayerArgument(span, name, error.argument, f": {error.message}", signature(cls), error.help))
    frame.fail(LayerInput(frame.span(node), name, error.message, error.help, None, cls.__name__))


def weight_of(value: Known) -> WeightReference | None:
    """The weight that a value is: `table.weight`, or the whole of a `Parameter`."""
    if isinstance(value, WeightReference):
        return value
    if not isinstance(value, Tensor) or value.step is None or not isinstance(value.step.call.callee, Layer):
        return None
    layer, step = value.step.call.callee, value.step
    if layer.inputs or step.call.inputs or [weight.name for weight in layer.weights()] != [""]:
        return None
    step.call.tied = True
    return WeightReference(value.scope, step.label, layer.weights()[0].shape)
