"""`nnspec check`: every mistake of a spec, and nothing else."""

from __future__ import annotations

import sys

import click

from nnspec.cli.options import SpecArguments, show, spec_arguments
from nnspec.diagnostics import SpecError
from nnspec.elaborate.plan import read_plan


@click.command("check")
@spec_arguments
@click.option("--format", "format", type=click.Choice(["text", "json"]), default="text", help="How to print.")
def command(spec: SpecArguments, format: str) -> None:
    """Check MODEL.nn: exit code 0 if it is sound, 1 with its mistakes."""
    try:
        model = spec.load()
        if model.declarations is not None and model.declarations.trains:
            read_plan(model.declarations, model.name, limits=spec.limits)
    except SpecError as error:
        show(error.found, format)
        sys.exit(1)
    if format == "json":
        show(model.found, format)
    else:
        click.echo(f"{spec.path}: {model.name} is sound")
