"""`nnspec summary`: the layers of a model, their shapes and their counts."""

from __future__ import annotations

import shutil
import sys

import click

from nnspec.cli.hints import hint
from nnspec.cli.options import SpecArguments, in_range, reporting, spec_arguments
from nnspec.diagnostics import SpecError
from nnspec.diagnostics.render import render
from nnspec.summary.columns import COLUMNS, chosen

# A terminal that cannot show line drawing gets these instead.
_PLAIN = str.maketrans({"│": "|", "├": "|", "└": "`", "─": "-", "…": "~"})


def _columns(context: click.Context, parameter: click.Parameter, value: str) -> list[str]:
    names = [name.strip() for name in value.split(",") if name.strip()]
    try:
        chosen(names)
    except SpecError as problem:
        raise click.BadParameter(problem.diagnostics[0].message) from None
    return names


@click.command("summary")
@spec_arguments
@click.option("--depth", type=in_range("depth"), metavar="N", help="Levels of the tree to print; all by default.")
@click.option("--batch", type=in_range("batch"), metavar="N", help="Samples for the activation memory; 1 if left out.")
@click.option(
    "--columns", default="", metavar="NAME,NAME", callback=_columns, help=f"Further columns: {', '.join(COLUMNS)}."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, which has all columns.")
@click.option("--watch", "watched", is_flag=True, help="Print anew when the spec or a file that it imports changes.")
@reporting
def command(
    spec: SpecArguments, depth: int | None, batch: int | None, columns: list[str], as_json: bool, watched: bool
) -> None:
    """Print the layers of MODEL.nn with their shapes, parameters and multiply-accumulates.

    Multiply-accumulates (two floating-point operations each) are those of convolutions and of all matrix products, in
    linear and recurrent layers and in attention; they and the memory of all outputs are for one sample.

    With --watch they are printed anew on each change, with mistakes and warnings, until Ctrl-C. A plug-in is imported
    once: start again after a change of it.
    """
    if watched:
        _watch(spec, depth, batch, columns, as_json)
        return
    model = spec.load()
    summary = model.summary(depth=depth, batch=batch)
    if as_json:
        click.echo(summary.to_json(indent=2))
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    click.echo(_writable(summary.table(width, columns)))
    trained = model.declarations is not None and model.declarations.trains
    hint("nnspec", "train" if trained else "draw", spec.path, *([] if trained else ["-o", f"{model.name}.html"]))


def _watch(spec: SpecArguments, depth: int | None, batch: int | None, columns: list[str], as_json: bool) -> None:
    if as_json or not sys.stdout.isatty():
        output = "--json is for programs" if as_json else "standard output is none"
        raise click.UsageError(f"--watch draws on a terminal, and {output}: leave out --watch")
    from nnspec.cli.watching import watch  # most summaries are printed once

    def draw() -> str:
        model = spec.read()
        table = model.summary(depth=depth, batch=batch).table(shutil.get_terminal_size().columns, columns)
        return _writable(f"{table}\n\n{render(model.found)}".rstrip("\n"))

    watch(draw)


def _writable(text: str) -> str:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return text.translate(_PLAIN)
    return text
