"""`nnspec train`: a model trained as its spec says, in a folder of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from nnspec.cli import completing
from nnspec.cli.hints import hint
from nnspec.cli.options import SpecArguments, reporting, show, spec_arguments, supply_options
from nnspec.cli.settings import load_with_recipe
from nnspec.diagnostics import SpecError
from nnspec.kinds import is_run
from nnspec.running import resume
from nnspec.train.launch import STRATEGIES, this_process
from nnspec.train.mistakes import NotSaved, NotTrained
from nnspec.train.signals import RESUMABLE, TO_SAVE, immediate_end

if TYPE_CHECKING:
    from nnspec.run import Run


@click.command("train")
@spec_arguments
@click.option("--data", metavar="DATA",
              help="A set of nnspec, a file (.npz, .csv, .parquet, .txt, .tsv) or a folder of pictures.")  # fmt: skip
@click.option("--name", metavar="NAME", help="What the run is called, or that of the run to go on with.")
@click.option("--fresh", is_flag=True, help="Set a run of this name aside, as NAME-1, and begin anew.")
@click.option("--runs", metavar="DIR", default="runs", show_default=True, help="Where the folders of runs are.")
@click.option(
    "--resume",
    "resumed",
    metavar="DIR",
    shell_complete=completing.runs,
    help="Go on with this run, such as runs/lenet5-1.",
)
@click.option("--device", metavar="DEVICE", help="cpu, cuda, cuda:1; a GPU where there is one if left out.")
@click.option("--strategy", type=click.Choice(STRATEGIES),
              help="How processes that torchrun started share the work: ddp, fsdp.")  # fmt: skip
@click.option("--compile", "compiled", is_flag=True, help="Through torch.compile; short for --set compile=true.")
@click.option("--callback", "callbacks", multiple=True, metavar="NAME",
              help='tensorboard, mlflow, wandb or a plug-in\'s; with arguments: wandb(project = "x").')  # fmt: skip
@click.option("--tensorboard", is_flag=True, help="Events for TensorBoard; short for --callback tensorboard.")
@supply_options
@click.option("--quiet", is_flag=True, help="Print the result only.")
@reporting
def command(
    spec: SpecArguments,
    data: str | None,
    name: str | None,
    fresh: bool,
    runs: str,
    resumed: str | None,
    device: str | None,
    strategy: str | None,
    compiled: bool,
    callbacks: tuple[str, ...],
    tensorboard: bool,
    quiet: bool,
    memory: str | None,
    workers: int | None,
) -> None:
    """Train MODEL.nn as its `train` block says; without one, as a classifier of handwritten digits.

    --set reaches the parameters of the model and the values of its recipe: --set epochs=3. The folder of the run
    holds the spec, metrics.csv, curves.png, best.safetensors and last.safetensors; confusion.png of a classifier,
    samples.png of what makes pictures.

    The same command with --name again goes on with the run. SIGTERM and SIGUSR1 let it save its state and end with
    code 75, which tells a queue to start it again; Ctrl-C does with 130.
    """
    if (spec.path is None) == (resumed is None):
        raise click.UsageError("name a spec to train, or a run to go on with: --resume runs/lenet5-1")
    if spec.path is not None and is_run(spec.path):
        raise click.UsageError(f"{spec.path} is a run: go on with it by --resume {spec.path}, or name its spec")
    if fresh and name is None:
        raise click.UsageError("--fresh is about the run of a --name")
    texts = {"data": data, "compile": "true" if compiled else None}
    given: dict[str, Any] = {key: text for key, text in texts.items() if text is not None}
    watching = dict.fromkeys([*callbacks, *(["tensorboard"] if tensorboard else [])])
    manner: dict[str, Any] = {
        "device": device, "strategy": strategy, "quiet": quiet, "memory": memory, "workers": workers,
        "callbacks": watching, "limits": spec.limits,
    }  # fmt: skip
    with _told_once(), immediate_end():
        if resumed is not None:
            result = resume(resumed, **manner, **{**spec.settings, **given})
        else:
            model, recipe = load_with_recipe(spec)
            if model.found:
                show(model.found)
            result = model.train(runs=runs, name=name, fresh=fresh, **manner, **{**recipe, **given})
    if this_process().rank == 0:
        _report(result)


@contextmanager
def _told_once() -> Iterator[None]:
    """Of several processes the first one of a machine tells what all of them find; another tells its own troubles."""
    try:
        yield
    except SpecError as error:
        if this_process().reports or isinstance(error.diagnostics[0], (NotTrained, NotSaved)):
            raise
        sys.exit(1)


# A run that is resumed has its spec in its folder.
next(parameter for parameter in command.params if parameter.name == "path").required = False


def _report(result: Run) -> None:
    """The last lines: the best value, and where everything is."""
    measured = "" if result.best is None else f"best {result.measure} {result.best:.4f} in epoch {result.best_epoch}  "
    if result.best is None and result.measure is not None and result.history:
        measured = f"no best: {result.measure} was never a number  "
    if result.interrupted is not None:
        alone = this_process().count == 1
        way = f"nnspec train --resume {result.folder}" if alone else f"as it began, with --resume {result.folder}"
        click.echo(f"stopped  {measured}go on with it: {way}")
        sys.exit(RESUMABLE if result.interrupted in TO_SAVE else 128 + result.interrupted)
    click.echo(measured + "  ".join(dict.fromkeys(map(str, (result.best_weights, result.last_weights)))))
    hint("nnspec", "evaluate", result.folder)
