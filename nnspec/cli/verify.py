"""`nnspec verify`: an ONNX file against the PyTorch module of its spec, or of the spec that it is imported as."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from nnspec.cli.columns import columns
from nnspec.cli.options import SpecArguments, in_range, reporting, spec_arguments
from nnspec.cli.weight_options import weight_choice, weights_of
from nnspec.decode.mistakes import NoEncoder
from nnspec.diagnostics import SpecError
from nnspec.model import Model
from nnspec.weights.source import WeightSource

if TYPE_CHECKING:
    from nnspec.to_onnx.equality import Error
    from nnspec.to_onnx.verify import Verified

HEAD = ("output", "absolute", "relative", "PyTorch float32", "relative")


@click.command("verify")
@spec_arguments
@click.argument("file", metavar="FILE.onnx", required=False)
@weight_choice("The weights that the file was made of; untrained ones if left out.")
@click.option("--cache", is_flag=True, help="The file is one of export --cache.")
@click.option("--encoder", is_flag=True, help="The file is the encoder of export --cache.")
@click.option("--trials", type=in_range("trials"), default=8, show_default=True, help="How many random inputs.")
@click.option("--tolerance", type=in_range("tolerance"),
              help="The largest difference, relative to the largest magnitude of its output; 1e-4 if left out, or what "
              "fits the bits of an imported file.")  # fmt: skip
@click.option("--seed", type=in_range("seed"), default=0, show_default=True, help="Of the inputs.")
@click.option("--normalize/--no-normalize", default=True,
              help="Whether a file that does not say so has the normalisation of training in it.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@reporting
def command(
    spec: SpecArguments,
    file: str | None,
    weights: WeightSource | None,
    cache: bool,
    encoder: bool,
    trials: int,
    tolerance: float | None,
    seed: int,
    normalize: bool,
    as_json: bool,
) -> None:
    """Compare FILE.onnx with the PyTorch module of MODEL.nn in float64, on random inputs of several sizes.

    For every output the largest error of any element is printed, and beside it what PyTorch itself is away in float32,
    which is granted besides the tolerance. The exit code is 1 if the file differs, and the first layer that does is
    named. `nnspec verify FILE.onnx` alone imports the file, and compares it with that.
    """
    if file is None:
        if not spec.path.lower().endswith(".onnx"):
            raise click.UsageError("name the file to compare with the spec: nnspec verify MODEL.nn FILE.onnx")
        file = spec.path
    model = spec.load()
    weights = weights_of(model, weights)
    model = model.cached(limits=spec.limits) if cache or encoder else model
    if encoder:
        if model.encoder is None:
            raise SpecError.of(NoEncoder(None, model.name))
        model = model.encoder
    found = model.verify(
        file,
        weights,
        trials=trials,
        tolerance=tolerance,
        seed=seed,
        normalize=normalize,
        limits=spec.limits,
    )
    if as_json:
        click.echo(json.dumps(_plain(found), indent=1))
        return
    for line in columns(_rows(found), numbers=True):
        click.echo(line)
    special = f"; and on {', '.join(dict.fromkeys(found.edges))}" if found.edges else ""
    within = f" within {model.tolerance:g}" if tolerance is None and model.tolerance > Model.tolerance else ""
    click.echo(f"{file} equals {model.name}{within} on {len(found.sizes)} random inputs{_sizes(found)}{special}")
    for remark in found.remarks:
        click.echo(f"  note: {remark}", err=True)
    if found.random:
        click.echo(f"  note: not compared, since random: {', '.join(found.random)}")


def _plain(found: Verified) -> dict[str, object]:
    rows = {
        name: {"file": _numbers(error), "float32": _numbers(found.float32[name])}
        for name, error in found.errors.items()
    }
    return {"outputs": rows, "sizes": [dict(each) for each in found.sizes], "random": list(found.random)}


def _numbers(error: Error) -> dict[str, float]:
    return {"absolute": float(error.absolute), "relative": float(error.relative)}


def _rows(found: Verified) -> list[tuple[str, ...]]:
    return [HEAD, *((name, *_shown(error), *_shown(found.float32[name])) for name, error in found.errors.items())]


def _shown(error: Error) -> tuple[str, str]:
    return f"{error.absolute:.1e}", f"{error.relative:.1e}"


def _sizes(found: Verified) -> str:
    written = (", ".join(f"{name} = {size}" for name, size in each.items()) for each in found.sizes)
    different = "; ".join(filter(None, dict.fromkeys(written)))
    return f", at {different}" if different else ""
