"""`nnspec explain`: the page of a mistake's code or of a layer; without a word, the list of both."""

from __future__ import annotations

import click

from nnspec.cli.options import reporting
from nnspec.explain import contents, explain


@click.command("explain")
@click.argument("word", required=False)
@reporting
def command(word: str | None) -> None:
    """Explain a diagnostic's code (E0203), a layer (Conv2d) or a function (softmax); list all of them without WORD."""
    click.echo(contents() if word is None else explain(word))
