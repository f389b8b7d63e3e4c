"""Values of the network while its modules are built: names in the body of a scope, with their types."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Final

from nnspec.diagnostics import Span
from nnspec.elaborate.builder.call import PendingCall, Wire
from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import TensorType
from nnspec.record import Record


class Invalid:
    """The value of what went wrong. It silences what depends on it: one mistake gives one message."""

    def __repr__(self) -> str:
        return "INVALID"


INVALID: Final = Invalid()


class Owner(ABC):
    """The body that a value belongs to: a scope."""

    calls: list[PendingCall]

    @abstractmethod
    def wire(self, hint: str, type: TensorType, *, named: bool = False) -> Wire:
        """A new value with a name that is not taken."""


class Built(Record):
    """The making of a module, so that it can be applied again."""


class Step:
    """A labelled application: what a label of a spec stands for besides its value."""

    __slots__ = ("built_from", "call", "label", "span")

    def __init__(self, label: str, call: PendingCall, built_from: Layer | Built | None, span: Span) -> None:
        self.label = label
        self.call = call
        self.built_from = built_from  # how the same module is applied to other inputs; None for a group
        self.span = span


class Tensor:
    """A value of the network as an expression has it: a wire of a scope, and where it comes from.

    `members` are the results of the step by name, where it has several; `step` is the labelled step that made it.
    """

    __slots__ = ("members", "place", "scope", "step", "training", "type", "wire")

    def __init__(
        self,
        scope: Owner,
        wire: Wire,
        *,
        training: bool = False,
        place: Span | None = None,
        step: Step | None = None,
    ) -> None:
        self.scope = scope
        self.wire = wire
        self.type = wire.type
        self.training = training
        self.place = place
        self.step = step
        self.members: Mapping[str, Tensor] = {}

    @property
    def name(self) -> str:
        """The name of its wire."""
        return self.wire.name

    def at(self, place: Span) -> Tensor:
        """The same value, as the text at another place made it."""
        made = Tensor(self.scope, self.wire, training=self.training, place=place, step=self.step)
        made.members = self.members
        return made


class ByName(Record):
    """A tensor that is meant for an input by its name: `mask = seen`; None for an optional input that is absent."""

    value: Tensor | None
    span: Span
    name_span: Span


class Several(tuple[Tensor, ...]):
    """Several tensors that flow together into a step with several inputs.

    `named` are those that are meant for an input by its name: `(x, mask = seen)`.
    """

    named: Mapping[str, ByName] = {}

    @classmethod
    def with_names(cls, tensors: Iterable[Tensor], named: Mapping[str, ByName]) -> Several:
        """Tensors of which some are meant for an input by its name."""
        made = cls(tensors)
        made.named = named
        return made


class Results(Several):
    """The results of a step that has several and names none as its value: they go on together.

    `members` are all by name, those that exist in training only, too.
    """

    members: Mapping[str, Tensor] = {}
    step: Step | None = None
    place: Span | None = None

    @property
    def scope(self) -> Owner:
        """The scope whose step it is."""
        return self[0].scope


Value = Tensor | Results
Flow = Tensor | Several | Invalid | None  # what a step may find when it begins; None where nothing flows


class WeightReference:
    """A parameter of a labelled step: `wte.weight`."""

    def __init__(self, scope: Owner, path: str, shape: tuple[int, ...]) -> None:
        self.scope = scope
        self.path = path
        self.shape = shape


def flows(value: Tensor | Several) -> Several:
    """The flow, always as several tensors."""
    return value if isinstance(value, Several) else Several((value,))


def together(tensors: list[Tensor]) -> Tensor | Several | None:
    """The flow of these tensors."""
    return None if not tensors else tensors[0] if len(tensors) == 1 else Several(tensors)


def types_of(tensors: Iterable[Tensor | None]) -> tuple[TensorType | None, ...]:
    """The types of inputs; None for an absent one."""
    return tuple([None if tensor is None else tensor.type for tensor in tensors])
