"""The inside of a block as a picture shows it: blocks that hold nothing but another block are looked through.

A `Down` that is a group that is a `DoubleConv` is one box with one inside. `sketch` tells whether two insides are drawn
alike: they are wired the same, whatever their sizes.
"""

from __future__ import annotations

from collections.abc import Iterator

from nnspec.ir import Call, Module, Program
from nnspec.record import Record


class Content(Record):
    """The inside of a block, and the path that its labels continue."""

    module: Module
    key: str
    prefix: str


class Standing(Record):
    """A call as it stands in a level: `h: 12 x Block`, a group around a repeat, stands as the repeat."""

    call: Call  # the repeat
    label: str  # `h`
    path: str  # of its first application: `h.0`
    within: Module  # whose values its inputs are


def standing(program: Program, module: Module, call: Call, prefix: str) -> Standing:
    """The call that a picture shows for a call of a module."""
    label = call.label or ""
    plain = Standing(call, label, prefix + label if label else "", module)
    if not isinstance(call.callee, str) or call.count > 1:
        return plain
    group = program.modules[call.callee]
    if group.kind != "group" or len(group.calls) != 1 or group.calls[0].count == 1 or not _hands_on(group):
        return plain
    inner = group.calls[0]
    return Standing(inner, label, f"{prefix}{label}.{inner.label}", group)


def content(program: Program, key: str, path: str) -> Content:
    """The inside of a block at a path."""
    module, prefix = program.modules[key], f"{path}."
    while len(module.calls) == 1 and isinstance(module.calls[0].callee, str) and _hands_on(module):
        call = module.calls[0]
        if call.count > 1 or call.scan or call.shared:
            break
        key = str(call.callee)
        prefix, module = f"{prefix}{call.label}.", program.modules[key]
    return Content(module, key, prefix)


def _hands_on(module: Module) -> bool:
    """Whether the one call of a module takes its inputs and gives its outputs, in order."""
    call = module.calls[0]
    return call.inputs == tuple(port.value for port in module.inputs) and call.outputs == tuple(
        port.value for port in module.outputs
    )


class Sketches:
    """The numbers of insides that are drawn alike."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._forms: dict[object, int] = {}
        self._known: dict[str, int] = {}

    def of(self, key: str) -> int:
        """The number of the inside of a module."""
        if key not in self._known:
            form = tuple(self._call(call) for call in self.program.modules[key].calls)
            self._known[key] = self._forms.setdefault(form, len(self._forms))
        return self._known[key]

    def _call(self, call: Call) -> tuple[object, ...]:
        callee = self.of(call.callee) if isinstance(call.callee, str) else call.callee.kind
        return callee, call.inputs, call.outputs, call.count > 1, call.shared


def blocks(program: Program) -> Iterator[str]:
    """The paths of all blocks that can be opened; of repeats the first application only."""

    def below(module: Module, prefix: str) -> Iterator[str]:
        for call in module.calls:
            shown = standing(program, module, call, prefix)
            if isinstance(shown.call.callee, str) and shown.path and not shown.call.shared:
                yield shown.path
                inside = content(program, shown.call.callee, shown.path)
                yield from below(inside.module, inside.prefix)

    return below(program.main, "")
