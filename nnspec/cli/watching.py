"""Drawing anew, on a terminal, whenever a file that was read for it changes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from time import sleep, strftime

import click

from nnspec.diagnostics import SpecError
from nnspec.diagnostics.render import render
from nnspec.elaborate.files import reading

PAUSE = 0.15  # seconds between two looks at the files

# The state of each file: when it was written, its length and its place on the disk; None while there is none.
States = dict[Path, tuple[int, int, int] | None]


def watch(draw: Callable[[], str]) -> None:
    """Print a text now, and again when a spec that was read for it or the terminal's size changes, until Ctrl-C.

    Mistakes take the place of the text, until they are mended.

    Args:
        draw: the text; it reads the specs.

    Raises:
        SpecError: there is a mistake for which no file was read, so that no change would mend it.
    """
    try:
        while True:
            size = shutil.get_terminal_size()
            _wait(_shown(draw), size)
    except KeyboardInterrupt:
        click.echo()


def _shown(draw: Callable[[], str]) -> States:
    """Clear the screen and print; the files that were read, as they were before that."""
    files: States = {}
    with reading(lambda path: files.setdefault(path, _state(path))):
        try:
            text = draw()
        except SpecError as error:
            if not files:
                raise
            text = render(error.found).rstrip("\n")
    click.clear()
    others = f" and {len(files) - 1} more that it reads" if len(files) > 1 else ""
    click.echo(f"{text}\n\n{strftime('%H:%M:%S')} watching {next(iter(files))}{others}; Ctrl-C ends")
    return files


def _wait(shown: States, size: os.terminal_size) -> None:
    """Return when something has changed, and two looks agree on it: no file is half written then."""
    before = shown
    while True:
        now = {path: _state(path) for path in shown}
        if now == before and (now != shown or shutil.get_terminal_size() != size):
            return
        before = now
        sleep(PAUSE)


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
