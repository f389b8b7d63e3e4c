"""Writing files so that nothing is ever half-written: a temporary name beside the target, then one rename."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nnspec.diagnostics import Diagnostic, SpecError


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


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path to write to; it takes the place of `path` when the block ends without an exception.

    Raises:
        SpecError: the file cannot be written.
    """
    target = Path(path)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise SpecError.of(CannotWrite(None, str(path), (error.strerror or str(error)).lower())) from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _sync(temporary)
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp makes files that nobody else may read
        temporary.replace(target)
    except OSError as error:
        raise SpecError.of(CannotWrite(None, str(path), (error.strerror or str(error)).lower())) from None
    finally:
        temporary.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
