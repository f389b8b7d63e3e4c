"""One process at a time has a folder, such as a run's; on Windows, which locks none, that is left to the user."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nnspec.diagnostics import SpecError
from nnspec.train.mistakes import BadRun

if sys.platform != "win32":
    import fcntl

HANDLES: set[int] = set()  # of folders that belong to this process; a process that is forked off has none


@contextmanager
def held(folder: Path, wanted: bool) -> Iterator[None]:
    """The folder of a run belongs to this process while the block runs; a kill frees it.

    Args:
        folder: it exists.
        wanted: False where another process of the same run holds it.

    Raises:
        SpecError: another process has it.
    """
    if not wanted or not folder.is_dir() or sys.platform == "win32":
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    HANDLES.add(handle)
    try:
        _lock(handle, folder)
        yield
    finally:
        HANDLES.discard(handle)
        os.close(handle)


def keep(folder: Path) -> int | None:
    """Let a folder belong to this process until it ends, however it does; what `let_go` takes."""
    if sys.platform == "win32":
        return None
    handle = os.open(folder, os.O_RDONLY)
    HANDLES.add(handle)
    with suppress(OSError):  # a file system without locks
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return handle


def let_go(handle: int | None) -> None:
    """The opposite of `keep`."""
    if handle in HANDLES:
        HANDLES.discard(handle)
        os.close(handle)


def is_left(folder: Path) -> bool:
    """Whether no process has a folder any more; False where that cannot be told."""
    if sys.platform == "win32":
        return False
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError:
        return False
    finally:
        os.close(handle)


def _release() -> None:
    """Close what a forked process has of its parent: a lock lasts as long as any process has it open."""
    while HANDLES:
        os.close(HANDLES.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_release)


def _lock(handle: int, folder: Path) -> None:
    assert sys.platform != "win32"
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        advice = "wait for it to end, or end it with Ctrl-C or `kill`: its state is saved then"
        raise SpecError.of(BadRun(None, str(folder), "another process is training in it", advice)) from None
    except OSError:
        return  # a file system without locks
