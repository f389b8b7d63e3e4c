"""`nnspec summary`: the layers of a model, their shapes and their counts."""

from __future__ import annotations

import shutil
import sys

import click

from nnspec.cli.options import SpecArguments, reporting, spec_arguments

# A terminal that cannot show line drawing gets these instead.
_PLAIN = str.maketrans({"│": "|", "├": "|", "└": "`", "─": "-", "…": "~"})


@click.command("summary")
@spec_arguments
@click.option("--depth", type=click.IntRange(min=1), metavar="N", help="Levels of the tree to print; all by default.")
@click.option(
    "--batch", type=click.IntRange(min=1), metavar="N", help="Samples for the activation memory; 1 if left out."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@reporting
def command(spec: SpecArguments, depth: int | None, batch: int | None, as_json: bool) -> None:
    """Print the layers of MODEL.nn with their shapes, parameters and multiply-accumulates."""
    summary = spec.load().summary(depth=depth, batch=batch)
    if as_json:
        click.echo(summary.to_json(indent=2))
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    click.echo(_writable(summary.table(width)))


def _writable(text: str) -> str:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return text.translate(_PLAIN)
    return text
