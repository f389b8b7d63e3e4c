"""A module under construction: labels, values and calls, until `finish` freezes it.

A group `{ ... }` is a module of its own. Values of the scope around it that it uses become further inputs:
`localise` brings a tensor from an outer scope in, through every scope between.
"""

from __future__ import annotations

from typing import Any, Literal

from nnspec.diagnostics import Span
from nnspec.elaborate.values import Several, Tensor, WeightReference
from nnspec.ir import Call, Module, Place, Port, Scan, Tie
from nnspec.layers.base import Layer, TensorType


class PendingCall:
    """A call whose module may still be exchanged for a variant with further outputs."""

    def __init__(
        self,
        callee: Layer | str,
        label: str | None,
        inputs: tuple[str, ...],
        outputs: list[str],
        *,
        count: int = 1,
        shared: bool = False,
        training: bool = False,
        scan: Scan | None = None,
        place: Place | None = None,
    ) -> None:
        self.callee = callee
        self.label = label
        self.inputs = inputs
        self.outputs = outputs
        self.count = count
        self.shared = shared
        self.training = training
        self.scan = scan
        self.place = place
        self.tied = False  # another parameter is tied to a weight of it
        self.reached_into = False  # a value inside was asked for: what is not needed is not built

    def freeze(self) -> Call:
        return Call.model_construct(
            callee=self.callee,
            label=self.label,
            inputs=self.inputs,
            outputs=tuple(self.outputs),
            count=self.count,
            shared=self.shared,
            training=self.training,
            scan=self.scan,
            place=self.place,
        )


class Step:
    """A labelled application: what a label of a spec stands for besides its value."""

    def __init__(self, label: str, call: PendingCall, apply_again: Any, span: Span) -> None:
        self.label = label
        self.call = call
        self.apply_again = apply_again  # how the same module is applied to other inputs
        self.span = span


class Scope:
    """The body of one module while it is elaborated."""

    def __init__(self, name: str, kind: Literal["block", "model", "group"], parent: Scope | None = None) -> None:
        self.name = name
        self.kind: Literal["block", "model", "group"] = kind
        self.parent = parent
        self.inputs: list[tuple[str, Tensor]] = []
        self.outputs: list[tuple[str, Tensor]] = []
        self.values: dict[str, TensorType] = {}
        self.calls: list[PendingCall] = []
        self.steps: dict[str, Step] = {}
        self.ties: list[Tie] = []
        self.order: dict[str, Span] = {}  # labels in the order of the state_dict, where the spec states one
        self.renames: list[tuple[str, str]] = []  # patterns of published keys, and what they are here
        self.outer_ties: list[tuple[str, WeightReference]] = []  # to weights of a scope around this module
        self.position = 0
        self._numbers: dict[str, int] = {}  # how often a value's name was asked for
        self._above: dict[str, Step] = {}  # the paths above the labels: of `a.b.c`, `a` and `a.b`
        self.captured: dict[tuple[int, str], tuple[Tensor, Tensor]] = {}  # outer tensor, its local stand-in

    # --- values

    def value(self, hint: str, type: TensorType, *, training: bool = False) -> Tensor:
        """A new value with a name that is not taken."""
        name, number = hint, self._numbers.get(hint, 0)
        while name in self.values:
            number += 1
            name = f"{hint}_{number}"
        self._numbers[hint] = number
        self.values[name] = type
        return Tensor(self, name, type, training=training)

    def add_input(self, name: str, type: TensorType) -> Tensor:
        """A new input."""
        tensor = self.value(name, type)
        self.inputs.append((name, tensor))
        return tensor

    def localise(self, tensor: Tensor) -> Tensor:
        """The tensor as this scope knows it: its own, or an input that stands for one of a scope around it."""
        if tensor.scope is self:
            return tensor
        found = self.captured.get((id(tensor.scope), tensor.name))
        if found:
            return found[1]
        if self.parent is None:
            raise LookupError(f"{tensor.name} does not belong to a scope around {self.name}")
        outer = self.parent.localise(tensor)
        stand_in = self.add_input(tensor.name, tensor.type)
        stand_in.training = tensor.training
        self.captured[id(tensor.scope), tensor.name] = (outer, stand_in)
        return stand_in

    @property
    def captures(self) -> list[Tensor]:
        """The tensors of the parent that further inputs stand for, in the order of those inputs."""
        return [outer for outer, _ in self.captured.values()]

    # --- labels

    def next_label(self, count: int) -> str:
        """The number of an unlabelled step, which takes `count` positions."""
        label = str(self.position)
        self.position += count
        return label

    def add_step(self, step: Step) -> None:
        """Keep a step under its label."""
        self.steps[step.label] = step
        for above in _paths_above(step.label):
            self._above[above] = step

    def clash(self, label: str) -> Step | None:
        """The step whose label is this one, or lies above or below it."""
        found = (self.steps.get(path) for path in (*_paths_above(label), label))
        return next((step for step in found if step is not None), self._above.get(label))

    def has(self, label: str) -> bool:
        """Whether a step has this label, or lies below it."""
        return label in self.steps or label in self._above

    # --- the end

    def _track(self) -> None:
        """Let values pass the layer that a later call wants them to pass, where they are made."""
        for call in list(self.calls):
            for index, layer in call.callee.tracks.items() if isinstance(call.callee, Layer) else ():
                self._pass(call.inputs[index], layer)

    def _pass(self, name: str, layer: Layer) -> None:
        made = next((place for place, call in enumerate(self.calls, 1) if name in call.outputs), 0)
        if layer in [call.callee for call in self.calls[max(0, made - 1) : made + 1]]:
            return  # it passes it already
        passed = self.value(name, self.values[name]).name
        for call in self.calls[made:]:
            call.inputs = tuple(passed if other == name else other for other in call.inputs)
        training = made > 0 and self.calls[made - 1].training
        self.calls.insert(made, PendingCall(layer, None, (name,), [passed], training=training))

    def finish(self, **details: Any) -> Module:
        """The module, frozen."""
        self._track()
        return Module.model_construct(
            name=self.name,
            kind=self.kind,
            inputs=tuple(Port.model_construct(name=name, value=t.name, training=False) for name, t in self.inputs),
            outputs=tuple(
                Port.model_construct(name=name, value=t.name, training=t.training) for name, t in self.outputs
            ),
            values=self.values,
            calls=tuple(call.freeze() for call in self.calls),
            ties=tuple(self.ties),
            order=tuple(self.order),
            renames=tuple(self.renames),
            arguments=details.get("arguments", {}),
            documentation=details.get("documentation", ""),
            place=details.get("place"),
        )

    def owns(self, scope: Scope) -> bool:
        """Whether `scope` is this one or one around it."""
        current: Scope | None = self
        while current is not None:
            if current is scope:
                return True
            current = current.parent
        return False


def _paths_above(label: str) -> list[str]:
    parts = label.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def flows(value: Tensor | Several) -> Several:
    """What flows, always as several tensors."""
    return value if isinstance(value, Several) else Several((value,))
