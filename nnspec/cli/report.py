"""`nnspec report`: a run as one page."""

from __future__ import annotations

from pathlib import Path

import click

from nnspec.cli.options import in_range, reporting
from nnspec.extras import need
from nnspec.train.manner import TRAINING


@click.command("report")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
              help="The file; RUN/report.html if left out.")  # fmt: skip
@click.option("--worst", type=in_range("worst"), default=16, show_default=True, metavar="N",
              help="How many samples with the greatest loss are shown.")  # fmt: skip
@click.option("--training/--no-training", default=True, show_default=True,
              help="Judge the training part, too, which takes longest.")  # fmt: skip
@click.option("--device", metavar="DEVICE", help="cpu, cuda, cuda:1; a GPU where there is one if left out.")
@reporting
def command(run: Path, output: Path | None, worst: int, training: bool, device: str | None) -> None:
    """Write the report of RUN, the folder of a run, as one HTML file that needs nothing else.

    The network, the curves, the figures of the best weights on the validation and the training part, the confusion of
    classes, the worst samples, the filters of the first layer, what every layer makes of a sample, the settings and the
    versions. Open it with a double click; nothing is asked of a server. What cannot be told of a run is said in its
    place. Training does not write it: the data is judged again.
    """
    need("a report", *TRAINING)
    need("a report", "matplotlib")
    from nnspec.report.report import Asked, write_report  # here: PyTorch takes seconds to import

    made = write_report(run, output, Asked(worst, training, device))
    click.echo(f"{made.path}: {made.bytes / 1e6:.1f} MB")
    for note in made.notes:
        click.echo(f"  note: {note}")
