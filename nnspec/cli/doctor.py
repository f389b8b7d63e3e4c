"""`nnspec doctor`: what is installed here, and what it can do."""

from __future__ import annotations

import json
import sys

import click

from nnspec.cli.options import reporting


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@reporting
def command(as_json: bool) -> None:
    """Tell versions, what each extra gives and how to get it, and the devices for training and inference.

    Exit code 1 if something that is installed cannot be imported; an extra that is not there is no fault.
    """
    from nnspec.doctor.report import examine  # it imports all that there is

    report = examine()
    click.echo(json.dumps(report.plain(), indent=2) if as_json else report.text())
    if not report.sound:
        sys.exit(1)
