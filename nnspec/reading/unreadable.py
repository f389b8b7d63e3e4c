"""The error of a file that cannot be read; whoever asked for the file makes a diagnostic of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Unreadable(Exception):
    """A file is missing, damaged, too large, or holds something else than it should."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(reason, advice)
        self.reason = reason
        self.advice = advice


MISSING = "there is no such file"
FETCH = "take the file again from where it comes from"


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """Turn the operating system's reason against reading a file into `Unreadable`."""
    try:
        yield
    except OSError as error:
        raise not_opened(path, error) from None


def not_opened(path: Path, error: OSError) -> Unreadable:
    """The operating system's reason against reading a file."""
    if isinstance(error, FileNotFoundError):
        return Unreadable(MISSING, "check the path")
    reason = "it is a folder" if path.is_dir() else f"it cannot be read ({_told(error)})"
    return Unreadable(reason, "name a file that may be read")


def _told(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
