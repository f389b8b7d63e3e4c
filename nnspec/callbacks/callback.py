"""The base of callbacks, and what they see of a run: its progress, its steps, epochs, pictures and checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from nnspec.arguments import typed
from nnspec.diagnostics import SpecError
from nnspec.record import Record
from nnspec.registration import BadRegistration, check_classes, check_free

if TYPE_CHECKING:
    from torch import Tensor, nn

Row = Mapping[str, float | int | None]  # of an epoch, as in metrics.csv


class Step(Record):
    """A step that is done."""

    number: int  # in the run, counted from 1
    losses: Mapping[str, Tensor]  # of its batch, by column of the metrics; to read one waits for the device


class Checkpoint(Record):
    """What was written from which the run, or a model of it, can be taken up again."""

    epoch: int  # how many are done
    step: int  # of the next epoch, how many are done
    best: bool  # whether these are the best weights so far
    files: tuple[Path, ...]  # the state, and behind an epoch the weights


class Progress:
    """A run in progress, as callbacks see it."""

    def __init__(
        self, name: str, folder: Path, model: nn.Module, recipe: Mapping[str, object], epochs: int, steps: int
    ) -> None:
        """A run that begins, or goes on.

        Args:
            name: of what is trained.
            folder: of the run.
            model: the module that is trained; a callback that changes it changes the run.
            recipe: its values, as plain data.
            epochs: how many there are to be.
            steps: how many an epoch has.
        """
        self.name = name
        self.folder = folder
        self.model = model
        self.recipe = recipe
        self.epochs = epochs
        self.steps = steps
        self.history: tuple[Row, ...] = ()  # the epochs that are done
        self.stopped = ""  # by whom and why, once a callback has asked for it

    def stop(self, reason: str) -> None:
        """Let the run end after this step or epoch, with its state saved, so that it can be gone on with."""
        self.stopped = reason or "a callback asked for it"


class Callback:
    """The base of callbacks: a subclass overrides what it wants to see.

    Of several processes the first one has callbacks. What one raises ends the run; its last checkpoint is whole.
    """

    packages: ClassVar[tuple[str, ...]] = ()  # that must be installed, by the names that are imported

    def begin(self, run: Progress) -> None:
        """Before the first step, of a run that is resumed, too: `run.history` then has the epochs before."""

    def step(self, run: Progress, step: Step) -> None:
        """After each step."""

    def epoch(self, run: Progress, row: Row) -> None:
        """After each epoch, when its weights are stored."""

    def checkpoint(self, run: Progress, checkpoint: Checkpoint) -> None:
        """After each checkpoint: behind every epoch, and every few minutes within one."""

    def pictures(self, run: Progress, pictures: Mapping[str, Path]) -> None:
        """After pictures were drawn: `curves`, `samples` of what makes pictures, `confusion` of a classifier."""

    def end(self, run: Progress, error: BaseException | None) -> None:
        """When the run ends, by itself or not: `error` is what ended it."""


CALLBACKS: dict[str, type[Callback]] = {}  # by what `--callback` calls them
Registered = TypeVar("Registered", bound=type[Callback])


@typed
def register_callback(word: str) -> Callable[[Registered], Registered]:
    """Register a callback under the word by which `--callback` names it: a decorator for its class.

    Args:
        word: of letters, digits and _.

    Raises:
        SpecError: the word is that of another one, or the class is no callback.
    """

    def register(cls: Registered) -> Registered:
        check_classes([cls], Callback, "callback")
        if not word.isidentifier():
            advice = "register it by a word of letters, digits and _"
            raise SpecError.of(BadRegistration(None, repr(word), "it is no word", advice))
        check_free("callback", word, cls, CALLBACKS)
        CALLBACKS[word] = cls
        return cls

    return register
