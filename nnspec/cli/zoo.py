"""`nnspec zoo`: the networks that come with nnspec."""

from __future__ import annotations

import json
import shutil
import sys

import click

from nnspec.cli import completing
from nnspec.cli.options import reporting
from nnspec.diagnostics import SpecError, nearest
from nnspec.zoo import Family, NotInZoo, ZooEntry, entries, families, find


@click.command("zoo")
@click.argument("family", required=False, shell_complete=completing.families)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@reporting
def command(family: str | None, as_json: bool) -> None:
    """List the models that come with nnspec, or those of FAMILY; each can be named wherever MODEL.nn is asked for."""
    found = [entry for each in _chosen(family) for entry in entries(each)]
    if as_json:
        click.echo(json.dumps([_plain(entry) for entry in found], indent=2))
        return
    names = max(len(entry.model) for entry in found)
    files = max(len(entry.family.name) for entry in found)
    click.echo(f"{'model':<{names}}  {'family':<{files}}  year  {'parameters':>15}  paper")
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for entry in found:
        about, count = entry.family, "" if entry.parameters is None else f"{entry.parameters:,}"
        line = f"{entry.model:<{names}}  {about.name:<{files}}  {about.year or '':<4}  {count:>15}  {about.paper}"
        click.echo(line[:width].rstrip())


def _chosen(name: str | None) -> tuple[Family, ...]:
    """All families, or the one of this name or with a model of this name."""
    if name is None:
        return families()
    found = find(name)
    if found is None:
        close = nearest(name.lower(), [family.name for family in families()])
        raise SpecError.of(NotInZoo(None, name, close))
    return (found[0],)


def _plain(entry: ZooEntry) -> dict[str, object]:
    family = entry.family
    return {
        "model": entry.model,
        "family": family.name,
        "file": family.path,
        "year": family.year,
        "paper": family.paper,
        "parameters": entry.parameters,
    }
