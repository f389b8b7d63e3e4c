"""What a person sees of a run: a bar where there is a terminal, otherwise one line an epoch."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

INTERVAL = 0.2  # seconds between looks at the loss: on a GPU each waits for the work to be done


class Display(Protocol):
    """Where a run tells what it does."""

    def say(self, text: str) -> None:
        """A line of text."""

    def due(self) -> bool:
        """Whether it is time for a `step`."""

    def step(self, done: int, total: int, loss: float, throughput: float) -> None:
        """So many steps of the run are done; samples a second."""

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        """An epoch is done."""

    def __enter__(self) -> Display: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def show_row(row: dict[str, Any], epochs: int) -> str:
    """`epoch  3/30  loss 0.1234  accuracy 0.9711`."""
    width = len(str(epochs))
    parts = [f"epoch {row['epoch']:>{width}}/{epochs}"]
    for name, value in row.items():
        if name in ("epoch", "steps", "learning_rate", "samples_per_second") or value is None:
            continue
        parts.append(f"{name} {value:.1f} s" if name == "seconds" else f"{name} {value:.4f}")
    parts.append(f"{row['samples_per_second']:,.0f} samples/s")
    return "  ".join(parts).replace("seconds ", "")


class Silent:
    """Nothing is shown."""

    def say(self, text: str) -> None:
        """A line of text."""

    def due(self) -> bool:
        """Never."""
        return False

    def step(self, done: int, total: int, loss: float, throughput: float) -> None:
        """Nothing."""

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        """Nothing."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is open."""


class Lines(Silent):
    """One line an epoch: for files, pipes and notebooks."""

    def __init__(self) -> None:
        self.console = Console(highlight=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """A line of text."""
        self.console.print(text, markup=False)

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        """One line."""
        self.say(show_row(row, epochs))


class Bar(Lines):
    """A bar with the loss, the throughput and the time left; epochs are lines above it."""

    def __init__(self) -> None:
        super().__init__()
        columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
        self.progress = Progress(*columns, console=self.console, transient=True, refresh_per_second=5)
        self.task: TaskID | None = None
        self.next = 0.0

    def due(self) -> bool:
        """Every so often."""
        now = time.perf_counter()
        if now < self.next:
            return False
        self.next = now + INTERVAL
        return True

    def step(self, done: int, total: int, loss: float, throughput: float) -> None:
        """Move the bar."""
        text = f"step {done}/{total}  loss {loss:.4f}  {throughput:,.0f} samples/s"
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
    """What fits where the program runs."""
    if quiet:
        return Silent()
    return Bar() if Console().is_terminal else Lines()
