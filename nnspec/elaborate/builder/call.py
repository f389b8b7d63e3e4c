"""A call while its module is built, and the step that a label of the spec stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nnspec.diagnostics import Span
from nnspec.elaborate.builder.tensor import WeightReference, Wire
from nnspec.ir import Call, Place, Scan
from nnspec.layers.base import Layer, TensorType

if TYPE_CHECKING:
    from nnspec.elaborate.values import BlockDefinition, Meaning


class Result(NamedTuple):
    """A result of a call: its name, its type, and whether it exists in training only."""

    name: str
    type: TensorType
    training: bool = False


class PendingCall:
    """A call whose module may still be exchanged for a variant with further outputs."""

    def __init__(
        self,
        callee: Layer | str,
        label: str | None,
        inputs: tuple[Wire | None, ...],
        outputs: list[Wire],
        place: Place | None = None,
        *,
        shared: bool = False,
        training: bool = False,
        scan: Scan | None = None,
    ) -> None:
        self.callee = callee
        self.label = label
        self.inputs = inputs
        self.outputs = outputs
        self.place = place
        self.shared = shared
        self.training = training
        self.scan = scan
        self.count = 1
        self.constant = False  # a buffer computes it where the module is built
        self.tied = False  # another parameter is tied to a weight of it
        self.reached_into = False  # a value inside was asked for: what is not needed is not built

    @property
    def input_types(self) -> list[TensorType | None]:
        """The types of its inputs; None for an absent one."""
        return [None if wire is None else wire.type for wire in self.inputs]

    def freeze(self) -> Call:
        """The call, with the names that its values have by now."""
        return Call.model_construct(
            callee=self.callee,
            inputs=tuple(["" if wire is None else wire.name for wire in self.inputs]),
            outputs=tuple([wire.name for wire in self.outputs]),
            label=self.label,
            count=self.count,
            shared=self.shared,
            training=self.training,
            scan=self.scan,
            place=self.place,
        )


class Bound(NamedTuple):
    """A block with the arguments that it was built with."""

    definition: BlockDefinition
    arguments: dict[str, Meaning]


class Step:
    """A labelled application: what a label of a spec stands for besides its value."""

    __slots__ = ("built_from", "call", "label", "span")

    def __init__(self, label: str, call: PendingCall, built_from: Layer | Bound | None, span: Span) -> None:
        self.label = label
        self.call = call
        self.built_from = built_from  # how the same module is applied to other inputs; None for a group
        self.span = span


class Made(NamedTuple):
    """A body that has been elaborated: the key of its module, its results, and ties to weights outside."""

    key: str
    results: tuple[Result, ...]
    outer_ties: tuple[tuple[str, WeightReference], ...]
