"""`nnspec check`: every mistake of a spec, and nothing else."""

from __future__ import annotations

import sys

import click

from nnspec.api import Model
from nnspec.cli.options import SpecArguments, show, spec_arguments
from nnspec.cli.settings import load_with_recipe
from nnspec.diagnostics import SpecError
from nnspec.zoo import locate


@click.command("check")
@spec_arguments
@click.option("--format", "format", type=click.Choice(["text", "json"]), default="text", help="How to print.")
@click.option("--json", "format", flag_value="json", help="The same as --format json.")
def command(spec: SpecArguments, format: str) -> None:
    """Check the models of MODEL.nn and its `train` block: exit code 0 if they are sound, 1 with the mistakes.

    --set reaches the parameters of the model and the values of its recipe, as for `nnspec train`. No data is read.
    """
    try:
        model, recipe = load_with_recipe(spec)  # loading shows what there is to be warned of in a model
        models, warnings = [model], model.check(limits=spec.limits, **recipe)
        for name in _others(spec, model):
            models.append(spec.replace(model=name).load())
            warnings += models[-1].check(limits=spec.limits)
    except SpecError as error:
        show(error.found, format)
        sys.exit(1)
    if format == "json":
        show([found for each in models for found in each.found] + warnings, format)
        return
    if warnings:
        show(warnings)
    names = ", ".join(each.name for each in models)
    click.echo(f"{spec.path}: {names} {'are' if len(models) > 1 else 'is'} sound")


def _others(spec: SpecArguments, model: Model) -> list[str]:
    """The further models of a file, where nothing says which one is meant; all but those that wait for arguments."""
    chosen = locate(spec.path, spec.model)[1] is not None or spec.settings or spec.inputs
    definitions = model.declarations.models if model.declarations and not chosen else ()
    return [
        each.name
        for each in definitions
        if each.name != model.name and all(given.default is not None for given in each.declaration.parameters)
    ]
