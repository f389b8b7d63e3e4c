"""`nnspec import`: a spec for a configuration of Hugging Face's transformers."""

from __future__ import annotations

import re
from pathlib import Path

import click

from nnspec.api import loads
from nnspec.cli.options import reporting
from nnspec.cli.standard_output import echo_whole
from nnspec.huggingface.write import spec_of
from nnspec.ir.state import totals
from nnspec.output import replacing


def _name(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch("[A-Z][A-Za-z0-9_]*", value):
        raise click.BadParameter(f"{value!r} is no name of a model: letters and digits, a capital first")
    return value


@click.command("import")
@click.argument("config", metavar="CONFIG.json")
@click.option("-o", "--output", metavar="MODEL.nn", help="Where to write; printed if left out.")
@click.option("--name", callback=_name, metavar="NAME", help="What the model is called; its class in transformers.")
@reporting
def command(config: str, output: str | None, name: str | None) -> None:
    """Write a spec for CONFIG.json, a configuration of BERT, RoBERTa, GPT-2, T5, Llama, Mistral, Mixtral, Qwen,
    Phi-3, ViT or CLIP.

    The spec imports the network from the zoo and gives its arguments; it is checked before it is written.
    """
    text = spec_of(config, name)
    program = loads(text, name=output or "<import>").program
    if output is None:
        echo_whole(text, end="")
        return
    with replacing(Path(output)) as temporary:
        temporary.write_text(text, encoding="utf-8")
    click.echo(f"{output}: {program.main.name}, {totals(program)[program.entry].parameters:,} parameters")
