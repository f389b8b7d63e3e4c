"""Trials of a search that several processes share: each belongs to one, until that one ends; then to who claims it.

The claim of a trial is a lock on a file, which a kill frees. So a trial that was left is taken up again, as the run
that it is, and none is lost or done twice.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

PAUSE = 0.01  # seconds between looks at a lock that another process has


class FileLock:
    """A lock on a file, which belongs to one process at a time; on Windows, whose files have other locks, to all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.handle: int | None = None

    def acquire(self) -> bool:
        """Wait for the lock."""
        while not self.claim():
            time.sleep(PAUSE)
        return True

    def claim(self) -> bool:
        """Take the lock if it is free."""
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        if sys.platform != "win32":
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                return False
            except OSError:
                pass  # a file system without locks
        self.handle = handle
        return True

    def release(self) -> None:
        """Free it."""
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """No other process is inside such a block for this file."""
    lock = FileLock(path)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()
