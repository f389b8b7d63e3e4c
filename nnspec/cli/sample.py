"""`nnspec sample`: texts from a language model, pictures from a run whose recipe says what its samples are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nnspec.api import model_of_run
from nnspec.cli.options import SpecArguments, reporting, spec_choices
from nnspec.cli.weight_options import tell_reading, weight_choice
from nnspec.extras import need
from nnspec.train.settings import SAMPLE, best_weights
from nnspec.weights.source import WeightSource, file_of

PICTURES = 64

if TYPE_CHECKING:
    from nnspec.sample.text import Request, TextSampler


@click.command("sample")
@spec_choices
@weight_choice("Weights for a spec; for a run, others than its best ones.")
@click.option("--onnx", is_flag=True, help="Run a spec or a run with onnxruntime instead of PyTorch.")
@click.option("--prompt", default="", metavar="TEXT", help="What the text begins with; a new line if left out.")
@click.option("--source", default="", metavar="TEXT", help="What an encoder reads first, such as a text to translate.")
@click.option("--length", type=click.IntRange(min=1), default=200, show_default=True, metavar="N",
              help="How many tokens follow the prompt.")  # fmt: skip
@click.option("--count", type=click.IntRange(min=1, max=4096), metavar="N",
              help="How many texts or pictures; 1 text, 64 pictures if left out.")  # fmt: skip
@click.option("--temperature", type=click.FloatRange(min=0), default=1.0, show_default=True, metavar="X",
              help="Less than 1 prefers likely tokens more; 0 takes the likeliest.")  # fmt: skip
@click.option("--top-k", type=click.IntRange(min=1), metavar="K", help="Take one of the K likeliest tokens.")
@click.option("--top-p", type=click.FloatRange(min=0, max=1, min_open=True), default=1.0, metavar="P",
              help="Take one of the likeliest tokens that have the share P of the probability.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N",
              help="The same seed gives the same texts, or pictures.")  # fmt: skip
@click.option("-o", "--output", default="samples.png", show_default=True, metavar="FILE",
              help="The PNG file for pictures.")  # fmt: skip
@reporting
def command(
    spec: SpecArguments,
    weights: WeightSource | None,
    onnx: bool,
    prompt: str,
    source: str,
    length: int,
    count: int | None,
    temperature: float,
    top_k: int | None,
    top_p: float,
    seed: int,
    output: str,
) -> None:
    """Sample texts from MODEL: the folder of a run, a spec with --weights, or an .onnx file exported with --cache.

    A text is printed as it is made; several are printed when all of them are done. Where the recipe of a run has a
    `sample`, as that of a GAN, pictures are drawn.
    """
    need("sampling", "numpy", "safetensors")
    if _draws_pictures(spec.path):
        if onnx or prompt or source:
            raise click.UsageError("--onnx, --prompt and --source are for texts, and this run draws pictures")
        _draw(Path(spec.path), weights, count or PICTURES, seed, output, spec)
        return
    sampler = _open(spec, weights, onnx)
    from nnspec.sample.choose import Sampling  # here: only now is numpy known to be installed
    from nnspec.sample.text import Request

    request = Request(prompt, length, count or 1, Sampling(temperature, top_k, top_p), seed, source)
    context = sampler.slides(request)
    if context is not None:
        click.echo(
            f"note: the model takes {context} tokens: when they are full, it reads the last half again", err=True
        )
    if request.count == 1:
        _stream(sampler, request)
    else:
        for number, text in enumerate(sampler.texts(request), start=1):
            click.echo(f"--- {number} ---\n{text}")


def _draws_pictures(path: str) -> bool:
    """Whether a path is the folder of a run whose recipe says what its samples are."""
    return (Path(path) / SAMPLE).is_file()


def _draw(folder: Path, weights: WeightSource | None, count: int, seed: int, output: str, spec: SpecArguments) -> None:
    need("drawing", "torch", "PIL")
    from nnspec.train.draw import draw  # here: PyTorch takes seconds to import
    from nnspec.train.sheet import write_sheet

    write_sheet(Path(output), draw(folder, count, seed, spec.limits, file_of(weights)))
    click.echo(f"{count} pictures in {output}")


def _stream(sampler: TextSampler, request: Request) -> None:
    for piece in sampler.stream(request):
        click.echo(piece, nl=False)
    click.echo()


def _open(spec: SpecArguments, weights: WeightSource | None, onnx: bool) -> TextSampler:
    """The model to sample from; the ending of the path tells its kind."""
    path = Path(spec.path)
    is_run, is_file = path.is_dir(), path.suffix.lower() == ".onnx"
    if is_file and (weights or onnx or spec.model or spec.settings):
        raise click.UsageError(
            "--weights, --onnx, --model and --set belong to a spec; an .onnx file has all that inside"
        )
    if is_run and (spec.model or spec.settings):
        raise click.UsageError("--model and --set belong to a spec; a run has its model")
    if not (is_run or is_file) and weights is None:
        raise click.UsageError("a spec is sampled from with its weights: --weights FILE")
    # here: a wrong command line should not wait for numpy
    from nnspec.sample.opening import open_model, open_onnx

    if is_file:
        return open_onnx(path)
    model = model_of_run(path, spec.limits) if is_run else spec.load()
    if not is_run:
        tell_reading(model, weights)
    return open_model(model.program, weights or best_weights(path), model.sources, onnx=onnx, limits=spec.limits)
