"""The outputs of a program that depend on random numbers, so that no two runs give the same."""

from __future__ import annotations

from nnspec.ir.program import Call, Module, Program
from nnspec.layers.base import Layer


def random_outputs(program: Program) -> tuple[str, ...]:
    """The names of the outputs that depend on what a random layer draws when the model is used, in order."""
    main = program.main
    drawn = _Chance(program).outputs(program.entry, frozenset())
    return tuple(port.name for index, port in enumerate(main.outputs) if index in drawn and not port.training)


class _Chance:
    """The random results of the modules of a program; found once for a module and the same random inputs."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.known: dict[tuple[str, frozenset[int]], frozenset[int]] = {}

    def outputs(self, key: str, inputs: frozenset[int]) -> frozenset[int]:
        """The indices of a module's outputs that are random where the inputs of these indices are."""
        if (key, inputs) not in self.known:
            self.known[key, inputs] = self._walk(self.program.modules[key], inputs)
        return self.known[key, inputs]

    def _walk(self, module: Module, inputs: frozenset[int]) -> frozenset[int]:
        random = {port.value for index, port in enumerate(module.inputs) if index in inputs}
        for call in module.calls:
            if not call.training:
                random.update(self._made(call, random))
        return frozenset(index for index, port in enumerate(module.outputs) if port.value in random)

    def _made(self, call: Call, random: set[str]) -> list[str]:
        given = frozenset(index for index, name in enumerate(call.inputs) if name in random)
        if isinstance(call.callee, Layer):
            return list(call.outputs) if given or call.callee.random else []
        if given and call.routed:  # the choice or the weights may be random
            return list(call.outputs)
        drawn = self.outputs(call.callee, given)
        if drawn and (call.scan or call.chained):  # what one application gives, the next one takes
            return list(call.outputs)
        return [call.outputs[index] for index in drawn]
