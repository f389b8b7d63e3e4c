"""The learning-rate finder: the loss while the rate rises from step to step, and the rate at which it falls fastest.

The range test of Smith 2017. Nothing is kept of the weights; a run then begins with new ones.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from os import PathLike
from pathlib import Path

from PIL import Image

from nnspec.arguments import typed
from nnspec.diagnostics import Diagnostic, SpecError
from nnspec.output import replacing
from nnspec.record import Record
from nnspec.train.loop import Loop
from nnspec.train.pace import Pace
from nnspec.train.plot import Panel, axis
from nnspec.train.run import Job, placed_in, prepare_job

SMOOTHING = 0.9  # how slowly the smooth loss follows the loss of a step
WORSE = 4.0  # the search ends when the smooth loss is so many times the best one
WIDTH, HEIGHT = 640, 360


class NoRate(Diagnostic):
    """No learning rate can be found: the loss does not fall in the range, or there are several losses.

    A recipe with phases has a rate for each of them, which depend on each other.
    """

    code = "E0473"
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return f"there is no learning rate to be found: {self.reason}"


class Rates(Record):
    """The loss at each learning rate that was tried."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smooth: tuple[float, ...]
    suggestion: float  # where the smooth loss falls fastest
    least: float  # where it is least: a rate for training is well below

    def __repr__(self) -> str:
        tried = f"{self.rates[0]:.2g} to {self.rates[-1]:.2g} in {len(self.rates)} steps"
        return f"<Rates {tried}: the loss falls fastest at {self.suggestion:.2g}>"

    @typed
    def save(self, path: str | PathLike[str]) -> None:
        """Write a picture (.png) or a table (.csv).

        Raises:
            SpecError: the file cannot be written, or the end of its name says neither.
        """
        way = {".png": self._draw, ".csv": self._write}.get(Path(path).suffix.lower())
        if way is None:
            raise SpecError.of(NoRate(None, f"{path} is neither a picture nor a table", "write .png or .csv"))
        with replacing(path) as temporary:
            way(temporary)

    def _draw(self, path: Path) -> None:
        picture = Image.new("RGB", (WIDTH, HEIGHT), "white")
        first, low = self.smooth[0], min(self.losses)
        shown = [low, *(loss for loss in self.losses if loss <= first + (first - low) / 4)]
        panel = Panel(picture, (0, 0, WIDTH, HEIGHT), axis("learning rate", self.rates, log=True), axis("loss", shown))
        tried = zip(self.rates, self.losses, strict=True)
        panel.dots((point for point in tried if point[1] <= max(shown)), (174, 199, 232), 2)
        panel.line(list(zip(self.rates, self.smooth, strict=True)))
        panel.mark(self.suggestion, f"{self.suggestion:.2g}")
        picture.save(path, "PNG")

    def _write(self, path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["learning_rate", "loss", "smooth_loss"])
            writer.writerows(zip(self.rates, self.losses, self.smooth, strict=True))


def find_rates(job: Job, lowest: float, highest: float, steps: int) -> Rates:
    """Try learning rates from the lowest to the highest, each for one batch.

    Raises:
        SpecError: the recipe or the data are wrong, the loss falls nowhere, or there are several losses.
    """
    with placed_in(job.manner) as (device, strategy):
        prepared = prepare_job(job, device, strategy)
        if len(prepared.task.phases) > 1:
            raise SpecError.of(NoRate(None, "the recipe has several losses", "try rates with `nnspec sweep`"))
        loop = Loop(prepared.task, "", lambda: False)
        rates, losses, smooth = [], [], []
        for rate, loss, mean in _tried(loop, lowest, highest, steps):
            rates.append(rate)
            losses.append(loss)
            smooth.append(mean)
    best = min(range(len(smooth)), key=smooth.__getitem__, default=0)
    if best < 2:
        raise SpecError.of(NoRate(None, f"the loss falls nowhere from {lowest:g} to {highest:g}",
                                  "begin with a lower rate, or look at the loss"))  # fmt: skip
    falls = [smooth[index - 1] - smooth[index + 1] for index in range(1, best)]
    steepest = 1 + max(range(len(falls)), key=falls.__getitem__)
    return Rates(tuple(rates), tuple(losses), tuple(smooth), rates[steepest], rates[best])


def _tried(loop: Loop, lowest: float, highest: float, steps: int) -> Iterator[tuple[float, float, float]]:
    """Rates with the loss of a batch, and a smooth one; until the loss is far from its best."""
    turns, factor = loop.turns[0], (highest / lowest) ** (1 / max(1, steps - 1))
    turns.pace = lambda step: Pace(lowest * factor**step)
    mean, best = 0.0, math.inf
    done = 0
    while done < steps:
        for _ in loop.again():
            loss = turns.losses[loop.position.step - 1].item()
            mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
            smooth = mean / (1 - SMOOTHING ** (done + 1))
            if not math.isfinite(loss) or smooth > WORSE * best > 0:
                return
            best = min(best, smooth)
            yield lowest * factor**done, loss, smooth
            done += 1
            if done == steps:
                return
        loop.position.epoch += 1
        loop.position.step = 0
