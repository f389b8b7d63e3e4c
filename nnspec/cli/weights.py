"""`nnspec weights`: whether a file of weights is that of a model, and the file in the model's own keys."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nnspec.cli.columns import columns
from nnspec.cli.options import SpecArguments, reporting, spec_arguments
from nnspec.cli.weight_options import PARTIAL, tell_reading
from nnspec.extras import need
from nnspec.hub.fetching import at_hand
from nnspec.weights.source import WeightChoice

if TYPE_CHECKING:
    from nnspec.model import Model
    from nnspec.weights.compare import Comparison, KeyRow
    from nnspec.weights.mending import Attempt


@click.group("weights", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Check a file of weights against a model, or convert it: safetensors, its .index.json, or a PyTorch checkpoint."""


@command.command("check")
@spec_arguments
@click.argument("file", metavar="[FILE]", required=False)
@click.option("--partial", is_flag=True, help=PARTIAL)
@click.option("--all", "everything", is_flag=True, help="Print the keys that fit as well.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@reporting
def check(spec: SpecArguments, file: str | None, partial: bool, everything: bool, as_json: bool) -> None:
    """Tell which keys of FILE fit MODEL.nn, are missing, unexpected or of another shape.

    MODEL.nn may be a folder as the Hub has it; its own weights are looked at if FILE is left out.

    Keys that begin otherwise, as DataParallel, torch.compile, Lightning and the heads of transformers write them, are
    read without that, which is said. Others are read by lines of the model: `rename "theirs.*" -> "ours.*"`, and passed
    over by `rename "theirs.*" -> ""`. A part that FILE lacks is trained anew where the train block says
    `weights = "FILE"; drop = [part]`.

    The exit code is 0 if the file can be loaded, and 1 if not; then a command is printed that does it, if one was
    found: with --partial, other settings, or another model of the same file.
    """
    model = spec.load()
    own = at_hand(model.weights) if file is None else None
    file = str(own) if isinstance(own, Path) else file
    if file is None:
        raise click.UsageError("name a file of weights: nnspec weights check MODEL.nn FILE")
    comparison = model.compare_weights(WeightChoice(file, partial), limits=spec.limits)
    command = None if comparison.sound else _mended(spec, model, file, comparison)
    if as_json:
        click.echo(json.dumps(_plain(comparison, command), indent=2))
    else:
        _print(comparison, comparison.rows if everything else comparison.wrong)
        if command is not None:
            click.echo(f"it fits with: {command}")
    if not comparison.sound:
        sys.exit(1)


def _mended(spec: SpecArguments, model: Model, file: str, comparison: Comparison) -> str | None:
    """A command that finds the file sound; None where none is found."""
    from nnspec.weights.checkpoint import open_checkpoint  # here, as below: numpy is no part of the core
    from nnspec.weights.mending import Attempt, mended

    asked = Attempt(spec.path, spec.model, spec.settings, spec.inputs, spec.limits)
    found = mended(asked, model, comparison, open_checkpoint(file))
    return None if found is None else _command(found, file)


def _command(attempt: Attempt, file: str) -> str:
    """The words of an attempt, to be copied."""
    words = ["nnspec", "weights", "check", attempt.path, file]
    if attempt.model is not None:
        words += ["--model", attempt.model]
    for name, text in attempt.settings.items():
        words += ["--set", f"{name}={text}"]
    for name, sizes in attempt.inputs.items():
        words += ["--input", f"{name}={'x'.join(map(str, sizes))}"]
    return shlex.join([*words, *(["--partial"] if attempt.partial else [])])


def _print(comparison: Comparison, rows: tuple[KeyRow, ...]) -> None:
    from nnspec.weights.compare import shown  # here: numpy is no part of the core

    table: list[tuple[str, ...]] = []
    for row in rows:
        table.append((row.key, row.verdict, shown(row.own), shown(row.stored), _note(row)))
    if table:
        table.insert(0, ("key", "verdict", "model", "file", "note"))
    for line in columns(table):
        click.echo(line)
    verdicts = dict.fromkeys(row.verdict for row in comparison.rows)
    counts = ", ".join(f"{comparison.count(verdict):,} {_COUNTED.get(verdict, verdict)}" for verdict in verdicts)
    loads = "can be loaded" if comparison.sound else "cannot be loaded"
    click.echo(f"{comparison.path}: {counts or 'nothing'}; it {loads} into {comparison.model}")
    for remark in filter(None, (comparison.note, comparison.advice)):
        click.echo(f"{comparison.path}: {remark}")


_COUNTED = {
    "fits": "fit",
    "shape": "of another shape",
    "type": "of another type",
    "untied": "not tied",
    "no numbers": "without numbers",
    "left": "passed over",
}


def _note(row: KeyRow) -> str:
    renamed = f"{row.published} in the file" if row.published else ""
    return "; ".join(filter(None, (renamed, f"is not {row.note}" if row.verdict == "untied" else row.note)))


def _plain(comparison: Comparison, command: str | None) -> dict[str, object]:
    rows = [{name: getattr(row, name) for name in row.record_fields} for row in comparison.rows]
    return {"file": comparison.path, "model": comparison.model, "sound": comparison.sound, "keys": rows,
            "note": comparison.note, "advice": comparison.advice, "command": command}  # fmt: skip


@command.command("convert")
@spec_arguments
@click.argument("file", metavar="FILE")
@click.argument("output", metavar="OUT.safetensors")
@click.option("--partial", is_flag=True, help=PARTIAL)
@reporting
def convert(spec: SpecArguments, file: str, output: str, partial: bool) -> None:
    """Write the weights of FILE under the keys of MODEL.nn, each tensor once, to OUT.safetensors."""
    if not output.endswith(".safetensors"):
        raise click.UsageError(f"{output} does not end in .safetensors")
    model = spec.load()
    need("converting weights", "numpy", "safetensors")
    from nnspec.weights.convert import convert as write  # here: only now is numpy known to be installed

    tell_reading(model, WeightChoice(file, partial))
    written = write(model.program, WeightChoice(file, partial), output)
    click.echo(f"{output}: {written:,} tensors of {model.name}")
