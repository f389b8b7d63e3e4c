"""Writing files so that nothing is ever half-written: a temporary name beside the target, then one rename.

Both are brought to the disk, the contents before the rename and the folder after it: a file that was written stays
written when the power fails. `nnspec/manifest.py` does the same for several files that belong together.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nnspec.diagnostics import Diagnostic, SpecError

UNFINISHED = ".part"  # the end of the names of files that have not taken their places


class CannotWrite(Diagnostic):
    """An output cannot be written: its folder does not exist or may not be written, or the disk is full."""

    code = "E0502"
    path: str
    reason: str

    @property
    def message(self) -> str:
        return f"cannot write {self.path}: {self.reason}"

    @property
    def help(self) -> str | None:
        return "name a file in a folder that exists and may be written, on a disk with room"


def cannot_write(path: str | Path, error: OSError) -> SpecError:
    """What the operating system says against writing a file, as a mistake."""
    return SpecError.of(CannotWrite(None, str(path), (error.strerror or str(error)).lower()))


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path to write to; it takes the place of `path` when the block ends without an exception.

    Raises:
        SpecError: the file cannot be written.
    """
    target = Path(path)
    try:
        temporary = reserve(target)
    except OSError as error:
        raise cannot_write(path, error) from None
    try:
        yield temporary
        finish(temporary)
        temporary.replace(target)
        sync(target.parent)
    except OSError as error:
        raise cannot_write(path, error) from None
    finally:
        temporary.unlink(missing_ok=True)


def reserve(target: Path) -> Path:
    """An empty file beside the target, under a name that nobody has."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=UNFINISHED, dir=target.parent)
    os.close(handle)
    return Path(name)


def finish(path: Path) -> None:
    """Bring a file that is written to the disk, and let those read it who may read new files."""
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(0o666 & ~umask)  # mkstemp, and safetensors, make files that nobody else may read
    sync(path)


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
