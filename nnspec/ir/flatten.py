"""Room and a bound for work that must write out repeats: it is counted how much there is before any is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nnspec.diagnostics import Diagnostic, SpecError
from nnspec.ir.program import Program
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.stack import deep_stack


class TooManyLayers(Diagnostic):
    """The network has more layers than should be written out one by one.

    An ONNX graph is flat, and a module of PyTorch holds every layer: `1000000 x Block` becomes a million copies.
    Summary, check and the PyTorch source do not need that and have no such limit.
    """

    code = "E0701"
    model: str
    layers: int
    bound: int

    @property
    def message(self) -> str:
        return f"{self.model} has {self.layers:,} layers when its repeats are written out, more than {self.bound:,}"

    @property
    def help(self) -> str | None:
        return f"raise the limit if this is meant: --limit layers={self.layers}"


@contextmanager
def flattening(program: Program, limits: Limits = DEFAULT_LIMITS) -> Iterator[None]:
    """Room for work that walks every layer of a program, repeats written out.

    The limits have bounded how deep modules are nested, but not to what Python allows by default.

    Raises:
        SpecError: there are more layers than the limit.
    """
    layers, depth = _extent(program)
    if layers > limits.layers:
        raise SpecError.of(TooManyLayers(None, program.main.name, layers, limits.layers))
    with deep_stack(1000 + 10 * depth):
        yield


def _extent(program: Program) -> tuple[int, int]:
    """The number of layers when repeats are written out, and how deep the modules are nested."""
    layers: dict[str, int] = {}
    depths: dict[str, int] = {}
    for key in program.order:
        calls = [call for call in program.modules[key].calls if not call.training]
        layers[key] = sum(call.count * (layers[call.callee] if isinstance(call.callee, str) else 1) for call in calls)
        depths[key] = 1 + max((depths[call.callee] for call in calls if isinstance(call.callee, str)), default=0)
    return layers[program.entry], depths[program.entry]
