"""A line after a command that says what could come next, for a person at a terminal who does not know yet."""

from __future__ import annotations

import os
import shlex
import sys

import click

SILENCE = "NNSPEC_HINTS"  # 0 for a person who knows


def hint(*words: object) -> None:
    """Say which command could come next, by its words; nothing where output goes to a file or a program."""
    if sys.stdout.isatty() and sys.stderr.isatty() and os.environ.get(SILENCE) != "0":
        command = shlex.join(map(str, words))
        click.echo(click.style(f"next: {command}", dim="NO_COLOR" not in os.environ), err=True)
