"""The memory that the results of a program's layers take, repeats by multiplication.

Each application counts, and those for training only, too; a scan counts as often as it walks. What takes no memory
of its own is left out: views of other tensors, as in evaluation, where dropout does nothing, and what is computed from
parameters and constants alone. Whether a reshape is a view, its strides tell (`Layer.views`, `Layer.regrouped`); other
layers are taken to give elements in order, as PyTorch's do unless they are given others.
"""

from __future__ import annotations

from collections.abc import Mapping

from nnspec.dims import Size, substitute
from nnspec.ir import Call, Module, Program
from nnspec.ir.mixture import of_all_rows
from nnspec.layers.base import Layer
from nnspec.layers.view import Strides, regrouped_strides
from nnspec.record import Record


class Held(Record):
    """How a value is held: whether it is computed from constants alone, and the strides of a view."""

    constant: bool = False
    strides: Strides = None


FRESH = Held()
Holds = tuple[Held, ...]


def activation_bytes(program: Program, bound: Mapping[str, Size]) -> Size:
    """The bytes of the results of all layers, with `bound` in the place of symbols."""
    return _Results(program, bound).of(program.entry, (FRESH,) * len(program.main.inputs))[0]


class _Results:
    """Counts the results of modules, each once for the same kinds of inputs."""

    def __init__(self, program: Program, bound: Mapping[str, Size]) -> None:
        self.program = program
        self.bound = bound
        self.known: dict[tuple[str, Holds], tuple[Size, Holds]] = {}

    def of(self, key: str, inputs: Holds) -> tuple[Size, Holds]:
        """The bytes of all results of a module, and how its outputs are held."""
        if (key, inputs) not in self.known:
            self.known[key, inputs] = self._walk(self.program.modules[key], inputs)
        return self.known[key, inputs]

    def _walk(self, module: Module, inputs: Holds) -> tuple[Size, Holds]:
        held = {port.value: each for port, each in zip(module.inputs, inputs, strict=True)}
        held[""] = Held(constant=True)  # an optional input that is absent
        total: Size = 0
        for call in module.calls:
            size, found = self._called(module, call, tuple(held[name] for name in call.inputs))
            total = total + size
            held.update(zip(call.outputs, found, strict=True))
        return total, tuple(held[port.value] for port in module.outputs)

    def _called(self, module: Module, call: Call, given: Holds) -> tuple[Size, Holds]:
        if call.routed or call.scan:
            return self._apart(module, call)
        total: Size = 0
        rounds = min(call.count, len(given) + 2)  # then nothing changes any more
        for done in range(rounds):
            size, found = self._once(module, call, given)
            total = total + size * (call.count - done if done == rounds - 1 else 1)
            given = (*found, *given[len(found) :])
        return total, found

    def _once(self, module: Module, call: Call, given: Holds) -> tuple[Size, Holds]:
        if isinstance(call.callee, str):
            return self.of(call.callee, given)
        results = (FRESH,) * len(call.outputs)
        if not call.callee.random and all(each.constant for each in given):
            return 0, (Held(constant=True),) * len(results)
        seen = self._seen(module, call, call.callee, given)
        return (0, seen) if seen else (self._bytes(module, call), results)

    def _seen(self, module: Module, call: Call, layer: Layer, given: Holds) -> Holds:
        """How results are held that are views of the first input; nothing where they are none."""
        types = module.types(call.inputs)
        grouped = layer.regrouped(*types)
        views = layer.views(*types) if grouped is None else ()
        if (grouped is None and not views) or types[0] is None:
            return ()
        shape, strides = types[0].shape, given[0].strides
        if grouped is None:
            return tuple(Held(strides=view.strides(shape, strides)) for view in views)
        is_view, strides = regrouped_strides(grouped, shape, strides)
        return (Held(strides=strides),) if is_view else ()

    def _apart(self, module: Module, call: Call) -> tuple[Size, Holds]:
        """A mixture of experts or a scan: what is computed for all tokens or steps, and the results."""
        key = str(call.callee)
        one, _ = self.of(key, (FRESH,) * len(self.program.modules[key].inputs))
        if call.routed:
            inside = substitute(of_all_rows(module, call, one), self.bound)
        else:
            assert call.scan is not None
            inside = one * substitute(call.scan.length(module.types(call.inputs)), self.bound)
        return inside + self._bytes(module, call), (FRESH,) * len(call.outputs)

    def _bytes(self, module: Module, call: Call) -> Size:
        total: Size = 0
        for name in call.outputs:
            total = total + substitute(module.values[name].bytes, self.bound)
        return total
