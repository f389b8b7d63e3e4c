"""`nnspec card`: the model card of a run."""

from __future__ import annotations

from pathlib import Path

import click

from nnspec.cli.options import reporting
from nnspec.opening import model_of_run
from nnspec.output import replacing


@click.command("card")
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@click.option("--evaluation", type=click.Path(path_type=Path), metavar="FILE",
              help="The evaluation.json of `nnspec evaluate RUN -o DIR`, whose figures are told, too.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE.md", help="Write it to a file.")
@reporting
def command(run: Path, evaluation: Path | None, output: Path | None) -> None:
    """Write the model card of RUN as Markdown: network, numbers, data, recipe, spec, files.

    What only a person knows, such as the licence and what the model is for, stands there as a line to be filled in.
    """
    from nnspec.card import TO_FILL_IN, card  # here: what `--help` does not need

    text = card(run, model_of_run(run), evaluation)
    if output is None:
        click.echo(text, nl=False)
        return
    with replacing(output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    missing = text.count(TO_FILL_IN)
    click.echo(f"{output}: the card of {run}; {missing} lines of it are to be filled in")
