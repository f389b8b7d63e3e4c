"""`nnspec new`: a spec to begin with."""

from __future__ import annotations

import click

from nnspec.beginning.kinds import KINDS
from nnspec.beginning.write import write_new
from nnspec.cli import completing
from nnspec.cli.columns import columns
from nnspec.cli.hints import hint
from nnspec.cli.options import reporting


def _kinds(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        for line in columns([(kind.name, kind.about) for kind in KINDS]):
            click.echo(line)
        context.exit()


@click.command("new")
@click.argument("name", metavar="NAME")
@click.option("--like", default="cnn", show_default=True, metavar="KIND|MODEL",
              shell_complete=completing.kinds,
              help="A kind of network, which trains as it stands, or a model of the zoo.")  # fmt: skip
@click.option("--kinds", is_flag=True, is_eager=True, expose_value=False, callback=_kinds, help="List the kinds.")
@reporting
def command(name: str, like: str) -> None:
    """Write NAME.nn, a spec to begin with: a network of a kind with its training, or one that begins from the zoo.

    No file is ever overwritten.
    """
    written = write_new(name, like)
    for path in written:
        click.echo(path)
    hint("nnspec", "summary", written[0])
