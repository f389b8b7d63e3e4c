"""`nnspec evaluate`: a trained model on data that was held out: loss, metrics, figures of classes, worst samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import click

from nnspec.cli.options import SpecArguments, in_range, reporting, spec_choices, supply_options
from nnspec.cli.weight_options import weight_choice, weights_of
from nnspec.extras import need
from nnspec.kinds import kind_of
from nnspec.running import evaluate
from nnspec.train.manner import TRAINING, Part
from nnspec.weights.source import WeightSource


@click.command("evaluate")
@spec_choices
@weight_choice("Weights for a spec; for a run, others than its best ones.")
@click.option("--onnx", metavar="FILE", help="Run this ONNX file in the place of PyTorch.")
@click.option("--data", metavar="DATA", help="A path, or a data set of nnspec; that of the recipe if left out.")
@click.option("--part", type=click.Choice(get_args(Part)),
              help="The part of the data: validation if left out; of --data its test part, or all of it.")  # fmt: skip
@click.option("--top", type=in_range("top"), default=5, show_default=True, metavar="K",
              help="Count a class as found if it is one of the K likeliest.")  # fmt: skip
@click.option("--worst", type=in_range("worst"), default=16, show_default=True, metavar="N",
              help="How many samples with the greatest loss are kept.")  # fmt: skip
@click.option("-o", "--output", metavar="DIR",
              help="Write evaluation.json, confusion.csv and .png, and the worst samples as worst.png.")  # fmt: skip
@click.option("--device", metavar="DEVICE", help="cpu, cuda, cuda:1; a GPU where there is one if left out.")
@supply_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@reporting
def command(
    spec: SpecArguments,
    weights: WeightSource | None,
    onnx: str | None,
    data: str | None,
    part: Part | None,
    top: int,
    worst: int,
    output: str | None,
    device: str | None,
    memory: str | None,
    workers: int | None,
    as_json: bool,
) -> None:
    """Judge MODEL, a run, a spec with --weights, a folder of the Hub or an .onnx file, on data that was held out.

    Of a run the loss and the metrics of its validation part are those that it told, to the last digit on the same
    device; an ONNX file gives the same up to what its arithmetic differs. Whatever the losses and metrics compare with
    the data has figures of its own: accuracy, top-k, precision, recall, F1 and areas under curves of classes and
    labels, errors of numbers. Classes, words, columns and normalisation are those of training.
    """
    path, kind = Path(spec.path), kind_of(spec.path)
    is_file, is_hub = kind == "onnx", kind == "hub"
    is_run = kind == "run" or (kind == "spec" and path.suffix != ".nn" and weights is None)
    if (is_file or is_run) and (spec.model or spec.settings):
        raise click.UsageError("--model and --set belong to a spec")
    if is_file and (weights or onnx):
        raise click.UsageError("--weights and --onnx belong to a spec or a run; an .onnx file has its weights inside")
    if not (is_file or is_run or is_hub) and weights is None:
        raise click.UsageError("a spec is judged with its weights: --weights FILE")
    need("evaluating", *TRAINING)
    from nnspec.evaluation.report import described, write_evaluation  # here: PyTorch takes seconds to import

    model = spec.path if is_file or is_run else spec.load()
    if not isinstance(model, str):
        weights = weights_of(model, weights)
    found = evaluate(
        model, data=data, part=part, weights=weights, onnx=onnx, top=top, worst=worst, device=device, memory=memory,
        workers=workers, limits=spec.limits,
    )  # fmt: skip
    for line in [json.dumps(found.to_json(), allow_nan=False)] if as_json else described(found):
        click.echo(line)
    if output is not None:
        names = write_evaluation(Path(output), found)
        click.echo(f"in {output}: {', '.join(names)}", err=as_json)
