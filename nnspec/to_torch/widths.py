"""The floats of a program that are *wide*: of 32 bits at least, whatever the number format of the model.

Positions, angles, masks and tables are: what is made from whole numbers, sizes and constants, and from no float input
and no weight. So are sums, means and norms, and the squares below them. They are rounded once, where they meet a float
of the model or leave it: bfloat16 holds whole numbers only up to 256, and float16 no square of what is beyond 256. All
other floats have the type of what they come from.
"""

from __future__ import annotations

from collections import defaultdict

from nnspec.ir import Call, Module, Program
from nnspec.layers.base import Layer
from nnspec.layers.families.axes import Permute, Squeeze, Transpose, Unsqueeze
from nnspec.layers.families.combine import Multiply
from nnspec.layers.families.derivative import Detach
from nnspec.layers.families.elementwise import Cast, Square
from nnspec.layers.families.gathering import Gather
from nnspec.layers.families.indexing import Chunk, Select, Slice, Split, Subscript, Take
from nnspec.layers.families.operators import Power
from nnspec.layers.families.rearranging import Rearrange
from nnspec.layers.families.reduction import (
    CumulativeSum,
    LogSumExp,
    Mean,
    Norm,
    StandardDeviation,
    Sum,
    Variance,
)
from nnspec.layers.families.repetition import Expand, Flip, RepeatInterleave, Roll, Tile
from nnspec.layers.families.shape import Flatten, Identity, Reshape, Unflatten
from nnspec.layers.families.triangle import Tril, Triu

SUMS = (CumulativeSum, LogSumExp, Mean, Norm, StandardDeviation, Sum, Variance)
# What only moves elements gives them in any type.
MOVES = (
    *(Identity, Flatten, Unflatten, Reshape, Permute, Transpose, Squeeze, Unsqueeze, Rearrange, Detach),
    *(Subscript, Slice, Select, Take, Gather, Split, Chunk, Expand, Tile, RepeatInterleave, Roll, Flip, Tril, Triu),
)

Use = tuple[Call | None, int]  # a call and the index of its input; None for the outputs of the module


class Widths:
    """The wide floats of every module: at first all may be, and those that cannot are struck out."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.sites: dict[str, list[tuple[str, Call]]] = defaultdict(list)  # of a module: where it is applied
        self._uses = {key: _uses(program.modules[key]) for key in program.order}
        self.wide: dict[str, set[str]] = {key: set() for key in program.order}
        modules = [program.modules[key] for key in program.order]
        if not any(_begins(module, call) for module in modules for call in module.calls):
            return
        for key in program.order:
            module = program.modules[key]
            self.wide[key] = {name for name, type in module.values.items() if type.dtype == "float"}
            for call in module.calls:
                if isinstance(call.callee, str):
                    self.sites[call.callee].append((key, call))
        struck = True
        while struck:
            struck = False
            for key in reversed(program.order):
                struck |= self._strike(key)

    def rounded(self, key: str, call: Call) -> tuple[int, ...]:
        """The inputs of a call, by index, that are wide and meet the type of the model there."""
        return tuple(i for i, name in enumerate(call.inputs) if name in self.wide[key] and self._meets(key, call, i))

    def widened(self, key: str, call: Call) -> tuple[int, ...]:
        """The inputs of a call, by index, that become wide there: whole numbers, and what is squared and summed."""
        if isinstance(call.callee, (str, Cast)) or call.outputs[0] not in self.wide[key]:
            return ()
        types = self.program.modules[key].types(call.inputs)
        dtypes = [type.dtype if type is not None else "" for type in types]
        if "float" not in dtypes:
            return tuple(i for i, dtype in enumerate(dtypes) if dtype == "int")
        return tuple(i for i, name in enumerate(call.inputs) if dtypes[i] == "float" and name not in self.wide[key])

    def rounds(self, key: str, output: int) -> bool:
        """Whether a module gives an output in the type of the model: the model itself, and what takes its own."""
        return key == self.program.entry or any(output in self._taken_back(call) for _, call in self.sites[key])

    # --- striking out

    def _strike(self, key: str) -> bool:
        """Strike out what is not wide after all; whether there was any."""
        module, wide = self.program.modules[key], self.wide[key]
        before = len(wide)
        for index, port in enumerate(module.inputs):
            if port.value in wide and not self._input_stays(key, index):
                wide.remove(port.value)
        for call in module.calls:
            for index, name in enumerate(call.outputs):
                if name in wide and not self._output_stays(key, call, index):
                    wide.remove(name)
        return len(wide) < before

    def _input_stays(self, key: str, index: int) -> bool:
        sites = self.sites[key]
        given = all(
            call.inputs[index] in self.wide[above] | {""} and index not in self._taken_back(call).values()
            for above, call in sites
        )
        return bool(sites) and given and self._wanted(key, self.program.modules[key].inputs[index].value)

    def _output_stays(self, key: str, call: Call, index: int) -> bool:
        module = self.program.modules[key]
        if isinstance(call.callee, str):
            inner = self.program.modules[call.callee].outputs[index].value
            return not self.rounds(call.callee, index) and inner in self.wide[call.callee]
        if call.callee.exact or call.callee.weights(*module.types(call.inputs)):
            return False
        floats = [name for name in call.inputs if name and module.values[name].dtype == "float"]
        if not all(name in self.wide[key] for name in floats):
            if _is_square(call):
                return self._is_summed(key, call.outputs[index])
            return isinstance(call.callee, SUMS) and self._wanted(key, call.outputs[index])
        return not _can_be_in_any_type(call) or self._wanted(key, call.outputs[index])

    def _is_summed(self, key: str, name: str) -> bool:
        """Whether all that is done with a value is to sum it."""
        calls = [call for call, _ in self._uses[key][name]]
        return bool(calls) and all(call is not None and isinstance(call.callee, SUMS) for call in calls)

    def _wanted(self, key: str, name: str) -> bool:
        """Whether some use of a value needs it wide."""
        for call, index in self._uses[key][name]:
            if call is None:
                sites = [] if self.rounds(key, index) else self.sites[key]
                if any(self._wanted(above, site.outputs[index]) for above, site in sites):
                    return True
            elif not self._meets(key, call, index):
                return True
        return False

    def _meets(self, key: str, call: Call, index: int) -> bool:
        """Whether an input, if it is wide, meets the type of the model in this call."""
        if call.routed:
            return True
        if isinstance(call.callee, str):
            port = self.program.modules[call.callee].inputs[index]
            return port.value not in self.wide[call.callee]
        if index in call.callee.exact:
            return False
        values = self.program.modules[key].values
        floats = [name for name in call.outputs if values[name].dtype == "float"]
        return bool(floats) and not any(name in self.wide[key] for name in floats)

    def _taken_back(self, call: Call) -> dict[int, int]:
        """The outputs of a module that it takes again, by index, and as which input: they may be of any kind."""
        if call.scan:
            return {each.output: each.input for each in call.scan.carried}
        if call.routed:
            return {0: 0}  # the rows of all experts are one tensor
        return {index: index for index in range(len(call.outputs))} if call.count > 1 else {}


def _begins(module: Module, call: Call) -> bool:
    """Whether a call may give wide floats that come from no other wide ones."""
    if not isinstance(call.callee, Layer) or call.callee.exact or module.values[call.outputs[0]].dtype != "float":
        return False
    if isinstance(call.callee, SUMS):
        return True
    types = module.types(call.inputs)
    return not any(type and type.dtype == "float" for type in types) and not call.callee.weights(*types)


def _is_square(call: Call) -> bool:
    match call.callee:
        case Multiply(scalar=None):
            return len(set(call.inputs)) == 1
        case Power(scalar=2, scalar_first=False):
            return True
    return isinstance(call.callee, Square)


def _can_be_in_any_type(call: Call) -> bool:
    """Whether a call gives the same when its result is made in the type that it would be rounded to."""
    return not any(call.inputs) or isinstance(call.callee, (Cast, *MOVES))


def _uses(module: Module) -> dict[str, list[Use]]:
    uses: dict[str, list[Use]] = {name: [] for name in module.values}
    for call in module.calls:
        for index, name in enumerate(call.inputs):
            if name:
                uses[name].append((call, index))
    for index, port in enumerate(module.outputs):
        uses[port.value].append((None, index))
    return uses
