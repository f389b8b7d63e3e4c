"""`nnspec page`: a trained network at work in a browser."""

from __future__ import annotations

from pathlib import Path

import click

from nnspec.cli.options import SpecArguments, in_range, reporting, spec_choices
from nnspec.cli.weight_options import TOKENIZER, opened, weight_choice, with_tokenizer
from nnspec.extras import need
from nnspec.kinds import kind_of
from nnspec.weights.source import WeightSource


@click.command("page")
@spec_choices
@weight_choice("Weights for a spec; for a run, others than its best ones.")
@click.option("--tokenizer", metavar="FILE", help=TOKENIZER)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="DIR", required=True,
              help="The folder of the page: a new one, or that of an earlier page.")  # fmt: skip
@click.option("--samples", type=in_range("samples"), default=12, show_default=True, metavar="N",
              help="Pictures or texts of the run's data to begin with.")  # fmt: skip
@click.option("--onnxruntime-web", "runtime", type=click.Path(path_type=Path, exists=True), metavar="DIR",
              help="The package of npm that computes in the browser, as a folder or .tgz; if left out it is looked for "
                   "in node_modules, or npm brings it.")  # fmt: skip
@reporting
def command(
    spec: SpecArguments,
    weights: WeightSource | None,
    tokenizer: str | None,
    output: Path,
    samples: int,
    runtime: Path | None,
) -> None:
    """Write a page on which MODEL is at work: DIR/index.html.

    MODEL is the folder of a run, a spec with --weights, a folder as the Hub of Hugging Face has it, or an .onnx file,
    which is read as the spec that it is imported as.

    One draws a picture, moves sliders or types, and sees the answer and what every layer makes of it; of two numbers
    also the boundary over the plane. Everything is computed in the browser, by onnxruntime-web: with WebGPU where there
    is one, else with WebAssembly. What is given becomes numbers as with `nnspec predict`. Any static web server shows
    it: python -m http.server -d DIR
    """
    kind = kind_of(spec.path)
    if kind == "onnx" and weights is not None:
        raise click.UsageError("--weights belongs to a spec; an .onnx file has its weights inside")
    if kind == "run" and (spec.model or spec.settings):
        raise click.UsageError("--model and --set belong to a spec; a run has its model")
    if kind == "spec" and weights is None:
        raise click.UsageError("a spec is run with its weights: --weights FILE")
    need("the page of a network", "numpy", "onnx", "onnxruntime")
    model, found = opened(spec, weights)
    run = Path(spec.path) if kind == "run" else None
    made = model.page(
        output,
        with_tokenizer(found, tokenizer),
        run=run,
        samples=samples,
        onnxruntime_web=runtime,
        limits=spec.limits,
    )
    network, rest = made.network / 1e6, (made.bytes - made.network) / 1e6
    click.echo(f"{output}: {made.layers} layers, the network {network:.1f} MB, all else {rest:.1f} MB ({made.runtime})")
    for note in made.notes:
        click.echo(f"  note: {note}")
    click.echo(f"serve it: python -m http.server -d {output}")
