"""A run spread over processes: `Strategy` is one process that has everything, the others are kinds of it.

The batch of a recipe is that of all processes together: each takes its share of every batch and counts in the mean by
its samples. So the loss follows the curve of one process, whatever their number, as long as it is a mean over samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager

from torch import Tensor, nn

from nnspec.diagnostics import Diagnostic, Span
from nnspec.ir import Program
from nnspec.recipe.plan import Plan
from nnspec.record import Record


class NotSpread(Diagnostic):
    """The model, or its recipe, cannot be trained by several processes at once in this way."""

    code = "E0621"
    strategy: str
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return f"--strategy {self.strategy} cannot train this: {self.reason}"


class Share(Record):
    """A process's part of a batch."""

    start: int
    stop: int
    samples: int  # that count


class Strategy:
    """One process, which has all weights and every sample."""

    name: str | None = None
    rank = 0
    processes = 1
    shards = False  # whether a process has parts of weights

    @property
    def leads(self) -> bool:
        """Whether this process writes and prints."""
        return self.rank == 0

    def check(self, plan: Plan, program: Program, sources: dict[str, Span]) -> None:
        """Check that a recipe can be carried out so, before its data is read.

        Args:
            plan: the recipe.
            program: the model.
            sources: a span of each text by its name.

        Raises:
            SpecError: it cannot.
        """

    def spread(self, model: nn.Module, program: Program, read: Set[str], sources: dict[str, Span]) -> None:
        """Leave this process what it keeps of the weights.

        Args:
            model: it has all weights.
            program: what it was made of.
            read: the outputs that the losses read.
            sources: a span of each text by its name.

        Raises:
            SpecError: the model cannot be trained so.
        """

    def computing(self, module: nn.Module) -> nn.Module:
        """A module that is to compute with the weights of the model, which it does not have yet."""
        return module

    def average(self, parameters: Sequence[nn.Parameter]) -> None:
        """Average gradients over the processes, where nothing has done that while they were computed."""

    def network(self, model: nn.Module) -> nn.Module:
        """The module that is called in training instead of the model."""
        return model

    def share(self, count: int) -> Share:
        """The part of a batch of `count` samples."""
        return Share(0, count, count)

    @contextmanager
    def gradients(self, complete: bool) -> Iterator[None]:
        """Around the passes of a part of a batch; complete gradients are averaged over the processes."""
        yield

    def total(self, tensor: Tensor) -> Tensor:
        """The sum over all processes."""
        return tensor

    def any(self, wish: bool) -> bool:
        """Whether any process wishes it."""
        return wish

    def agree(self, text: str) -> str:
        """The text of the first process."""
        return text

    def gathered(self, text: str) -> tuple[str, ...]:
        """The texts of all processes."""
        return (text,)

    def wait(self) -> None:
        """For all processes to come here."""

    def lost(self, error: Exception) -> bool:
        """Whether an error says that another process is there no more."""
        return False

    # --- tensors of a state

    def own(self, tensor: Tensor) -> Tensor:
        """The part of a tensor that this process has."""
        return tensor

    def has_part(self, tensor: Tensor) -> bool:
        """Whether this process has a part of a tensor alone."""
        return False

    def placed(self, own: Tensor, like: Tensor) -> Tensor:
        """The opposite of `own`: a tensor that is spread as another one is; its part, or the whole of it, is given."""
        return own

    def whole(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Tensors with the parts of all processes, in the first one; nothing in the others."""
        return dict(tensors)

    @property
    def state_files(self) -> tuple[int, ...]:
        """The processes whose state this one goes on from; the later ones count where they have the same tensors."""
        return (0,)

    def kept(self, name: str) -> bool:
        """Whether this process writes a tensor of its state."""
        return True
