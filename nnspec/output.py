"""Writing files so that nothing is ever half-written: a temporary name beside the target, then one rename.

Both are brought to the disk, the contents before the rename and the folder after it: a file that was written stays
written when the power fails. A symbolic link is followed, so that it stays one; into a pipe or a device, which no file
can take the place of, the finished contents are copied. `nnspec/manifest.py` does the same for several files that
belong together.
"""

from __future__ import annotations

import errno
import glob
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from nnspec.diagnostics import Diagnostic, SpecError

_HOST = "" if sys.platform == "win32" else os.uname().nodename
UNFINISHED = ".part"  # the end of the names of files that have not taken their places


class CannotWrite(Diagnostic):
    """An output cannot be written: its folder does not exist or may not be written, or the disk is full."""

    code = "E0502"
    path: str
    reason: str
    advice: str = "name a file in a folder that exists and may be written, on a disk with room"

    @property
    def message(self) -> str:
        return f"cannot write {self.path}: {self.reason}"


def cannot_write(path: str | PathLike[str], error: OSError) -> SpecError:
    """The operating system's reason against writing a file, as a mistake."""
    return SpecError.of(CannotWrite(None, str(path), (error.strerror or str(error)).lower()))


@contextmanager
def replacing(path: str | PathLike[str]) -> Iterator[Path]:
    """A temporary path to write to; it takes the place of `path` when the block ends without an exception.

    Raises:
        SpecError: the file cannot be written.
    """
    try:
        target = destination(path)
        special = is_special(target)
        temporary = reserve(Path(tempfile.gettempdir()) / target.name if special else target)
    except OSError as error:
        raise cannot_write(path, error) from None
    try:
        yield temporary
        if special:
            _copy(temporary, target)
        else:
            finish(temporary)
            temporary.replace(target)
            sync(target.parent)
    except OSError as error:
        raise cannot_write(path, error) from None
    finally:
        temporary.unlink(missing_ok=True)


def destination(path: str | PathLike[str]) -> Path:
    """Where what is written to a path goes: behind its symbolic links."""
    return Path(os.path.realpath(path))


def is_special(target: Path) -> bool:
    """Whether it is there and neither a file nor a folder: a pipe, a terminal, /dev/null.

    Raises:
        OSError: it is a folder, or a chain of links without an end.
    """
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    return not stat.S_ISREG(mode)


def _copy(source: Path, target: Path) -> None:
    """The bytes of a file into a pipe or a device."""
    with source.open("rb") as contents, target.open("wb", buffering=0) as file:
        shutil.copyfileobj(contents, file)


def reserve(target: Path) -> Path:
    """An empty file beside the target, under a name that nobody has; those that killed processes left are removed."""
    stem, host = f".{target.name[:40]}.", _HOST[:20]  # names end at 255 bytes
    for left in target.parent.glob(f"{glob.escape(stem + host)}-*{UNFINISHED}"):
        process = left.name.removeprefix(f"{stem}{host}-").partition("-")[0]
        if process.isdecimal() and _is_over(int(process)):
            left.unlink(missing_ok=True)
    prefix = f"{stem}{host}-{os.getpid()}-"
    handle, name = tempfile.mkstemp(prefix=prefix, suffix=UNFINISHED, dir=target.parent)
    os.close(handle)
    return Path(name)


def _is_over(process: int) -> bool:
    """Whether a process of this machine has ended."""
    if sys.platform == "win32":  # where signal 0 is not a question
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:  # it is another user's
        return False
    return False


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
