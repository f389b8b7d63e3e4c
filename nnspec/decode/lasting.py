"""Sequences so short that no layer does all of their places anew: within that a program is decoded step by step.

Rotary positions that are scaled by the length of the sequence, as in models for long contexts, turn every place
otherwise when it grows beyond what the model was first trained for; keys that are kept would have been turned wrongly.
"""

from __future__ import annotations

from nnspec.dims import Expression, bounds, substitute, symbol
from nnspec.ir import Module, Program
from nnspec.layers.base import Layer


def lasting_length(program: Program) -> int | None:
    """The length up to which all layers leave the places before as they are; None where they always do."""
    layers = (call.callee for module in program.modules.values() for call in module.calls)
    found = [layer.lasting for layer in layers if isinstance(layer, Layer) and layer.lasting is not None]
    return min(found, default=None)


def within(program: Program, time: Expression, most: int) -> tuple[Program, Expression]:
    """The program whose sequence is at most so long, and the size of it."""
    bounded = symbol(str(time), bounds(time)[0], most)

    def rewritten(module: Module) -> Module:
        values = {
            name: type.with_shape(*(substitute(size, {str(time): bounded}) for size in type.shape))
            for name, type in module.values.items()
        }
        return module.model_copy(update={"values": values})

    modules = {key: rewritten(module) for key, module in program.modules.items()}
    return program.model_copy(update={"modules": modules}), bounded
