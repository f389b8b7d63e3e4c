"""`nnspec import`: a spec for a model that others wrote: of PyTorch, ONNX, or a configuration of Hugging Face."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import click

from nnspec.cli.hints import hint
from nnspec.cli.options import reporting
from nnspec.cli.standard_output import echo_whole
from nnspec.diagnostics import SpecError
from nnspec.extras import need
from nnspec.huggingface.tasks import TASKS
from nnspec.imported import from_config, from_onnx, from_torch
from nnspec.importing.mistakes import BadExample
from nnspec.ir.state import totals
from nnspec.model import Model
from nnspec.output import replacing

_EXAMPLE = re.compile(r"(?:(int|bool|float):)?((?:\d{1,12}x)*\d{1,12})?")


def _name(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch("[A-Z][A-Za-z0-9_]*", value):
        raise click.BadParameter(f"{value!r} is no name of a model: letters and digits, a capital first")
    return value


def _pairs(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{value!r} is not NAME=SIZES")
        pairs[name] = text
    return pairs


def _numbers(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, float]:
    found: dict[str, float] = {}
    for value in values:
        name, _, text = value.rpartition("=")
        try:
            found[name] = int(text) if re.fullmatch(r"-?\d{1,18}", text) else float(text)
        except ValueError:
            name = ""
        if not name:
            raise click.BadParameter(f"{value!r} is not NAME=NUMBER")
    return found


@click.command("import")
@click.argument("source", metavar="SOURCE")
@click.argument("target", required=False, metavar="[PACKAGE.MODULE:CALLABLE]")
@click.option("-o", "--output", metavar="MODEL.nn", help="Where to write; printed if left out.")
@click.option("--name", callback=_name, metavar="NAME", help="What the model is called; its class if left out.")
@click.option("--input", "inputs", multiple=True, callback=_pairs, metavar="NAME=SIZES",
              help="An example input of `torch`: image=1x3x224x224, tokens=int:1x16.")  # fmt: skip
@click.option("--dynamic", multiple=True, callback=_pairs, metavar='NAME="N 3 H W"',
              help="Sizes of an input that may be any, by names; otherwise those of the example or file.")  # fmt: skip
@click.option("--value", "values", multiple=True, callback=_numbers, metavar="NAME=NUMBER",
              help="What an input of an .onnx file always is; the spec does without it.")  # fmt: skip
@click.option(
    "--head", type=click.Choice(list(TASKS)), help="The task that a configuration is for; as the file says if left out."
)
@click.option("--ignore", multiple=True, metavar="OPTION", help="An option of a configuration that has no effect.")
@reporting
def command(
    source: str,
    target: str | None,
    output: str | None,
    name: str | None,
    inputs: dict[str, str],
    dynamic: dict[str, str],
    values: dict[str, float],
    head: str | None,
    ignore: tuple[str, ...],
) -> None:
    """Write a spec for a model that others wrote.

    `nnspec import config.json`, or the folder in which it lies, or hf://owner/name: for a configuration of Hugging
    Face's transformers, which need not be installed; the spec is made of blocks of the zoo, and published weights fit
    it. Each option of the file is understood, or told.

    `nnspec import torch PACKAGE.MODULE:CALLABLE --input image=1x3x224x224`: for a module of PyTorch, which CALLABLE (a
    function or a class, there or in FILE.py:CALLABLE) gives when it is called without arguments. It runs that code, and
    torch.export, once.

    `nnspec import model.onnx -o model.nn`: for a file of ONNX, whose weights are written beside the spec, as
    model.safetensors. Sizes that the file leaves open, or that it must not, are given by --dynamic.

    A spec is checked before it is written, and one that was made from a module or file is compared with it.
    """
    if source.lower().endswith(".onnx"):
        if target is not None or inputs:
            raise click.UsageError("a module and --input belong to `nnspec import torch`; sizes are given by --dynamic")
        _write_onnx(from_onnx(source, dynamic=dynamic, values=values, name=name), output)
        return
    if values:
        raise click.UsageError("--value belongs to the import of an .onnx file")
    if source == "torch":
        if target is None or ":" not in target:
            raise click.UsageError("say what to import: nnspec import torch PACKAGE.MODULE:CALLABLE --input NAME=SIZES")
        model = _of_torch(target, inputs, dynamic, name)
        _write(model.text, model, output)
        return
    if target is not None or inputs or dynamic:
        raise click.UsageError("a module, --input and --dynamic belong to `nnspec import torch`")
    model = from_config(source, name=name, head=head, ignore=ignore)
    _write(model.text, model, output)


def _of_torch(target: str, inputs: dict[str, str], dynamic: dict[str, str], name: str | None) -> Model:
    need("importing a module", "torch", "numpy")
    from nnspec.importing.from_torch.target import example, found  # here: torch takes a second to import

    if not inputs:
        raise SpecError.of(BadExample(None, "there are none", "give one for each input: --input image=1x3x224x224"))
    for key, text in inputs.items():
        if not _EXAMPLE.fullmatch(text):
            raise click.BadParameter(f"{key}={text}: sizes are written 1x3x224x224, or int:1x16")
    return from_torch(found(target), {key: example(text) for key, text in inputs.items()}, dynamic=dynamic, name=name)


def _write_onnx(model: Model, output: str | None) -> None:
    """Write the text, and the weights beside it."""
    if output is None or not isinstance(model.weights, Mapping) or not model.weights:
        _write(model.text, model, output)
        if model.weights:
            click.echo("  note: its weights are written, too, with -o MODEL.nn: as MODEL.safetensors", err=True)
        return
    from safetensors.numpy import save_file  # here: only now is it known to be needed

    weights = Path(output).with_suffix(".safetensors")
    with replacing(weights) as temporary:
        save_file(dict(model.weights), temporary)
    _write(model.text, model, output)
    click.echo(f"{weights}: {len(model.weights)} tensors")


def _write(text: str, model: Model, output: str | None) -> None:
    for note in model.notes:
        click.echo(f"  note: {note}", err=True)
    if output is None:
        echo_whole(text, end="")
        return
    with replacing(Path(output)) as temporary:
        temporary.write_text(text, encoding="utf-8")
    program = model.program
    click.echo(f"{output}: {program.main.name}, {totals(program)[program.entry].parameters:,} parameters")
    hint("nnspec", "summary", output)
