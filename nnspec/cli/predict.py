"""`nnspec predict`: a model on inputs from files, run by onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nnspec.cli.options import SpecArguments, reporting, spec_choices
from nnspec.extras import need

if TYPE_CHECKING:
    from nnspec.infer.session import Session

OUTPUTS = (".npz", ".npy", ".json")


def _files(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> list[tuple[str | None, Path]]:
    files: list[tuple[str | None, Path]] = []
    for value in values:
        name, equals, path = value.partition("=")
        named = bool(equals) and name.isidentifier()
        files.append((name, Path(path)) if named else (None, Path(value)))
    return files


def _output(context: click.Context, parameter: click.Parameter, value: str | None) -> Path | None:
    if value is not None and Path(value).suffix.lower() not in OUTPUTS:
        raise click.BadParameter(f"{value} does not end in {', '.join(OUTPUTS[:-1])} or {OUTPUTS[-1]}")
    return None if value is None else Path(value)


@click.command("predict")
@spec_choices
@click.option("--weights", metavar="FILE", help="Weights for MODEL.nn: safetensors or a PyTorch checkpoint.")
@click.option("--input", "inputs", multiple=True, callback=_files, metavar="[NAME=]FILE",
              help="A picture, an array (.npy), or arrays by input name (.npz).")  # fmt: skip
@click.option("--output", callback=_output, metavar="FILE", help="Write the outputs as .npz, .npy or .json.")
@click.option("--top", type=click.IntRange(min=1), metavar="K", help="How many classes to print.")
@click.option("--provider", type=click.Choice(["cpu", "cuda"]), default="cpu", help="Where to run.")
@reporting
def command(
    spec: SpecArguments,
    weights: str | None,
    inputs: list[tuple[str | None, Path]],
    output: Path | None,
    top: int | None,
    provider: str,
) -> None:
    """Run MODEL, an .onnx file or a spec with --weights, and print what it gives.

    Pictures are brought to the model's size and channels, with values from 0 to 1, normalised as in training; arrays
    are taken as they are.
    """
    session = _session(spec, weights, provider)
    from nnspec.infer.files import read_inputs, write_outputs  # here: only now is numpy known to be installed
    from nnspec.infer.report import describe

    outputs = session.run(read_inputs(session, inputs))
    for line in describe(outputs, session.metadata, top):
        click.echo(line)
    if output is not None:
        write_outputs(output, outputs)
        click.echo(f"written to {output}")


def _session(spec: SpecArguments, weights: str | None, provider: str) -> Session:
    """The model, opened; a spec is exported in memory."""
    is_spec = Path(spec.path).suffix.lower() != ".onnx"
    if not is_spec and (weights or spec.model or spec.settings):
        raise click.UsageError("--weights, --model and --set belong to a spec; an .onnx file has its weights inside")
    if is_spec and weights is None:
        raise click.UsageError("a spec is run with its weights: --weights FILE")
    if not is_spec:
        need("running a model", "onnxruntime", "numpy")
        from nnspec.infer.session import Session  # here: a wrong command line should not wait for onnxruntime

        return Session(spec.path, provider)
    model = spec.load()
    need("running a spec", "onnx", "onnxruntime", "numpy")
    from nnspec.infer.session import Session

    return Session(model.to_onnx(weights, limits=spec.limits).SerializeToString(), provider)
