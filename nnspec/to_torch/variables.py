"""The variables of a `forward`: which name each value has, and for how long.

The flow is called x (or y, z while x is still needed); what is needed later has the name that the spec binds to it, or
that of its label.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from nnspec.dims import Size
from nnspec.ir import Call, Module
from nnspec.ir.bound import bound_name
from nnspec.to_torch.names import variable
from nnspec.to_torch.unbinding import roles

OF_ATTENTION = ("query", "key", "value")  # what anybody calls them


class Variables:
    """The names of the values of a module."""

    def __init__(self, module: Module, reserved: Collection[str]) -> None:
        self.module = module
        self.reserved = set(reserved)  # names for other things
        self.names: dict[str, str] = {}  # value -> variable
        self.inputs: list[str] = []
        self.uses = _uses(module)
        self.bound = _bound_names(module)
        self.busy: set[str] = set()  # variables of a loop that is being written
        self._lasting = _lasting_names(module)
        self._roles = roles(module)

    def __getitem__(self, value: str) -> str:
        return self.names[value]

    def __contains__(self, value: str) -> bool:
        return value in self.names

    def add_input(self, name: str, value: str) -> None:
        """Let a value be a parameter of `forward`."""
        text = "x" if name.isdecimal() else variable(name)
        while text in self.reserved or text in self.names.values():
            text += "_"
        self.names[value] = text
        self.inputs.append(text)

    def play_roles(self, values: Iterable[str]) -> None:
        """Let values that are taken from one at once have the names of what they are for."""
        self.bound = {value: self._roles[value] for value in values if value in self._roles} | self.bound

    def target(self, index: int, value: str, waiting: Iterable[str], again: Collection[str] = ()) -> str:
        """The variable that takes a value made by call `index`.

        Those in the texts that are `waiting` are needed as they are, and so are those that a loop reads `again`.
        """
        uses = self.uses[value]
        if not uses:
            self.names[value] = "_"
            return "_"
        known = {other: used for other, used in self.uses.items() if used and other != value and other in self.names}
        live = {self.names[other] for other, used in known.items() if used[-1] > index}
        live |= self.busy | self.reserved | {*again} | set(re.findall(r"\w+", " ".join(waiting)))
        choices = self._choices(index, value)
        number, stem = 1, choices[0]
        while not (free := [name for name in choices if name not in live]):
            number += 1
            choices = [f"{stem}{number}"]
        self.names[value] = free[0]
        return free[0]

    def _choices(self, index: int, value: str) -> list[str]:
        """The names that a value may have, the best first."""
        uses, label, bound = self.uses[value], self._lasting.get(value), self.bound.get(value)
        if bound is None and self._roles.get(value) in OF_ATTENTION:
            bound = self._roles[value]
        if bound is not None:
            return [bound]
        if label is not None and (len(uses) > 1 or uses[-1] > index + 1):
            return [label]
        choices = [*dict.fromkeys([*self.inputs[:1], "x", "y", "z"])]
        return [name for name in choices if len(name) == 1] or ["x"]

    def read_again(self, call: Call) -> set[str]:
        """The variables that a loop over modules reads again at every turn."""
        return {self.names[value] for value in call.inputs[1:] if value in self.names}

    def fresh(self, hint: str) -> str:
        """A variable that nothing uses, and that nothing else will take before the end of this loop."""
        live = set(self.names.values()) | self.reserved | self.busy
        name, number = variable(hint), 1
        while name in live:
            number += 1
            name = f"{variable(hint)}{number}"
        self.busy.add(name)
        return name

    def size_at_hand(self, call: Call, wanted: Size) -> str | None:
        """A symbolic size, read from the shape of an input of this call; None where none has it."""
        for value in call.inputs:
            shape = self.module.values[value].shape if value in self.names else ()
            if wanted in shape:
                return f"{self.names[value]}.shape[{shape.index(wanted)}]"
        return None


def _uses(module: Module) -> dict[str, list[int]]:
    """For every value the indices of the calls that use it, once for each use; the outputs count as a last call."""
    uses: dict[str, list[int]] = {name: [] for name in module.values}
    for index, call in enumerate(module.calls):
        for value in call.inputs:
            if value:
                uses[value].append(index)
    for port in module.outputs:
        uses[port.value].append(len(module.calls))
    return uses


def _lasting_names(module: Module) -> dict[str, str]:
    """Names for values that are needed for long: that of the output they are, or the label of their step."""
    names = {value: _lower(variable(value)) for call in module.calls if call.label and not call.label.isdecimal()
             for value in call.outputs}  # fmt: skip
    return names | {port.value: variable(port.name) for port in module.outputs if port.name != "output"}


def _lower(name: str) -> str:
    """A label of several capitalised words as a variable: `layer_norm` for LayerNorm."""
    capitalised = re.fullmatch(r"(?:[A-Z][a-z]+)+\d*", name)
    return variable(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()) if capitalised else name


def _bound_names(module: Module) -> dict[str, str]:
    """The variables that a person would have, too: the names that the spec binds values to."""
    found = {value: bound_name(call, value) for call in module.calls for value in call.outputs}
    return {value: variable(name) for value, name in found.items() if name is not None}
