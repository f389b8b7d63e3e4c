"""`nnspec check`: every mistake of specs, and nothing else."""

from __future__ import annotations

import sys

import click

from nnspec.cli import completing
from nnspec.cli.hints import hint
from nnspec.cli.options import SpecArguments, show, spec_arguments
from nnspec.cli.paths import spec_files
from nnspec.cli.settings import load_with_recipe
from nnspec.diagnostics import Sink, SpecError
from nnspec.diagnostics.diagnostic import Found
from nnspec.elaborate.mistakes import NoSuchModel
from nnspec.zoo import locate

FORMATS = ("text", "json", "github", "sarif")


@click.command("check")
@spec_arguments
@click.argument("others", nargs=-1, metavar="[PATH...]", shell_complete=completing.specs)
@click.option("--format", "format", type=click.Choice(FORMATS), default="text",
              help="Text, JSON, notes for GitHub Actions, or SARIF.")  # fmt: skip
@click.option("--json", "format", flag_value="json", help="The same as --format json.")
def command(spec: SpecArguments, others: tuple[str, ...], format: str) -> None:
    """Check the models of MODEL.nn and its `train` block: exit code 0 if they are sound, 1 with the mistakes.

    More files, and folders with all .nn files below them, may follow. --set reaches the parameters of a model and the
    values of its recipe, as for `nnspec train`. No data is read.
    """
    paths = dict.fromkeys(path for given in (spec.path, *others) for path in spec_files(given))
    sink = Sink()
    for path in paths:
        models, found = _check(spec.replace(path=path))
        if path not in (spec.path, *others) and _has_blocks_only(found):  # one of a folder: others import it
            found = []
        for each in found:
            sink.add(each.diagnostic, each.chain)
        if format == "text" and models:
            click.echo(f"{path}: {', '.join(models)} {'are' if len(models) > 1 else 'is'} sound")
    if format != "text" or sink.found:
        show(sink.found, format)
    if sink.errors:
        sys.exit(1)
    if format == "text" and len(paths) == 1:
        hint("nnspec", "summary", spec.path)


def _check(spec: SpecArguments) -> tuple[list[str], list[Found]]:
    """The models of a file, or none if it has mistakes; and all that was found."""
    try:
        model, recipe = load_with_recipe(spec)
        models, found = [model], [*model.found, *model.check(limits=spec.limits, **recipe)]
        chosen = locate(spec.path, spec.model)[1] is not None or spec.settings or spec.inputs
        for name in () if chosen else model.others:
            models.append(spec.replace(model=name).read())
            found += [*models[-1].found, *models[-1].check(limits=spec.limits)]
    except SpecError as error:
        return [], error.found
    return [each.name for each in models], found


def _has_blocks_only(found: list[Found]) -> bool:
    """Whether a file is sound, but declares no model."""
    return all(isinstance(each.diagnostic, NoSuchModel) and not each.diagnostic.known for each in found)
