"""Standard output that is closed, full or in a narrow encoding: one line says so, and the exit code is 1.

What is written for a person is written with escapes where the encoding lacks a character; what is the content of a file
is written whole or not at all (`echo_whole`).
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from nnspec.diagnostics import SpecError
from nnspec.diagnostics.diagnostic import Diagnostic

STANDARD_OUTPUT = "standard output"


class CannotEncode(Diagnostic):
    """A text has characters that the encoding of standard output lacks, such as an arrow in Latin-1."""

    code = "E0510"
    encoding: str
    character: str

    @property
    def message(self) -> str:
        return f"cannot write {STANDARD_OUTPUT}: its encoding {self.encoding} has no {self.character!r}"

    @property
    def help(self) -> str | None:
        return "set PYTHONIOENCODING=utf-8, or write to a file"


class _Closed(io.TextIOBase):
    """Standard output where there is none: Python has None in its place then."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        raise OSError(errno.EBADF, "it is closed")


@contextmanager
def standard_output() -> Iterator[None]:
    """Commands write to standard output in this block.

    Raises:
        SpecError: it cannot be written.
    """
    if sys.stdout is None:
        sys.stdout = _Closed()
    elif isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        yield
    except OSError as error:
        # Files have been reported with their names where they are written. A pipe whose reader has gone is click's.
        if error.filename is not None or error.errno == errno.EPIPE:
            raise
        from nnspec.output import CannotWrite  # here: most runs can print

        _forget()
        reason = (error.strerror or str(error)).lower()
        raise SpecError.of(
            CannotWrite(None, STANDARD_OUTPUT, reason, "send it to a file or a pipe with room")
        ) from None


def _forget() -> None:
    """Let what is left in the buffer go nowhere: Python would try it again at its end, with a traceback."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # it has no file, being closed or a test's
        return


def echo_whole(text: str, *, end: str = "\n") -> None:
    """Print the content of a file.

    Raises:
        SpecError: the encoding of standard output lacks a character of it.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError as error:
        raise SpecError.of(CannotEncode(None, encoding, text[error.start])) from None
    click.echo(text + end, nl=False)
