"""A module under construction: labels, values and calls, until `finish` freezes it.

A group `{ ... }` is a module of its own. Values of the scope around it that it uses become further inputs:
`localise` brings a tensor from an outer scope in, through every scope between.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Literal, NamedTuple

from nnspec.diagnostics import Diagnostic, Span
from nnspec.elaborate.builder.call import PendingCall, Result, Wire
from nnspec.elaborate.builder.tensor import Built, Owner, Results, Step, Tensor, Value, WeightReference
from nnspec.ir import Module, Place, Port, Tie
from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import TensorType

Kind = Literal["block", "model", "group"]


class Made(NamedTuple):
    """A body that has been elaborated: the key of its module, its results, and ties to weights outside."""

    key: str
    results: tuple[Result, ...]
    outer_ties: tuple[tuple[str, WeightReference], ...]


class Scope(Owner):
    """The body of one module while it is elaborated."""

    def __init__(self, name: str, kind: Kind, parent: Scope | None = None) -> None:
        self.name = name
        self.kind = kind
        self.parent = parent
        self.inputs: list[tuple[str, Tensor]] = []
        self.outputs: list[tuple[str, Tensor]] = []
        self.wires: list[Wire] = []
        self.calls: list[PendingCall] = []
        self.steps: dict[str, Step] = {}
        self.ties: list[Tie] = []
        self.order: dict[str, Span] = {}  # labels in the order of the state_dict, where the spec states one
        self.sizes: dict[str, tuple[Wire, int]] = {}  # names that a shape has given to dimensions that are numbers
        self.renames: list[tuple[str, str]] = []  # patterns of published keys, and what they are here
        self.outer_ties: list[tuple[str, WeightReference]] = []  # to weights of a scope around this module
        self.position = 0  # of the next step without a label
        self.mistakes = 0  # statements that are wrong: with any, there will be no module
        self.doubts: list[Diagnostic] = []  # told if there is no mistake, which might be the reason
        self.ended: Span | None = None  # the output whose chain took what flowed
        self._names: set[str] = set()  # of the values
        self._numbers: dict[str, int] = {}  # how often a value's name was asked for
        self._above: dict[str, Step] = {}  # the paths above the labels: of `a.b.c`, `a` and `a.b`
        self._captured: dict[Wire, tuple[Tensor, Tensor]] = {}  # the outer tensor, its local stand-in

    # --- values

    def wire(self, hint: str, type: TensorType, *, named: bool = False) -> Wire:
        """A new value with a name that is not taken."""
        wire = Wire(self._free(hint), type, named)
        self.wires.append(wire)
        return wire

    def _free(self, hint: str) -> str:
        """A name for a value: this one, numbered if it is taken."""
        name, number = hint, self._numbers.get(hint, 0)
        while name in self._names:
            number += 1
            name = f"{hint}_{number}"
        self._numbers[hint] = number
        self._names.add(name)
        return name

    def rename(self, wire: Wire, name: str, since: int) -> None:
        """Let a value have the name that a person binds to it, numbered if that is taken.

        It keeps one that a person gave it before, but for the label of a value that is among those made `since`.
        """
        if not wire.named or any(wire is made for made in self.wires[since:]):
            self._names.discard(wire.name)
            wire.name = self._free(name)
            wire.named = True

    def add_input(self, name: str, type: TensorType, place: Span | None = None, *, training: bool = False) -> Tensor:
        """A new input."""
        tensor = Tensor(self, self.wire(name, type, named=True), training=training, place=place)
        self.inputs.append((name, tensor))
        return tensor

    def localise(self, tensor: Tensor) -> Tensor:
        """The tensor as this scope knows it: its own, or an input that stands for one of a scope around it."""
        if tensor.scope is self:
            return tensor
        found = self._captured.get(tensor.wire)
        if found:
            return found[1]
        if self.parent is None:
            raise LookupError(f"{tensor.name} does not belong to a scope around {self.name}")
        outer = self.parent.localise(tensor)
        stand_in = self.add_input(tensor.name, tensor.type, training=tensor.training)
        self._captured[tensor.wire] = (outer, stand_in)
        return stand_in

    @property
    def captures(self) -> list[Tensor]:
        """The tensors of the parent that further inputs stand for, in the order of those inputs."""
        return [outer for outer, _ in self._captured.values()]

    @property
    def ended_at(self) -> Span | None:
        """The output behind which nothing flows, of this body or of one around it."""
        return self.ended or (self.parent.ended_at if self.parent else None)

    # --- calls

    def add(
        self, call: PendingCall, results: Sequence[Result], hint: str, place: Span, built_from: Layer | Built | None
    ) -> Value:
        """Add a call, whose results are new values, and return its value: the one result, or all that go on together.

        The value of a labelled call is a step, which can be applied again as it was `built_from`.
        """
        single = len(results) == 1
        members: dict[str, Tensor] = {}
        for name, type, training in results:
            wire = self.wire(hint if single else f"{hint}.{name}", type)
            call.outputs.append(wire)
            members[name] = Tensor(self, wire, training=call.training or training, place=place)
        self.calls.append(call)
        present = [tensor for tensor in members.values() if call.training or not tensor.training]
        layer = call.callee if isinstance(call.callee, Layer) else None
        first = len(present) == 1 or (layer is not None and layer.first_is_value)
        value: Value = present[0] if first else Results(present)
        value.place = place
        if layer is None or not single:
            value.members = members
        if call.label is not None and not call.shared:
            value.step = self._add_step(Step(call.label, call, built_from, place))
        return value

    def repeat(self, call: PendingCall, count: int, text: str) -> None:
        """Let the last call stand for `count` applications, written as this text, which take a position each."""
        call.count, call.times = count, text
        self.position += count - 1

    def tie(self, parameter: str, source: WeightReference) -> None:
        """Tie the parameter at a path of this scope to a weight of this scope or one around it."""
        if source.scope is self:
            self.ties.append(Tie.model_construct(parameter=parameter, source=source.path))
        else:
            self.outer_ties.append((parameter, source))

    # --- labels

    def next_label(self) -> str:
        """The number of a step without a label; one with a label takes a position, too."""
        label = str(self.position)
        self.position += 1
        return label

    def _add_step(self, step: Step) -> Step:
        self.steps[step.label] = step
        if "." in step.label:
            self._above |= dict.fromkeys(_paths_above(step.label), step)
        return step

    def clash(self, label: str) -> Step | None:
        """The step whose label is this one, or lies above or below it."""
        found = self.steps.get(label) or self._above.get(label)
        if found is not None or "." not in label:
            return found
        return next((self.steps[path] for path in _paths_above(label) if path in self.steps), None)

    def has(self, label: str) -> bool:
        """Whether a step has this label, or lies below it."""
        return label in self.steps or label in self._above

    # --- the end

    def copy(self) -> Scope:
        """The same body, of which a part can be cut out."""
        made = copy(self)
        made.wires, made.calls, made._names = list(self.wires), list(self.calls), set(self._names)
        return made

    def made(self, key: str) -> Made:
        """The facts that callers of the finished module must know."""
        results = tuple(Result(name, tensor.type, tensor.training) for name, tensor in self.outputs)
        return Made(key, results, tuple(self.outer_ties))

    def finish(
        self,
        place: Place | None = None,
        arguments: dict[str, object] | None = None,
        documentation: str = "",
    ) -> Module:
        """The module, frozen."""
        self._drop_constants()
        self._track()
        return Module.model_construct(
            name=self.name,
            kind=self.kind,
            inputs=tuple([Port.model_construct(name=name, value=t.name, training=False) for name, t in self.inputs]),
            outputs=tuple(
                [Port.model_construct(name=name, value=t.name, training=t.training) for name, t in self.outputs]
            ),
            values={wire.name: wire.type for wire in self.wires},
            calls=tuple([call.freeze() for call in self.calls]),
            ties=tuple(self.ties),
            order=tuple(self.order),
            renames=tuple(self.renames),
            sizes={name: (wire.name, dim) for name, (wire, dim) in self.sizes.items()},
            arguments=arguments or {},
            documentation=documentation,
            place=place,
        )

    def _drop_constants(self) -> None:
        """Drop the calls that buffers have taken over, but for those whose results something else takes."""
        used: set[Wire | None] = {tensor.wire for _, tensor in self.outputs}
        kept: list[PendingCall] = []
        for call in reversed(self.calls):
            if not call.constant or not used.isdisjoint(call.outputs):
                kept.append(call)
                used.update(call.inputs)
        if len(kept) < len(self.calls):
            made = {wire for call in kept for wire in call.outputs} | {tensor.wire for _, tensor in self.inputs}
            self.calls, self.wires = kept[::-1], [wire for wire in self.wires if wire in made]

    def _track(self) -> None:
        """Let values pass the layer that a later call wants them to pass, where they are made."""
        for call in list(self.calls):
            for index, layer in call.callee.tracks.items() if isinstance(call.callee, Layer) else ():
                wire = call.inputs[index]
                if wire is not None:
                    self._pass(wire, layer)

    def _pass(self, wire: Wire, layer: Layer) -> None:
        made = next((place for place, call in enumerate(self.calls, 1) if wire in call.outputs), 0)
        if layer in [call.callee for call in self.calls[max(0, made - 1) : made + 1]]:
            return  # it passes it already
        passed = self.wire(wire.name, wire.type)
        for call in self.calls[made:]:
            call.inputs = tuple(passed if other is wire else other for other in call.inputs)
        training = made > 0 and self.calls[made - 1].training
        self.calls.insert(made, PendingCall(layer, None, (wire,), [passed], training=training))


def _paths_above(label: str) -> list[str]:
    parts = label.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]
