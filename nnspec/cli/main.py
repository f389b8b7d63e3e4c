"""`nnspec`: the command line. A command's module is imported when the command is used."""

from __future__ import annotations

import importlib
from typing import Any

import click

from nnspec.cli.options import reporting
from nnspec.cli.standard_output import standard_output
from nnspec.version import __version__

COMMANDS = {
    "new": "Write a spec to begin with.",
    "check": "Check a spec and report every mistake.",
    "summary": "Print layers, shapes, parameters and multiply-accumulates.",
    "draw": "Draw a model: SVG, a page, PNG, Graphviz or Mermaid.",
    "diff": "Tell what changes from a model to another one.",
    "format": "Write specs in the one canonical way.",
    "show": "Print a spec.",
    "explain": "Explain a diagnostic's code, or a layer.",
    "export": "Write PyTorch source or an ONNX file.",
    "verify": "Compare an ONNX file with PyTorch.",
    "predict": "Run a model on an input.",
    "page": "Write a page on which a trained network is at work.",
    "evaluate": "Judge a trained model on held-out data.",
    "sample": "Sample texts or pictures from a model.",
    "lsp": "Answer an editor: the language server.",
    "bench": "Measure how fast a model runs.",
    "train": "Train a model as its spec says.",
    "sweep": "Search for settings: each trial is a run.",
    "find-lr": "Find the learning rate at which the loss falls fastest.",
    "runs": "Compare runs of training.",
    "report": "Write a page on a run: curves, confusion, worst samples.",
    "card": "Write the model card of a run.",
    "zoo": "List the models that come with nnspec.",
    "completion": "Let a shell complete commands, files, models and settings.",
    "doctor": "Tell what is installed here and what it can do.",
    "weights": "Check a file of weights against a model, or convert it.",
    "import": "Write a spec for a model of PyTorch, ONNX, Hugging Face.",
}

MODULES = {"import": "importing", "find-lr": "find_lr"}  # where the name of a command cannot be that of its module


class LazyGroup(click.Group):
    """A group whose commands are imported one at a time, so that `nnspec summary` never pays for training."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, in the order of the table above."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"nnspec.cli.{MODULES.get(cmd_name, cmd_name)}").command
        return command

    @reporting
    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run a command; that something cannot be printed is a mistake like others."""
        with standard_output():
            return super().main(*arguments, **options)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def main() -> None:
    """Networks as short, checked texts: summarise, train, export to PyTorch and ONNX, and run them."""
