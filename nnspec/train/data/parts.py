"""Folders that bring a validation part of their own: `train` and `val` (or `validation`, `test`) side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from nnspec.diagnostics import Span
from nnspec.record import Record
from nnspec.train.data.fail import refuse

TRAINING = ("train", "training")
HELD_OUT = ("val", "valid", "validation", "dev", "test", "testing")  # the first that is there is held out


class Parts(Record):
    """The folder of the training part, which is the whole one where there are no parts, and what is held out."""

    training: Path
    validation: Path | None = None
    others: tuple[str, ...] = ()

    @property
    def folders(self) -> tuple[Path, ...]:
        """Those that are read, the training part first."""
        return (self.training,) if self.validation is None else (self.training, self.validation)

    @property
    def notes(self) -> tuple[str, ...]:
        """What its user should know of them."""
        if self.validation is None:
            return ()
        found = [f"held out is its own part {self.validation.name}, and not a share of {self.training.name}"]
        return (*found, *([f"folders that are left out: {', '.join(self.others)}"] if self.others else []))


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder, sorted by name, but for those that are hidden."""
    return sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))


def parts_of(path: Path, holds_samples: Callable[[Path], bool]) -> Parts:
    """The parts of a folder; a folder that is called `train` and holds samples itself is none, but a class."""
    found = {each.name.lower(): each for each in folders_in(path) if not holds_samples(each)}
    training = next((found[name] for name in TRAINING if name in found), None)
    validation = next((found[name] for name in HELD_OUT if name in found), None)
    if training is None or validation is None:
        return Parts(path)
    others = [each.name for each in folders_in(path) if each not in (training, validation)]
    return Parts(training, validation, tuple(others))


def check_alike(parts: Parts, training: Sequence[str], validation: Sequence[str], span: Span | None) -> None:
    """Check that both parts have folders of the same names.

    Raises:
        SpecError: one has a folder that the other does not have.
    """
    for one, other, names, held in (
        (parts.training, parts.validation, training, validation),
        (parts.validation, parts.training, validation, training),
    ):
        alone = [name for name in names if name not in held]
        if alone and one is not None and other is not None:
            reason = f"{one.name} has {', '.join(alone[:5])}, and {other.name} has not"
            refuse(one.parent, reason, f"{one.name} and {other.name} need the same folders", span)
