"""Calls while their module is built, and the wires between them."""

from __future__ import annotations

from typing import NamedTuple

from nnspec.ir import Call, Place, Scan
from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import TensorType


class Wire:
    """A value in the body of a module. Its name is one that the compiler chose until a person gives it one."""

    __slots__ = ("name", "named", "type")

    def __init__(self, name: str, type: TensorType, named: bool) -> None:
        self.name = name
        self.type = type
        self.named = named


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
        self.written: dict[str, str] = {}  # texts of numbers that follow from the parameters of the body, by argument
        self.times = ""  # that of the count
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
            written=self.written,
            times=self.times,
            shared=self.shared,
            training=self.training,
            scan=self.scan,
            place=self.place,
        )
