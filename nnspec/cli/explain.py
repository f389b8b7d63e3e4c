"""`nnspec explain`: the page of a mistake's code or of a layer, or the numbers of a layer of a model."""

from __future__ import annotations

import click

from nnspec.cli import completing
from nnspec.cli.options import SpecArguments, input_shapes, reporting, spec_settings
from nnspec.explain import contents, explain


@click.command("explain")
@click.argument("word", required=False, metavar="[WORD | MODEL.nn]", shell_complete=completing.explained)
@click.argument("layer", required=False, shell_complete=completing.labels)
@spec_settings
@input_shapes
@reporting
def command(word: str | None, layer: str | None, spec: SpecArguments) -> None:
    """Explain a diagnostic's code (E0203), a layer (Conv2d) or a function (softmax); list all of them without WORD.

    With a LAYER of a model, as in `nnspec explain resnet50 layer1.0.conv1`: the arithmetic behind its shape, its
    parameters and its multiply-accumulates.
    """
    if word is not None and layer is not None:
        click.echo(spec.replace(path=word).load().why(layer))
    else:
        click.echo(contents() if word is None else explain(word))
