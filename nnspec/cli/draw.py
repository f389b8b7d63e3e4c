"""`nnspec draw`: a model as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from nnspec.cli.options import SpecArguments, in_range, reporting, spec_arguments
from nnspec.cli.standard_output import echo_whole
from nnspec.model import Model
from nnspec.opening import load
from nnspec.picture.networks import networks
from nnspec.picture.opening import view
from nnspec.picture.picture import FORMS, Picture


@click.command("draw")
@spec_arguments
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"Where to; the end of its name says in which form: {', '.join(FORMS)}. SVG is printed if left out.",
)
@click.option(
    "--depth",
    type=in_range("depth"),
    metavar="N",
    help="Levels of blocks to show; if left out, one block of each kind is open, while there is room.",
)
@click.option("--open", "paths", multiple=True, metavar="encoder.0", help="A block to open, with those around it.")
@reporting
def command(spec: SpecArguments, output: Path | None, depth: int | None, paths: tuple[str, ...]) -> None:
    """Draw MODEL.nn: blocks as nested boxes, repeats as one, with shapes and parameters.

    Of a file whose `train` block applies several models, all of those are drawn side by side.
    """
    models = _models(spec)
    picture = Picture([view(model.program, depth, paths) for model in models], models[0].sources)
    if output is None:
        echo_whole(picture.svg(), end="")
    else:
        picture.save(output)


def _models(spec: SpecArguments) -> list[Model]:
    """The model that was asked for, or those that are trained together."""
    model = spec.load()
    if spec.model is not None or spec.settings or spec.inputs:
        return [model]
    others = networks(model.declarations) if model.declarations else []
    return [load(spec.path, name, limits=spec.limits) for name in others] or [model]
