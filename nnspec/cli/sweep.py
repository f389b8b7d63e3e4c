"""`nnspec sweep`: a search for settings of a model and its recipe; each trial is a run."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnspec.cli.hints import hint
from nnspec.cli.options import SpecArguments, in_range, name_values, reporting, spec_arguments, supply_options
from nnspec.cli.settings import load_with_recipe
from nnspec.extras import need
from nnspec.train.manner import TRAINING, Manner
from nnspec.train.signals import RESUMABLE, TO_SAVE, immediate_end

if TYPE_CHECKING:
    from nnspec.model import Model


@click.command("sweep")
@spec_arguments
@click.option("--over", multiple=True, required=True, callback=name_values, metavar="NAME=RANGE",
              help="optimizer.lr=1e-4..1e-1:log, width=16..256:16, or values: width=64,128,256.")  # fmt: skip
@click.option("--trials", type=in_range("trials"), default=20, show_default=True, help="Of all processes together.")
@click.option("--name", metavar="NAME", help="Of the folder; that of the model with -sweep if left out.")
@click.option("--runs", metavar="DIR", default="runs", show_default=True, help="Where the folder is.")
@click.option("--sampler", metavar="NAME", default="TPESampler", show_default=True,
              help="Of Optuna, with arguments: 'TPESampler(multivariate = true)', GridSampler.")  # fmt: skip
@click.option("--pruner", metavar="NAME", default="NopPruner", show_default=True,
              help="Of Optuna: 'MedianPruner(n_warmup_steps = 3)', HyperbandPruner.")  # fmt: skip
@click.option("--storage", metavar="URL", help="A database or Redis for the study, in place of a file in the folder.")
@click.option("--seed", type=in_range("seed"), default=0, show_default=True, help="Of the sampler.")
@click.option("--data", metavar="DATA", help="As for `nnspec train`.")
@click.option("--device", metavar="DEVICE", help="As for `nnspec train`.")
@supply_options
@click.option("--quiet", is_flag=True, help="Print the table alone.")
@reporting
def command(
    spec: SpecArguments,
    over: dict[str, str],
    trials: int,
    name: str | None,
    runs: str,
    sampler: str,
    pruner: str,
    storage: str | None,
    seed: int,
    data: str | None,
    device: str | None,
    memory: str | None,
    workers: int | None,
    quiet: bool,
) -> None:
    """Search for the settings of MODEL.nn and its recipe that do best, by Optuna.

    Trials are compared by what chooses the best weights of a run: the first metric, or the loss, on the validation
    part. Each is a run in DIR/NAME/trial-N; trials.csv and sweep.png beside them show all. The same command again
    goes on with a search that was ended, and takes part in one that is under way: start it in as many processes, on
    as many hosts that share the folder, as there is room for.
    """
    need("a search", *TRAINING, "optuna")
    with immediate_end():
        from nnspec.sweep.search import Ended, Wanted, search  # here: PyTorch and Optuna take seconds to import
        from nnspec.sweep.space import read_space

    given = spec.settings if data is None else {**spec.settings, "data": data}

    def opened(settings: Mapping[str, str]) -> tuple[Model, dict[str, Any]]:
        return load_with_recipe(spec.replace(settings={**given, **settings}))

    def told(text: str) -> None:
        if not quiet:
            click.echo(text)

    manner = Manner(device, True, spec.limits, memory=memory, workers=workers)
    wanted = Wanted(
        read_space(over), over, given, trials, Path(runs), name, sampler, pruner, storage, seed, manner, told
    )
    try:
        with immediate_end():  # between trials; a run keeps signals until its state is saved
            found = search(opened, wanted)
    except Ended as ended:
        click.echo("stopped: the same command again goes on with it")
        sys.exit(RESUMABLE if ended.number in TO_SAVE else 128 + ended.number)
    click.echo(found.text)
    hint("nnspec", "runs", found.folder)
    if found.best is not None:
        best = " ".join(f"--set '{name}={value}'" for name, value in found.best.settings.items())
        click.echo(
            f"best {found.measure} {found.best.value:.4f} in {found.folder / f'trial-{found.best.number}'}: {best}"
        )
