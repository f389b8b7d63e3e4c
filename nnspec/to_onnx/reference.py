"""The reference of an export: the results of its PyTorch module on random inputs, in float32 and in float64.

The module is the generated one, with the weights given. It is run on all inputs in float32, which tells the sizes that
PyTorch accepts, and then turned to float64 in place, so that its weights are held once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from nnspec.diagnostics import SpecError
from nnspec.ir import Program
from nnspec.ir.indices import index_bounds
from nnspec.ir.masks import mask_inputs
from nnspec.ir.state import state_dict
from nnspec.layers.families.attention import Attention
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.record import Record
from nnspec.to_onnx.edges import Edge, edges
from nnspec.to_onnx.mistakes import CannotCompare
from nnspec.to_onnx.sample import Sizes, SizeSpace, random_inputs
from nnspec.to_torch.module import build
from nnspec.weights.arrays import Array, Arrays

_INTEGERS = (100, 10, 2, 1)  # bounds to try for an integer input that is not known to be an index
_REFUSALS = 20  # of sizes, before there are held to be none that PyTorch accepts
Outputs = dict[str, Array]
REFUSES = (RuntimeError, ValueError, IndexError)  # what layers raise for sizes or indices that they do not take


class Trial(Record):
    """One comparison: the sizes of the symbols, the inputs, and PyTorch's outputs in float32 and in float64.

    `edge` says what is special about the inputs; where values are `unknown` there is nothing to compute in float64.
    """

    sizes: Sizes
    inputs: dict[str, Array]
    single: dict[str, Array]
    double: dict[str, Array]
    edge: str = ""
    unknown: bool = False

    def exact(self, name: str) -> Array:
        """An output as it should be: in float64, but for what is infinite or no number in float32."""
        single, double = self.single[name], self.double[name]
        return np.asarray(np.where(np.isfinite(single), double, single))

    @property
    def shown(self) -> str:
        """The inputs and their shapes, for messages."""
        shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in self.inputs.items()) or "no inputs"
        return f"{shapes}, {self.edge}" if self.edge else shapes


class Reference:
    """The PyTorch module of a program."""

    def __init__(self, program: Program, arrays: Arrays, limits: Limits = DEFAULT_LIMITS) -> None:
        ports = program.main.inputs
        self.program = program
        self.inputs = {port.name: program.main.values[port.value] for port in ports}
        self.outputs = [port.name for port in program.main.outputs if not port.training]
        self.module = build(program, limits).eval()
        tied = {entry.key: entry.tied_to or entry.key for entry in state_dict(program)}
        self.module.load_state_dict({key: torch.from_numpy(np.array(arrays(owner))) for key, owner in tied.items()})

    def trials(self, count: int, seed: int = 0) -> list[Trial]:
        """Random inputs, `count` of them, at different sizes where there are several, and those of edges.py.

        Each with PyTorch's outputs; the module is in float64 afterwards.

        Raises:
            SpecError: PyTorch runs at no sizes that were tried.
        """
        drawn = self._accepted(count, seed)
        special = list(self._special(*drawn[0][:2], seed))
        self.module.double()
        made = [Trial(sizes, inputs, single, self.run_double(inputs)) for sizes, inputs, single in drawn]
        for sizes, edge, single in special:
            double = single if edge.unknown else self.run_double(edge.inputs)
            made.append(Trial(sizes, edge.inputs, single, double, edge.words, edge.unknown))
        return made

    def _special(self, sizes: Sizes, inputs: dict[str, Array], seed: int) -> Iterator[tuple[Sizes, Edge, Outputs]]:
        """The edges of inputs that PyTorch takes, with its outputs in float32."""
        below = index_bounds(self.program)
        found = [(sizes, edge) for edge in edges(self.inputs, inputs, below, mask_inputs(self.program))]
        for other in SizeSpace(self.program).lopsided() if self._looks_near() else ():
            words = "lengths far apart"
            found.append((other, Edge(words, random_inputs(self.program, other, _INTEGERS[-2], seed))))
        for at, edge in found:
            with suppress(*REFUSES):
                yield at, edge, self._run(edge.inputs)

    def _looks_near(self) -> bool:
        """Whether there is attention within a window, in which a query may be far from all keys."""
        calls = (call for key in self.program.order for call in self.program.modules[key].calls)
        return any(isinstance(call.callee, Attention) and call.callee.window is not None for call in calls)

    def _accepted(self, count: int, seed: int) -> list[tuple[Sizes, dict[str, Array], dict[str, Array]]]:
        """Sizes, inputs and outputs in float32."""
        refused = "it has no sizes at which all of its tensors have elements"
        accepted: list[tuple[Sizes, dict[str, Array], dict[str, Array]]] = []
        for tried, sizes in enumerate(SizeSpace(self.program).choices(seed)):
            for otherwise in _INTEGERS:
                inputs = random_inputs(self.program, sizes, otherwise, seed + tried)
                try:
                    accepted.append((sizes, inputs, self._run(inputs)))
                    break
                except REFUSES as error:
                    refused = str(error).splitlines()[0]
            if len(accepted) == count or tried - len(accepted) >= _REFUSALS:
                break
        if not accepted:
            raise SpecError.of(CannotCompare(None, "PyTorch does not run on random inputs", refused))
        return accepted

    def run_double(self, inputs: dict[str, Array]) -> dict[str, Array]:
        """The outputs in float64; of a module that is.

        Raises:
            SpecError: the spec asks for float32 where it cannot be mixed with float64.
        """
        wide = {name: array.astype(np.float64) if array.dtype.kind == "f" else array for name, array in inputs.items()}
        with _default_dtype(torch.float64):
            try:
                return self._run(wide)
            except REFUSES as error:
                problem = "PyTorch does not run in float64"
                raise SpecError.of(CannotCompare(None, problem, str(error).splitlines()[0])) from None

    @torch.no_grad()
    def _run(self, inputs: dict[str, Array]) -> dict[str, Array]:
        result: Any = self.module(*map(torch.from_numpy, inputs.values()))
        results = result if isinstance(result, tuple) else (result,)
        return {name: value.numpy() for name, value in zip(self.outputs, results, strict=True)}


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """The type of tensors that a forward pass makes from nothing."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


class Recorder(TorchFunctionMode):
    """All floating-point tensors that PyTorch computes while it is active, by their shapes."""

    def __init__(self) -> None:
        super().__init__()
        self.computed: dict[tuple[int, ...], list[Array]] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for each in result if isinstance(result, (tuple, list)) else (result,):
            if isinstance(each, Tensor) and each.is_floating_point():
                self.computed.setdefault(tuple(each.shape), []).append(each.detach().numpy())
        return result


def module_kinds(module: nn.Module) -> dict[str, str]:
    """The class of every module in a module, by its path."""
    return {path: type(inner).__name__ for path, inner in module.named_modules() if path}
