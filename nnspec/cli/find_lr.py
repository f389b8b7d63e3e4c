"""`nnspec find-lr`: the learning rate at which the loss of a model falls fastest."""

from __future__ import annotations

import click

from nnspec.cli.options import SpecArguments, in_range, reporting, show, spec_arguments, supply_options
from nnspec.cli.settings import load_with_recipe

SHOWN = 20  # rows of the table


@click.command("find-lr")
@spec_arguments
@click.option("--data", metavar="DATA", help="As for `nnspec train`.")
@click.option("--lowest", "--from", "lowest", type=in_range("lowest"), default=1e-7, show_default=True,
              help="The first learning rate.")  # fmt: skip
@click.option("--highest", "--to", "highest", type=in_range("highest"), default=10.0, show_default=True,
              help="The last one.")  # fmt: skip
@click.option("--steps", type=in_range("steps"), default=100, show_default=True, help="Batches to try.")
@click.option("--device", metavar="DEVICE", help="As for `nnspec train`.")
@supply_options
@click.option("-o", "--output", metavar="FILE", help="A picture (.png) or the whole table (.csv).")
@reporting
def command(
    spec: SpecArguments,
    data: str | None,
    lowest: float,
    highest: float,
    steps: int,
    device: str | None,
    memory: str | None,
    workers: int | None,
    output: str | None,
) -> None:
    """Let the learning rate of MODEL.nn rise from batch to batch, and say where its loss falls fastest.

    The weights begin as in training, and nothing of them is kept.
    """
    if lowest >= highest:
        raise click.UsageError(f"--lowest {lowest:g} must be below --highest {highest:g}")
    model, recipe = load_with_recipe(spec)
    if model.found:
        show(model.found)
    given = recipe if data is None else {**recipe, "data": data}
    found = model.find_learning_rate(
        lowest, highest, steps, device=device, memory=memory, workers=workers, limits=spec.limits, **given
    )
    click.echo("learning rate      loss")
    count = len(found.rates)
    for index in sorted({round(place * (count - 1) / (min(SHOWN, count) - 1)) for place in range(min(SHOWN, count))}):
        click.echo(f"{found.rates[index]:>13.3g}  {found.smooth[index]:>8.4f}")
    if output is not None:
        found.save(output)
        click.echo(output)
    click.echo(f"the loss falls fastest at {found.suggestion:.2g} and is least at {found.least:.2g}")
    click.echo(f"try --set optimizer.lr={found.suggestion:.2g}")
