"""`nnspec check`: every mistake of a spec, and nothing else."""

from __future__ import annotations

import sys

import click

from nnspec.cli.options import SpecArguments, show, spec_arguments
from nnspec.cli.settings import load_with_recipe
from nnspec.diagnostics import SpecError


@click.command("check")
@spec_arguments
@click.option("--format", "format", type=click.Choice(["text", "json"]), default="text", help="How to print.")
@click.option("--json", "format", flag_value="json", help="The same as --format json.")
def command(spec: SpecArguments, format: str) -> None:
    """Check MODEL.nn and its `train` block: exit code 0 if it is sound, 1 with its mistakes.

    --set reaches the parameters of the model and the values of its recipe, as for `nnspec train`. No data is read.
    """
    try:
        model, recipe = load_with_recipe(spec)
        warnings = model.check(limits=spec.limits, **recipe)
    except SpecError as error:
        show(error.found, format)
        sys.exit(1)
    if format == "json":
        show([*model.found, *warnings], format)
    else:
        if warnings:
            show(warnings)
        click.echo(f"{spec.path}: {model.name} is sound")
