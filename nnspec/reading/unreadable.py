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
    except FileNotFoundError:
        raise Unreadable(MISSING, "check the path") from None
    except OSError as error:
        reason = "it is a folder" if path.is_dir() else f"it cannot be read ({_told(error)})"
        raise Unreadable(reason, "name a file that may be read") from None


def _told(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
