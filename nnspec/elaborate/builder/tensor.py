"""Values of the network while its modules are built: names in the body of a scope, with their types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from nnspec.diagnostics import Span
from nnspec.layers.base import TensorType

if TYPE_CHECKING:
    from nnspec.elaborate.builder.call import Step
    from nnspec.elaborate.builder.scope import Scope
    from nnspec.elaborate.values import Argument


class Invalid:
    """The value of what went wrong. It silences what depends on it: one mistake gives one message."""

    def __repr__(self) -> str:
        return "INVALID"


INVALID: Final = Invalid()


class Wire:
    """A value in the body of a module. Its name is one that the compiler chose until a person gives it one."""

    __slots__ = ("name", "named", "type")

    def __init__(self, name: str, type: TensorType, named: bool) -> None:
        self.name = name
        self.type = type
        self.named = named


class Tensor:
    """A value of the network as an expression has it: a wire of a scope, and where it comes from.

    `members` are the results of the step by name, where it has several; `step` is the labelled step that made it.
    """

    __slots__ = ("members", "place", "scope", "step", "training", "type", "wire")

    def __init__(
        self,
        scope: Scope,
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


class Several(tuple[Tensor, ...]):
    """Several tensors that flow together into a step with several inputs.

    `named` are those that are meant for an input by its name: `(x, mask = seen)`.
    """

    named: Mapping[str, Argument] = {}

    @classmethod
    def with_names(cls, tensors: Iterable[Tensor], named: Mapping[str, Argument]) -> Several:
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
    def scope(self) -> Scope:
        """The scope whose step it is."""
        return self[0].scope


Value = Tensor | Results
Flow = Tensor | Several | Invalid | None  # what a step may find when it begins; None where nothing flows


class WeightReference:
    """A parameter of a labelled step: `wte.weight`."""

    def __init__(self, scope: Scope, path: str, shape: tuple[int, ...]) -> None:
        self.scope = scope
        self.path = path
        self.shape = shape


def flows(value: Tensor | Several) -> Several:
    """What flows, always as several tensors."""
    return value if isinstance(value, Several) else Several((value,))


def together(tensors: list[Tensor]) -> Tensor | Several | None:
    """What flows where these tensors do."""
    return None if not tensors else tensors[0] if len(tensors) == 1 else Several(tensors)


def types_of(tensors: Iterable[Tensor | None]) -> tuple[TensorType | None, ...]:
    """The types of inputs; None for an absent one."""
    return tuple([None if tensor is None else tensor.type for tensor in tensors])
