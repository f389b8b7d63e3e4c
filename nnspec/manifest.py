"""Files of a folder that belong together: written as one, and known by their SHA-256.

New files wait in a hidden folder until the manifest has their digests. The rename of the manifest is the moment from
which on they count; then they take their places. Whenever the machine stops, `settle` carries through what the manifest
names and removes what it does not. A reader that comes between finds a file or the one before it, and accepts both.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from nnspec.diagnostics import Diagnostic, SpecError
from nnspec.output import UNFINISHED, cannot_write, finish, replacing, sync

MANIFEST = "nnspec-manifest.json"
WAITING = ".unfinished"  # the folder in it of new files


class Damaged(Diagnostic):
    """A file is not the one that was written: its SHA-256 is not that in the `nnspec-manifest.json` beside it.

    `nnspec train` writes such a manifest. A file that was changed on purpose is taken when it lies in another folder,
    without the manifest.
    """

    code = "E0506"
    path: str
    reason: str = "was changed or damaged since it was written"
    advice: str = "take it from a copy of the run; if it was changed on purpose, put it into another folder"

    @property
    def message(self) -> str:
        return f"{self.path} {self.reason}"


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.name:
        raise ValueError(f"{name!r} is no file of the folder")
    return name


class Manifest(BaseModel):
    """The files of a folder by name: the SHA-256 of each, then that of the one before, which may still be there."""

    model_config = ConfigDict(extra="forbid", strict=True)

    files: dict[Annotated[str, AfterValidator(_inside)], Annotated[list[str], Field(min_length=1, max_length=2)]] = {}
    sha256: str = ""  # of the lines above

    def signed(self) -> Manifest:
        """With its own digest."""
        return Manifest(files=self.files, sha256=sha256(json.dumps(self.files).encode()).hexdigest())


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    hashed = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            hashed.update(block)
    return hashed.hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder; one without files where there is none.

    Raises:
        SpecError: it was changed or damaged.
    """
    path = folder / MANIFEST
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return Manifest()
    except (OSError, ValidationError):
        raise SpecError.of(Damaged(None, str(path))) from None
    if manifest != manifest.signed():
        raise SpecError.of(Damaged(None, str(path)))
    return manifest


def check_digest(path: Path) -> None:
    """Check a file against the manifest beside it, if there is one that names it.

    Raises:
        SpecError: it is not the file that was written.
    """
    if not (_as_written(path) or _as_written(path)):  # a run that goes on may replace it between two looks
        raise SpecError.of(Damaged(None, str(path)))


def _as_written(path: Path) -> bool:
    known = read_manifest(path.parent).files.get(path.name)
    if known is not None and not path.is_file():
        raise SpecError.of(_missing(path))
    return known is None or digest(path) in known


def _missing(path: Path) -> Damaged:
    return Damaged(None, str(path), "is missing", "take it from a copy of the run")


@contextmanager
def replacing_together(folder: Path) -> Iterator[Callable[[str], Path]]:
    """A function from the name of a file to the path to write it to; all take their places when the block ends.

    A file of the folder that is not written in the block stays as it is. If there is an exception, all do.

    Raises:
        SpecError: a file cannot be written, or the manifest was damaged.
    """
    waiting: dict[str, Path] = {}

    def path_for(name: str) -> Path:
        waiting[name] = waiting_path(folder, name)
        return waiting[name]

    try:
        yield path_for
        _commit(folder, waiting)
    except OSError as error:
        raise cannot_write(error.filename or folder, error) from None
    finally:
        _discard(folder, waiting)


def waiting_path(folder: Path, name: str) -> Path:
    """Where a file of the folder is written until it counts."""
    path = folder / WAITING / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _commit(folder: Path, waiting: Mapping[str, Path]) -> None:
    before = read_manifest(folder).files
    files = dict(before)
    for name, path in waiting.items():
        finish(path)
        files[name] = [digest(path), *before.get(name, [])[:1]]
    for parent in {parent for path in waiting.values() for parent in path.parents if parent.is_relative_to(folder)}:
        sync(parent)
    with replacing(folder / MANIFEST) as path:
        path.write_text(Manifest(files=files).signed().model_dump_json(indent=1) + "\n", encoding="utf-8")
    for name, path in waiting.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        path.replace(folder / name)


def _discard(folder: Path, waiting: Mapping[str, Path]) -> None:
    """Remove the files that wait in vain; those that the manifest names, where a rename failed, wait for `settle`."""
    left = {name: path for name, path in waiting.items() if path.exists()}
    named = read_manifest(folder).files if left else {}
    if not any(name in named and digest(path) == named[name][0] for name, path in left.items()):
        shutil.rmtree(folder / WAITING, ignore_errors=True)


def settle(folder: Path) -> Manifest:
    """End what a kill left half done: files that the manifest names take their places, others that wait are removed.

    Raises:
        SpecError: a file is missing, or is not the one that was written; or the folder cannot be written.
    """
    manifest = read_manifest(folder)
    try:
        for name, (current, *_) in manifest.files.items():
            _settle(folder / name, folder / WAITING / name, current)
        for stray in list(folder.glob(f".*{UNFINISHED}")):
            stray.unlink()
        if (folder / WAITING).exists():
            shutil.rmtree(folder / WAITING)
    except OSError as error:
        raise cannot_write(error.filename or folder, error) from None
    return manifest


def _settle(path: Path, waiting: Path, current: str) -> None:
    if waiting.is_file() and digest(waiting) == current:
        path.parent.mkdir(parents=True, exist_ok=True)
        waiting.replace(path)
    if not path.is_file():
        raise SpecError.of(_missing(path))
    if digest(path) != current:
        raise SpecError.of(Damaged(None, str(path)))
