"""The display of a run: a bar where there is a terminal, otherwise a line an epoch, and one a minute."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from nnspec.train.clock import Clock, show_time

# Seconds between looks at the loss: on a GPU each waits for the work to be done.
TERMINAL, FILE = 0.2, 60.0
NOT_SHOWN = frozenset({"epoch", "steps", "learning_rate", "samples_per_second", "seconds"})


class Display(Protocol):
    """Where a run tells what it does."""

    def say(self, text: str) -> None:
        """A line of text."""

    def reading(self, done: int, total: int) -> None:
        """Samples are read into memory: `done` of `total`."""

    def due(self) -> bool:
        """Whether it is time for a `step`."""

    def step(self, done: int, total: int, losses: dict[str, float], throughput: float) -> None:
        """Show that `done` steps of `total` are done."""

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        """An epoch is done."""

    def __enter__(self) -> Display: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def show_values(row: dict[str, Any]) -> list[str]:
    """`loss 0.1234`, `accuracy 0.9711`."""
    return [f"{name} {value:.4f}" for name, value in row.items() if name not in NOT_SHOWN and value is not None]


def show_row(row: dict[str, Any], epochs: int) -> str:
    """`epoch  3/30  loss 0.1234  accuracy 0.9711  1.2 s  12,345 samples/s`."""
    ends = [f"{row['seconds']:.1f} s", f"{row['samples_per_second']:,.0f} samples/s"]
    return "  ".join([f"epoch {row['epoch']:>{len(str(epochs))}}/{epochs}", *show_values(row), *ends])


class Silent:
    """Nothing is shown."""

    def say(self, text: str) -> None:
        """A line of text."""

    def reading(self, done: int, total: int) -> None:
        """Nothing."""

    def due(self) -> bool:
        """Never."""
        return False

    def step(self, done: int, total: int, losses: dict[str, float], throughput: float) -> None:
        """Nothing."""

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        """Nothing."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is open."""


SILENT = Silent()


class LineDisplay(Silent):
    """A line an epoch, and in long ones a line a minute: for files, pipes and notebooks."""

    interval = FILE

    def __init__(self) -> None:
        self.console = Console(highlight=False, soft_wrap=True)
        self.judged: list[str] = []  # metrics of the last epoch
        self.clock = Clock(self.interval)
        self.began: tuple[float, int] | None = None  # when the first look was, and at which step

    def say(self, text: str) -> None:
        """A line of text."""
        self.console.print(text, markup=False)

    def reading(self, done: int, total: int) -> None:
        """One line, every so often."""
        if self.clock.due():
            self.say(f"read {done:,} of {total:,} samples")

    def due(self) -> bool:
        """Every so often."""
        return self.clock.due()

    def step(self, done: int, total: int, losses: dict[str, float], throughput: float) -> None:
        """One line, with the time that is left."""
        now = time.perf_counter()
        began, first = self.began = self.began or (now, done)
        text = self.describe(done, total, losses, throughput)
        left = (now - began) / (done - first) * (total - done) if done > first else None
        self.say(text if left is None else f"{text}  {show_time(left)} left")

    def describe(self, done: int, total: int, losses: dict[str, float], throughput: float) -> str:
        """Where the run is."""
        shown = [f"step {done}/{total}", *show_values(losses), *self.judged, f"{throughput:,.0f} samples/s"]
        return "  ".join(shown)

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        """One line."""
        self.judged = show_values({name: value for name, value in row.items() if not name.endswith("loss")})
        self.say(show_row(row, epochs))


class Bar(LineDisplay):
    """A bar with the loss, the last metrics, the throughput and the time left; epochs are lines above it."""

    interval = TERMINAL

    def __init__(self) -> None:
        super().__init__()
        columns = (BarColumn(20), TextColumn("{task.description}"), TimeRemainingColumn())
        self.progress = Progress(*columns, console=self.console, transient=True, refresh_per_second=5)
        self.task: TaskID | None = None
        self.read: TaskID | None = None  # while samples are read into memory

    def reading(self, done: int, total: int) -> None:
        """A bar of its own, until all is read."""
        if done == total:
            if self.read is not None:
                self.progress.remove_task(self.read)
                self.read = None
        elif self.clock.due():
            if self.read is None:
                self.read = self.progress.add_task("read", total=total)
            self.progress.update(self.read, completed=done, description=f"read {done:,} of {total:,} samples")

    def step(self, done: int, total: int, losses: dict[str, float], throughput: float) -> None:
        """Move the bar."""
        text = self.describe(done, total, losses, throughput)
        if self.task is None:
            self.task = self.progress.add_task(text, total=total, completed=done)
        self.progress.update(self.task, completed=done, description=text)

    def __enter__(self) -> Bar:
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()


def display(quiet: bool) -> Display:
    """The display that suits the place where the program runs."""
    if quiet:
        return Silent()
    return Bar() if Console().is_terminal else LineDisplay()
