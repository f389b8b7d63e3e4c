"""`nnspec weights`: whether a file of weights is that of a model, and the file in the model's own keys."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from nnspec.cli.columns import columns
from nnspec.cli.options import SpecArguments, reporting, spec_arguments
from nnspec.extras import need

if TYPE_CHECKING:
    from nnspec.weights.compare import Comparison, KeyRow


@click.group("weights", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Check a file of weights against a model, or convert it: safetensors, its .index.json, or a PyTorch checkpoint."""


@command.command("check")
@spec_arguments
@click.argument("file", metavar="FILE")
@click.option("--all", "everything", is_flag=True, help="Print the keys that fit as well.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@reporting
def check(spec: SpecArguments, file: str, everything: bool, as_json: bool) -> None:
    """Tell which keys of FILE fit MODEL.nn, are missing, unexpected or of another shape.

    The exit code is 0 if the file can be loaded strictly, and 1 if not.
    """
    comparison = spec.load().compare_weights(file, limits=spec.limits)
    if as_json:
        click.echo(json.dumps(_plain(comparison), indent=2))
    else:
        _print(comparison, comparison.rows if everything else comparison.wrong)
    if not comparison.sound:
        sys.exit(1)


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
    if comparison.note or comparison.advice:
        click.echo(f"{comparison.path}: {comparison.note or comparison.advice}")


_COUNTED = {
    "fits": "fit",
    "shape": "of another shape",
    "type": "of another type",
    "untied": "not tied",
    "no numbers": "without numbers",
}


def _note(row: KeyRow) -> str:
    renamed = f"{row.published} in the file" if row.published else ""
    return "; ".join(filter(None, (renamed, f"is not {row.note}" if row.verdict == "untied" else row.note)))


def _plain(comparison: Comparison) -> dict[str, object]:
    rows = [{name: getattr(row, name) for name in row.record_fields} for row in comparison.rows]
    return {"file": comparison.path, "model": comparison.model, "sound": comparison.sound, "keys": rows,
            "note": comparison.note, "advice": comparison.advice}  # fmt: skip


@command.command("convert")
@spec_arguments
@click.argument("file", metavar="FILE")
@click.argument("output", metavar="OUT.safetensors")
@reporting
def convert(spec: SpecArguments, file: str, output: str) -> None:
    """Write the weights of FILE under the keys of MODEL.nn, each tensor once, to OUT.safetensors."""
    if not output.endswith(".safetensors"):
        raise click.UsageError(f"{output} does not end in .safetensors")
    model = spec.load()
    need("converting weights", "numpy", "safetensors")
    from nnspec.weights.convert import convert as write  # here: only now is numpy known to be installed

    written = write(model.program, file, output)
    click.echo(f"{output}: {written:,} tensors of {model.name}")
