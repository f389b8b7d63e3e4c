"""`nnspec page`: a trained network at work in a browser."""

from __future__ import annotations

from pathlib import Path

import click

from nnspec.cli.options import SpecArguments, reporting, spec_choices
from nnspec.extras import need
from nnspec.opening import model_of_run
from nnspec.train.settings import best_weights


@click.command("page")
@spec_choices
@click.option("--weights", metavar="FILE", help="Weights for MODEL.nn: safetensors or a PyTorch checkpoint.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="DIR", required=True,
              help="The folder of the page: a new one, or that of an earlier page.")  # fmt: skip
@click.option("--samples", type=click.IntRange(min=0), default=12, show_default=True, metavar="N",
              help="Pictures or texts of the run's data to begin with.")  # fmt: skip
@click.option("--onnxruntime-web", "runtime", type=click.Path(path_type=Path, exists=True), metavar="DIR",
              help="The package of npm that computes in the browser, as a folder or .tgz; if left out it is looked for "
                   "in node_modules, or npm brings it.")  # fmt: skip
@reporting
def command(spec: SpecArguments, weights: str | None, output: Path, samples: int, runtime: Path | None) -> None:
    """Write a page on which MODEL, the folder of a run or a spec with --weights, is at work: DIR/index.html.

    One draws a picture, moves sliders or types, and sees the answer and what every layer makes of it; of two numbers
    also the boundary over the plane. Everything is computed in the browser, by onnxruntime-web: with WebGPU where there
    is one, else with WebAssembly. What is given becomes numbers as with `nnspec predict`. Any static web server shows
    it: python -m http.server -d DIR
    """
    path = Path(spec.path)
    is_run = path.is_dir()
    if is_run and (spec.model or spec.settings):
        raise click.UsageError("--model and --set belong to a spec; a run has its model")
    if not is_run and weights is None:
        raise click.UsageError("a spec is run with its weights: --weights FILE")
    need("the page of a network", "numpy", "onnx", "onnxruntime")
    model = model_of_run(path, spec.limits) if is_run else spec.load()
    from nnspec.page.page import write_page  # here: only now is onnx known to be installed

    made = write_page(
        model,
        weights or best_weights(path),
        output,
        run=path if is_run else None,
        runtime=runtime,
        samples=samples,
        limits=spec.limits,
    )
    network, rest = made.network / 1e6, (made.bytes - made.network) / 1e6
    click.echo(f"{output}: {made.layers} layers, the network {network:.1f} MB, all else {rest:.1f} MB ({made.runtime})")
    for note in made.notes:
        click.echo(f"  note: {note}")
    click.echo(f"serve it: python -m http.server -d {output}")
