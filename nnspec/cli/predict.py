"""`nnspec predict`: a model on inputs from files and texts, run by onnxruntime."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nnspec.cli.options import SpecArguments, in_range, reporting, spec_choices
from nnspec.cli.weight_options import TOKENIZER, opened, weight_choice, with_tokenizer
from nnspec.extras import need
from nnspec.hub.folder import metadata_of_tokenizer
from nnspec.hub.tokenizer import given_tokenizer
from nnspec.kinds import kind_of
from nnspec.weights.source import WeightSource

if TYPE_CHECKING:
    from nnspec.infer.session import Session

_WORD = re.compile(r"[^\W\d]\w*")
_NAME = re.compile(r"[^\W\d][\w./:-]*")
OUTPUTS = (".npz", ".npy", ".json")


def _named(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> list[tuple[str | None, str]]:
    """NAME=VALUE, or a value alone; of files the name may be any that exporters write, `x:0` or `serving/image`."""
    known = _NAME if parameter.name == "files" else _WORD
    pairs: list[tuple[str | None, str]] = []
    for value in values:
        name, equals, rest = value.partition("=")
        is_file = known is _NAME and Path(value).exists()
        pairs.append((name, rest) if equals and known.fullmatch(name) and not is_file else (None, value))
    return pairs


def _output(context: click.Context, parameter: click.Parameter, value: str | None) -> Path | None:
    if value is not None and Path(value).suffix.lower() not in OUTPUTS:
        raise click.BadParameter(f"{value} does not end in {', '.join(OUTPUTS[:-1])} or {OUTPUTS[-1]}")
    return None if value is None else Path(value)


@click.command("predict")
@spec_choices
@weight_choice("Weights for MODEL.nn: safetensors or a PyTorch checkpoint.")
@click.option("--tokenizer", metavar="FILE", help=TOKENIZER)
@click.option("--input", "files", multiple=True, callback=_named, metavar="[NAME=]FILE",
              help="A picture or a folder of them, an array (.npy, .npz), a table (.csv, .tsv, .parquet), or lines of "
                   "text (.txt); several for one input are a batch.")  # fmt: skip
@click.option("--text", "texts", multiple=True, callback=_named, metavar="[NAME=]TEXT",
              help="A text, for a model that was trained on texts.")  # fmt: skip
@click.option("--output", callback=_output, metavar="FILE", help="Write the outputs as .npz, .npy or .json.")
@click.option("--top", type=in_range("top"), metavar="K", help="How many classes to print.")
@click.option("--batch", type=in_range("batch"), metavar="N", help="How many samples to compute at a time.")
@click.option("--provider", type=click.Choice(["cpu", "cuda", "tensorrt", "auto"]), default="auto", show_default=True,
              help="What to run on.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the classes, probabilities and outputs as JSON.")
@reporting
def command(
    spec: SpecArguments,
    weights: WeightSource | None,
    tokenizer: str | None,
    files: list[tuple[str | None, str]],
    texts: list[tuple[str | None, str]],
    output: Path | None,
    top: int | None,
    batch: int | None,
    provider: str,
    as_json: bool,
) -> None:
    """Run MODEL, and print what it gives for each sample.

    MODEL is an .onnx file, the folder of a run, a spec with --weights, or a folder as the Hub of Hugging Face has it.

    Pictures are brought to the model's size and channels, with values from 0 to 1; texts become numbers by the
    vocabulary of training, columns are found by name. All of it is normalised as in training, by the model itself; to
    one of export --no-normalize arrays are given normalised. Classes have names and probabilities where training has
    stored what the outputs are compared with. The provider that is asked for is used or refused; auto takes CUDA where
    it works, else the processor, and says which.
    """
    session = _session(spec, weights, provider, tokenizer)
    from nnspec.infer.outputs import as_json as json_of  # here: only now is numpy known to be installed
    from nnspec.infer.outputs import write_outputs
    from nnspec.infer.predict import predicted
    from nnspec.infer.report import describe

    given: list[tuple[str | None, Path | str]] = [*((name, Path(file)) for name, file in files), *texts]
    outputs, found = predicted(session, given, top, batch, partial(click.echo, err=True))
    if provider == "auto":
        click.echo(f"provider: {session.provider}", err=True)
    for line in [json_of(outputs, found)] if as_json else describe(outputs, found):
        click.echo(line)
    if output is not None:
        write_outputs(output, outputs, found)
        click.echo(f"written to {output}", err=as_json)


def _session(spec: SpecArguments, weights: WeightSource | None, provider: str, tokenizer: str | None) -> Session:
    """The model, opened; a spec, a run and a folder are exported in memory."""
    kind = kind_of(spec.path)
    if kind == "onnx" and (weights or spec.model or spec.settings):
        raise click.UsageError("--weights, --model and --set belong to a spec; an .onnx file has its weights inside")
    if kind == "run" and (spec.model or spec.settings):
        raise click.UsageError("--model and --set belong to a spec; a run has its model")
    if kind == "spec" and weights is None:
        raise click.UsageError("a spec is run with its weights: --weights FILE")
    if kind == "onnx":
        need("running a model", "onnxruntime", "numpy")
        from nnspec.infer.session import Session  # here: a wrong command line should not wait for onnxruntime

        session = Session(spec.path, provider)
        if tokenizer is not None:
            session.metadata |= metadata_of_tokenizer(given_tokenizer(tokenizer), session.metadata)
        return session
    model, found = opened(spec, weights)
    return model.session(with_tokenizer(found, tokenizer), provider=provider, limits=spec.limits)
