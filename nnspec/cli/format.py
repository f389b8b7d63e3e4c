"""`nnspec format`: specs written in the one canonical way."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from nnspec.cli import completing
from nnspec.cli.options import reporting
from nnspec.cli.paths import spec_files
from nnspec.cli.standard_output import echo_whole
from nnspec.diagnostics import Sink, Source
from nnspec.elaborate.files import read_source
from nnspec.formatting import format_text
from nnspec.limits import DEFAULT_LIMITS
from nnspec.output import replacing
from nnspec.syntax.parse import parse

STANDARD_INPUT = "-"


@click.command("format")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=completing.specs)
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if a file would be changed.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would be changed.")
@reporting
def command(paths: tuple[str, ...], check: bool, diff: bool) -> None:
    """Format each PATH: a file, a folder with all .nn files below it, or - for standard input.

    Only white space changes: indentation, spaces, blank lines. Line breaks and comments stay. Signs that are set below
    each other with several spaces (`->`, `=`, a comment) stay so.
    """
    formatted = [(source, format_text(source.text)) for source in _sources(paths)]
    changed = [(source, made) for source, made in formatted if made != source.text]
    if diff:
        for source, made in changed:
            _show_changes(source, made)
    elif not check:
        for source, made in changed:
            if source.name != STANDARD_INPUT:
                with replacing(source.name) as temporary:
                    temporary.write_text(made, encoding="utf-8", newline="")
    if STANDARD_INPUT in paths and not (check or diff):
        made = next(made for source, made in formatted if source.name == STANDARD_INPUT)
        echo_whole(made.removesuffix("\n"))
        return
    _report(changed, len(formatted), written=not (check or diff))
    if check and changed:
        sys.exit(1)


def _sources(paths: Sequence[str]) -> Iterator[Source]:
    """The texts of all paths, each once.

    Raises:
        SpecError: one cannot be read, or has mistakes of syntax; all of them are told.
    """
    sink = Sink()
    read: dict[str, Source] = {}
    for path in dict.fromkeys(each for given in paths for each in spec_files(given)):
        if path == STANDARD_INPUT:
            source: Source | None = Source(path, sys.stdin.buffer.read().decode("utf-8", "surrogateescape"))
        else:
            source = read_source(Path(path), path, sink, DEFAULT_LIMITS)
        if source is not None:
            parse(source, sink)
            read[path] = source
    sink.raise_errors()
    yield from read.values()


def _show_changes(source: Source, made: str) -> None:
    import difflib  # for this option only

    old, new = (text.splitlines(keepends=True) for text in (source.text, made))
    echo_whole("".join(difflib.unified_diff(old, new, source.name, f"{source.name}, formatted")).removesuffix("\n"))


def _report(changed: Sequence[tuple[Source, str]], count: int, written: bool) -> None:
    """Say which files were changed, or would be."""
    for source, _ in changed:
        click.echo(f"{'formatted' if written else 'would format'} {source.name}", err=True)
    left = count - len(changed)
    click.echo(f"{left} file{'' if left == 1 else 's'} already formatted", err=True)
