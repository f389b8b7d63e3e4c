"""The results of a program from which a gradient flows back to weights that are trained."""

from __future__ import annotations

from collections.abc import Callable, Set

from nnspec.ir.program import Call, Program
from nnspec.ir.state import layer_weights

Trained = Callable[[str], bool]  # whether the weight of this name is trained


def differentiable(program: Program, given: Set[str], trained: Trained) -> set[str]:
    """The outputs that depend, by a path of derivatives, on inputs in `given` or on weights that are trained."""
    return _Flow(program, trained).outputs(program.entry, "", frozenset(given))


class _Flow:
    def __init__(self, program: Program, trained: Trained) -> None:
        self.program = program
        self.trained = trained

    def outputs(self, key: str, prefix: str, given: frozenset[str]) -> set[str]:
        """The outputs of a module, whose labels begin with `prefix`."""
        module = self.program.modules[key]
        carrying = {port.value for port in module.inputs if port.name in given}
        for call in module.calls:
            floats = {name for name in call.outputs if module.values[name].dtype == "float"}
            if isinstance(call.callee, str):
                carrying |= floats & self._applied(call, call.callee, prefix, carrying)
            elif not call.callee.stops_gradient and (carrying & set(call.inputs) or self._owns(key, call, prefix)):
                carrying |= floats
        return {port.name for port in module.outputs if port.value in carrying}

    def _applied(self, call: Call, key: str, prefix: str, carrying: set[str]) -> set[str]:
        """The results of a call of a module; of one that is applied several times, what any application gives."""
        if call.routed and carrying & set(call.inputs):  # the weights of experts carry, too
            return set(call.outputs)
        ports = self.program.modules[key]
        given = frozenset(port.name for port, name in zip(ports.inputs, call.inputs, strict=False) if name in carrying)
        found: set[str] = set()
        for label in list(call.labels)[:: max(1, call.count - 1)] or [""]:  # the first one, and the last of many
            found |= self.outputs(key, f"{prefix}{label}.", given)
        carried = call.scan.carried if call.scan else ()
        for _ in carried:
            pairs = [(ports.outputs[each.output].name, ports.inputs[each.input].name) for each in carried]
            given |= {taken for made, taken in pairs if made in found}
            found |= self.outputs(key, f"{prefix}{call.label}.", given)
        return {name for port, name in zip(ports.outputs, call.outputs, strict=False) if port.name in found}

    def _owns(self, key: str, call: Call, prefix: str) -> bool:
        """Whether a call of a layer has a weight that is trained."""
        weights = layer_weights(self.program.modules[key], call)
        return any(
            weight.trainable and not weight.buffer and self.trained(f"{prefix}{label}.{weight.name}".rstrip("."))
            for label in call.labels
            for weight in weights
        )
