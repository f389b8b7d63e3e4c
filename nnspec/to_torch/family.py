"""Modules that are one class with optional inputs: built once, and applied with other inputs than at first.

`(x, m = mask) -> layer` and `x -> layer` are two modules of the program that own the same weights. In PyTorch they are
one, whose `forward(self, x, m=None)` computes by the inputs that it gets.
"""

from __future__ import annotations

from collections.abc import Iterator

from nnspec.ir import Program
from nnspec.ir.reuse import reapplied
from nnspec.record import Record
from nnspec.to_torch.names import variable


class Family(Record):
    """The modules, those with fewer inputs first, and the names of their inputs, those that each has first."""

    keys: tuple[str, ...]
    inputs: dict[str, bool]  # whether one of the modules lacks it

    @property
    def signature(self) -> list[str]:
        """The parameters of `forward`."""
        return [f"{variable(name)}=None" if optional else variable(name) for name, optional in self.inputs.items()]

    def passed(self, names: list[str], given: list[str]) -> list[str]:
        """The arguments of a call that gives the inputs of these names."""
        texts = dict(zip(names, given, strict=True))
        arguments: list[str] = []
        skipped = False
        for name in self.inputs:
            if name not in texts:
                skipped = True
            else:
                arguments.append(f"{variable(name)}={texts[name]}" if skipped else texts[name])
        return arguments

    def condition(self, names: list[str]) -> str:
        """Whether the inputs of these names, and no others, are given."""
        optional = [name for name, may_lack in self.inputs.items() if may_lack]
        return " and ".join(f"{variable(name)} is {'not ' if name in names else ''}None" for name in optional)


def families(program: Program) -> dict[str, Family]:
    """The families of a program by the keys of their modules."""
    found: dict[str, set[str]] = {}
    for one, other in _pairs(program):
        if _inputs(program, one) != _inputs(program, other):
            joined = found.get(one, {one}) | found.get(other, {other})
            found.update(dict.fromkeys(joined, joined))
    return {key: _family(program, keys) for key, keys in found.items()}


def _pairs(program: Program) -> Iterator[tuple[str, str]]:
    """Modules that are applied under one label, and those inside them."""
    pending = [(built, again) for _, built, again in reapplied(program)]
    told = set(pending)
    while pending:
        pair = pending.pop()
        yield pair
        one, other = (
            {call.label: call.callee for call in program.modules[key].calls if isinstance(call.callee, str)}
            for key in pair
        )
        inner = {(callee, other[label]) for label, callee in one.items() if other.get(label, callee) != callee} - told
        told |= inner
        pending += inner


def _family(program: Program, keys: set[str]) -> Family:
    members = sorted(keys, key=lambda key: (len(_inputs(program, key)), program.order.index(key)))
    names = dict.fromkeys(name for key in reversed(members) for name in _inputs(program, key))
    lacked = {name: not all(name in _inputs(program, key) for key in members) for name in names}
    return Family(tuple(members), dict(sorted(lacked.items(), key=lambda item: item[1])))


def _inputs(program: Program, key: str) -> list[str]:
    return [port.name for port in program.modules[key].inputs]
