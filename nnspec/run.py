"""A run of training as its user sees it: what `Model.train` gives, or what a folder tells. Imports nothing heavy."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Self

from nnspec.arguments import typed
from nnspec.record import Record
from nnspec.train.comparison import read_run
from nnspec.train.settings import BEST, CURVES, LAST


class Run(Record):
    """A run: where it is, what each epoch gave, and the best of them. Wherever its folder is taken, it is, too."""

    folder: Path
    history: tuple[dict[str, float | int | None], ...]  # one row an epoch, as in metrics.csv
    measure: str | None  # what the best weights were chosen by; None where several losses say nothing of that
    best: float | None
    best_epoch: int
    interrupted: int | None = None  # the number of the signal that ended it before its last epoch

    @classmethod
    @typed
    def open(cls, folder: str | PathLike[str]) -> Self:
        """The run that a folder holds, as far as it has come.

        Args:
            folder: of the run.

        Raises:
            SpecError: it holds none, or its files are not those that were written.
        """
        stored = read_run(Path(folder))
        best, epoch = stored.best
        return cls(Path(folder), tuple(map(_whole, stored.history)), stored.settings.measure, best, epoch or 0)

    @property
    def best_weights(self) -> Path:
        """The weights of the best epoch; those of the last one where nothing says which is the best."""
        return self.folder / (LAST if self.best is None else BEST)

    @property
    def last_weights(self) -> Path:
        """The weights of the last epoch."""
        return self.folder / LAST

    def _repr_html_(self) -> str:
        from nnspec.notebook.show import epochs, folded, image  # for notebooks only

        curves = self.folder / CURVES
        shown = image(curves.read_bytes(), "png", "Loss and metrics by epoch") if curves.is_file() else ""
        best = "" if self.best is None else f", best {self.measure} {self.best:.5g} in epoch {self.best_epoch}"
        return folded(f"{self.folder}{best}", shown) + folded("Epochs", epochs(self.history, self.measure))

    def __fspath__(self) -> str:
        return str(self.folder)

    def __repr__(self) -> str:
        found = "" if self.best is None else f", best {self.measure} {self.best:.4f} in epoch {self.best_epoch}"
        count = len(self.history)
        return f"<Run {self.folder}: {count} epoch{'s' if count != 1 else ''}{found}>"


def _whole(row: dict[str, float | None]) -> dict[str, float | int | None]:
    """A row with whole numbers where they are counts, as training gives it."""
    return {name: int(value) if name in ("epoch", "steps") and value is not None else value
            for name, value in row.items()}  # fmt: skip
