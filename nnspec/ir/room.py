"""Whether there is room for a network, known from its shapes before anything of it is made."""

from __future__ import annotations

from collections.abc import Iterator

from nnspec.diagnostics import Diagnostic, SpecError
from nnspec.ir.program import Program
from nnspec.ir.state import layer_weights, state_dict, totals
from nnspec.layers.base import Layer
from nnspec.layers.computed import Computed
from nnspec.layers.tensor_type import TensorType
from nnspec.limits import DEFAULT_LIMITS, Limits

GIB = 1 << 30


class TooMuchMemory(Diagnostic):
    """A network takes more memory than there is.

    It is counted before it is built: the weights, what training keeps for each of them, and the largest value whose
    size is a number. Summary, check and the PyTorch source need none of that. The limit is the memory of the machine,
    or of the container that the program runs in.
    """

    code = "E0256"
    model: str
    what: str
    bytes: int
    bound: int
    largest: str  # what takes the most

    @property
    def message(self) -> str:
        needed, there = (f"{number / GIB:,.1f} GiB" for number in (self.bytes, self.bound))
        return f"{self.model} takes {needed} for {self.what}, and {there} may be used"

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"the most is taken by {self.largest}",)

    @property
    def help(self) -> str | None:
        return f"make it smaller, or raise the limit if this is meant: --limit memory={self.bytes}"


def need_memory(program: Program, limits: Limits = DEFAULT_LIMITS, copies: int = 1, what: str = "its weights") -> None:
    """Check that a network can be held.

    Args:
        program: the network.
        limits: how much memory may be used.
        copies: how many numbers there are for each weight; training keeps gradients and averages.
        what: what they are, for the message.

    Raises:
        SpecError: it takes more.
    """
    weights = totals(program)[program.entry].bytes
    value, size = _largest_value(program)
    if copies * weights + size <= limits.memory:
        return
    largest = value
    if weights >= size:
        entry = max(state_dict(program), key=lambda entry: entry.weight.bytes)
        largest = f"{entry.key} [{', '.join(map(str, entry.weight.shape))}]"
    needed = copies * weights + size
    raise SpecError.of(TooMuchMemory(None, program.main.name, what, needed, limits.memory, largest))


def _largest_value(program: Program) -> tuple[str, int]:
    """The value of the most bytes, of those whose sizes are numbers; what is computed for a buffer counts, too."""
    known = ((f"{name} {type}", size) for name, type in _values(program) if isinstance(size := type.bytes, int))
    return max(known, key=lambda found: found[1], default=("", 0))


def _values(program: Program) -> Iterator[tuple[str, TensorType]]:
    for module in program.modules.values():
        yield from module.values.items()
        for call in module.calls:
            for weight in layer_weights(module, call) if isinstance(call.callee, Layer) else ():
                if isinstance(weight.initial.value, Computed):
                    yield from ((str(call.label), type) for type in weight.initial.value.types)
