"""Folders of pictures, and those that bring a validation part of their own: `train` and `val` side by side."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from nnspec.reading.unreadable import Unreadable
from nnspec.record import Record

# The files in a folder of pictures.
SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm", ".pbm", ".pnm", ".jp2", ".avif"}
)
TRAINING = ("train", "training")
VALIDATED = ("val", "valid", "validation", "dev")
TESTED = ("test", "testing")
PARTS = {"training": TRAINING, "validation": VALIDATED, "test": TESTED}


class FolderParts(Record):
    """The folder of the training part, which is the whole one where there are no parts, and what is held out."""

    training: Path
    validation: Path | None = None
    test: Path | None = None
    others: tuple[str, ...] = ()

    @property
    def found(self) -> dict[str, Path]:
        """Those that there are, the training part first."""
        both = {"validation": self.validation, "test": self.test}
        return {"training": self.training, **{part: folder for part, folder in both.items() if folder is not None}}

    @property
    def folders(self) -> tuple[Path, ...]:
        """Those that are read, the training part first."""
        return tuple(self.found.values())

    def held_out(self, counts: Sequence[int]) -> tuple[int | None, int | None]:
        """The numbers of samples for validation and for the test, from those of all parts."""
        named = dict(zip(self.found, counts, strict=True))
        return named.get("validation"), named.get("test")

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on them for the user."""
        if len(self.found) == 1:
            return ()
        notes = [f"its parts are {', '.join(folder.name for folder in self.folders)}"]
        return (*notes, *([f"folders that are left out: {', '.join(self.others)}"] if self.others else []))


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder, sorted by name, but for those that are hidden."""
    return sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))


def pictures_in(folder: Path) -> list[Path]:
    """The pictures in a folder, sorted by name."""
    return [folder / name for name in files_in(folder)[0]]


def holds_pictures(folder: Path) -> bool:
    """Whether there is a picture in a folder; it is listed as far as the first one."""
    with os.scandir(folder) as entries:
        return any(os.path.splitext(entry.name)[1].lower() in SUFFIXES and entry.is_file() for entry in entries)


def files_in(folder: Path) -> tuple[list[str], list[str]]:
    """The names of the pictures in a folder and of its other files, sorted, but for those that are hidden."""
    pictures, others = [], []
    with os.scandir(folder) as entries:  # a folder of a million files takes a second so, and a minute by paths
        for entry in entries:
            name = entry.name
            if os.path.splitext(name)[1].lower() in SUFFIXES:
                if entry.is_file():
                    pictures.append(name)
            elif not name.startswith(".") and entry.is_file():
                others.append(name)
    return sorted(pictures), sorted(others)


def others_in(folders: Sequence[Path]) -> tuple[str, ...]:
    """A note on files in folders of pictures that are none by their endings; none where there are no such files."""
    return others_note([f"{folder.name}/{name}" for folder in folders for name in files_in(folder)[1]])


def others_note(others: Sequence[str]) -> tuple[str, ...]:
    """The note on such files, by their names."""
    shown = ", ".join(others[:3]) + (", ..." if len(others) > 3 else "")
    return (
        (f"files that are left out, being no pictures by their endings: {shown} ({len(others):,})",) if others else ()
    )


def parts_of(path: Path) -> FolderParts:
    """The parts of a folder; one that is called `train` and holds pictures itself is a class or a field instead."""
    found = {each.name.lower(): each for each in folders_in(path) if not holds_pictures(each)}
    training, validation, test = (
        next((found[name] for name in names if name in found), None) for names in PARTS.values()
    )
    if training is None or (validation is None and test is None):
        return FolderParts(path)
    others = [each.name for each in folders_in(path) if each not in (training, validation, test)]
    return FolderParts(training, validation, test, tuple(others))


def common_names(parts: FolderParts) -> list[str]:
    """The names of the folders in each part: classes, or fields.

    Raises:
        Unreadable: one part has a folder that another does not have.
    """
    names = [folder.name for folder in folders_in(parts.training)]
    for part in parts.folders[1:]:
        held = [folder.name for folder in folders_in(part)]
        _check_alike(parts.training, names, part, held)
        _check_alike(part, held, parts.training, names)
    return names


def _check_alike(one: Path, names: Sequence[str], other: Path, others: Sequence[str]) -> None:
    alone = [name for name in names if name not in others]
    if alone:
        reason = f"{one.name} has {', '.join(alone[:5])}, and {other.name} has not"
        raise Unreadable(reason, f"{one.name} and {other.name} need the same folders")


def file_parts(folder: Path, suffixes: Sequence[str]) -> dict[str, str]:
    """The file of each part in a folder, or a pattern of several: `train.csv`, `val-*.parquet`; none without parts.

    A part is named by the first word of a file's name. A file of no part is of the training part, if there is no other.
    """
    found: dict[str, list[str]] = {}
    for file in sorted(each for each in folder.iterdir() if each.suffix.lower() in suffixes and each.is_file()):
        word = re.split(r"[-_.]", file.name.lower())[0]
        part = next((part for part, words in PARTS.items() if word in words), "")
        found.setdefault(part, []).append(file.name)
    if not found.keys() - {""}:
        return {}
    rest = found.pop("", [])
    if "training" not in found and rest:
        found["training"] = rest
    if "training" not in found or len(found) == 1:
        return {}
    return {part: _pattern(names) for part, names in found.items()}


def _pattern(names: Sequence[str]) -> str:
    """A name, or what several have in common."""
    if len(names) == 1:
        return names[0]
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return f"{''.join(letters[0] for letters in alike)}*{Path(names[0]).suffix}"
