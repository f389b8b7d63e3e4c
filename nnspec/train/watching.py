"""The callbacks of a run at work: each is told what happens, and what one raises ends the run with its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from nnspec.callbacks.callback import Callback, Checkpoint, Progress, Row, Step
from nnspec.callbacks.mistakes import CallbackFailed
from nnspec.diagnostics import SpecError
from nnspec.raised import place_of
from nnspec.train.loop import Loop
from nnspec.train.prepare import Prepared
from nnspec.train.settings import BEST, CURVES, LAST
from nnspec.train.state import STATE

PICTURES = (CURVES, "samples.png", "confusion.png")


class Watching:
    """All callbacks of a run; of several processes the first one has some."""

    def __init__(self, callbacks: Sequence[Callback], prepared: Prepared, loop: Loop, folder: Path) -> None:
        self.callbacks = callbacks
        self.loop = loop
        epochs, recipe = prepared.task.recipe.epochs, prepared.plan.to_json()
        self.run = Progress(prepared.name, folder, prepared.task.model, recipe, epochs, loop.steps)
        self.steps = [each for each in callbacks if type(each).step is not Callback.step]
        if self.steps:  # what nobody looks at costs no time
            loop.seen = self._step

    @property
    def stopped(self) -> str:
        """The reason for which a callback wants the run to end; empty for none."""
        return self.run.stopped

    def __enter__(self) -> None:
        """The run begins, or goes on."""
        self.run.history = tuple(self.loop.position.history)
        self._tell("begin", self.callbacks, lambda each: each.begin(self.run))

    def epoch(self, row: Row) -> None:
        """An epoch is done."""
        self.run.history = tuple(self.loop.position.history)
        self._tell("epoch", self.callbacks, lambda each: each.epoch(self.run, row))

    def checkpoint(self, best: bool = False, *, whole: bool) -> None:
        """The state is saved; behind a `whole` epoch with the weights."""
        position = self.loop.position
        names = (STATE, *((LAST,) if whole else ()), *((BEST,) if best else ()))
        written = Checkpoint(position.epoch, position.step, best, tuple(self.run.folder / name for name in names))
        self._tell("checkpoint", self.callbacks, lambda each: each.checkpoint(self.run, written))

    def pictures(self) -> None:
        """Pictures are drawn."""
        found = {Path(name).stem: self.run.folder / name for name in PICTURES if (self.run.folder / name).exists()}
        self._tell("pictures", self.callbacks, lambda each: each.pictures(self.run, found))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The run ends; of those that fail now the first is told, where nothing else is."""
        failed: list[SpecError] = []
        for callback in self.callbacks:
            try:
                self._tell("end", [callback], lambda each: each.end(self.run, error))
            except SpecError as problem:
                failed.append(problem)
        if failed and error is None:
            raise failed[0]

    def _step(self) -> None:
        loop = self.loop
        index = loop.position.step - 1
        number = loop.position.epoch * loop.steps + index
        losses = {turns.phase.column: turns.losses[index] for turns in loop.turns if turns.acts(number)}
        done = Step(number + 1, losses)
        self._tell("step", self.steps, lambda each: each.step(self.run, done))

    def _tell(self, moment: str, callbacks: Sequence[Callback], tell: Callable[[Callback], None]) -> None:
        """Tell callbacks.

        Raises:
            SpecError: one fails.
        """
        for callback in callbacks:
            try:
                tell(callback)
            except SpecError:
                raise
            except Exception as error:  # whatever the code of a callback raises
                name, folder = type(callback).__name__, str(self.run.folder)
                raise SpecError.of(CallbackFailed(None, name, moment, place_of(error), folder)) from error
