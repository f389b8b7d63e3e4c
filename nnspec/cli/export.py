"""`nnspec export`: PyTorch source, or an ONNX file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnspec.cli.options import SpecArguments, in_range, reporting, spec_arguments
from nnspec.cli.weight_options import weight_choice
from nnspec.decode.memory import encoder_path
from nnspec.hub.fetching import at_hand
from nnspec.hub.folder import has_weights
from nnspec.layers.tensor_type import TensorType
from nnspec.model import Model
from nnspec.output import replacing
from nnspec.to_onnx.choices import PRECISIONS, TARGETS, Precision, Target
from nnspec.to_torch.emit import torch_source
from nnspec.weights.source import WeightSource

if TYPE_CHECKING:
    from nnspec.to_onnx.export import Exported


SHOWN = 5  # inputs or outputs that are written out: a model with caches has hundreds


@click.command("export")
@spec_arguments
@click.option("--torch", "source", metavar="FILE.py", help="Write the model as PyTorch source that needs no nnspec.")
@click.option("--onnx", "onnx", metavar="FILE.onnx", help="Write the model for inference as ONNX.")
@click.option("--triton", "repository", metavar="DIR",
              help="Add it, or a new version of it, to a model repository of Triton Inference Server.")  # fmt: skip
@click.option("--max-batch", type=in_range("max_batch"), default=8, show_default=True,
              help="The largest batch that Triton forms of requests.")  # fmt: skip
@click.option("--ensemble", is_flag=True,
              help="With --triton: add an ensemble that takes pictures as bytes and gives probabilities.")  # fmt: skip
@weight_choice("Weights for ONNX, and the normalisation of training for all: safetensors or a PyTorch checkpoint.")
@click.option("--opset", type=int, metavar="N", help="The version of ONNX's operators.")
@click.option("--cache", is_flag=True, help="Write a language model for decoding: it takes and gives what it keeps.")
@click.option("--precision", type=click.Choice(PRECISIONS), default="float32", show_default=True,
              help="The numbers that the ONNX model computes in.")  # fmt: skip
@click.option("--calibrate", metavar="FILE.npz",
              help="Inputs for int8-static; the data of the `train` block if left out.")  # fmt: skip
@click.option("--target", type=click.Choice(TARGETS), default="cpu", show_default=True,
              help="What the ONNX model is to run on fastest.")  # fmt: skip
@click.option("--functions", is_flag=True, help="Write each block as an ONNX function, for viewers to show.")
@click.option("--normalize/--no-normalize", default=True,
              help="Whether the normalisation of training, stored with the weights, is part of the model.")  # fmt: skip
@click.option("--verify/--no-verify", default=True, help="Whether to compare the ONNX file with PyTorch.")
@reporting
def command(
    spec: SpecArguments,
    source: str | None,
    onnx: str | None,
    repository: str | None,
    max_batch: int,
    ensemble: bool,
    weights: WeightSource | None,
    opset: int | None,
    cache: bool,
    precision: Precision,
    calibrate: str | None,
    target: Target,
    functions: bool,
    normalize: bool,
    verify: bool,
) -> None:
    """Write MODEL.nn as PyTorch source, as an ONNX file, or as a model that Triton Inference Server serves.

    A folder as the Hub of Hugging Face has it is a model with its weights; the ONNX file holds its tokenizer, too.
    """
    if source is None and onnx is None and repository is None:
        raise click.UsageError("say what to write: --torch FILE.py, --onnx FILE.onnx, --triton DIR, or several")
    if onnx is None and repository is None and opset is not None:
        raise click.UsageError("--opset belongs to --onnx FILE.onnx and --triton DIR")
    if ensemble and (repository is None or cache):
        raise click.UsageError("--ensemble belongs to --triton DIR, without --cache")
    if calibrate is not None and precision != "int8-static":
        raise click.UsageError("--calibrate belongs to --precision int8-static")
    if onnx is None and repository is None and (precision, target, functions) != ("float32", "cpu", False):
        raise click.UsageError("--precision, --target and --functions belong to --onnx FILE.onnx and --triton DIR")
    model = spec.load().cached(limits=spec.limits) if cache else spec.load()
    options: dict[str, Any] = {
        "opset": opset, "precision": precision, "target": target, "functions": functions, "normalize": normalize,
        "calibrate": calibrate, "verify": verify, "limits": spec.limits,
    }  # fmt: skip
    if cache and source is None:  # with it they are said below
        for note in model.notes:
            click.echo(f"note: {note}", err=True)
    for part in filter(None, (model, model.encoder)):
        if source is not None:
            told = weights or _own(part)
            prepared = part.prepared(told, normalize=normalize) if told else part
            _write_source(prepared, _path(source, part is not model))
        if onnx is not None:
            path = _path(onnx, part is not model)
            _report(str(path), part.export_onnx(path, weights, **options))
        if repository is not None:
            served = part.export_triton(repository, weights, max_batch=max_batch, ensemble=ensemble, **options)
            _report(f"{served.folder}, version {served.version}", served.exported)
            for note in served.notes:
                click.echo(f"  note: {note}")


def _own(model: Model) -> Path | None:
    """The weights of the run or folder that the model comes from, if it has some."""
    found = at_hand(model.weights)
    return found if isinstance(found, Path) and (found.is_file() or has_weights(found)) else None


def _path(given: str, encoder: bool) -> Path:
    """The file that is asked for, or that of the encoder beside it."""
    return encoder_path(Path(given)) if encoder else Path(given)


def _write_source(model: Model, path: Path) -> None:
    made = torch_source(model.program, model.constants)
    with replacing(path) as temporary:
        temporary.write_text(made.text, encoding="utf-8")
    click.echo(f"{path}: PyTorch source, {made.text.count(chr(10))} lines, class {made.class_name}")
    for note in model.notes:
        click.echo(f"  note: {note}")


def _report(path: str, made: Exported) -> None:
    single = made.precision == "float32"
    words = "equals PyTorch within" if single else "differs from float32 PyTorch by up to"
    agrees = "" if made.difference is None else f", {words} {made.difference:.1e}"
    types = f"{_shown(made.inputs)} -> {_shown(made.outputs)}"
    numbers = "" if single else f" {made.precision}"
    click.echo(f"{path}: ONNX opset {made.opset}{numbers}, {_size(made.bytes)}, {types}{agrees}")
    for note in (*made.notes, *made.remarks):
        click.echo(f"  note: {note}")


def _size(bytes: int) -> str:
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if bytes >= factor:
            return f"{bytes / factor:.1f} {unit}"
    return f"{bytes} bytes"


def _shown(types: Mapping[str, TensorType]) -> str:
    shown = [f"{name} {given}" for name, given in types.items()]
    return ", ".join(shown if len(shown) <= SHOWN else [*shown[: SHOWN - 2], f"and {len(shown) - SHOWN + 2} more"])
