"""`%load_ext nnspec`: the magic `%%nnspec`, which compiles the spec in a cell and shows its model."""

from __future__ import annotations

import shlex
from typing import Any

import click

from nnspec.cli.options import name_values, show
from nnspec.diagnostics import Diagnostic, SpecError
from nnspec.model import Model
from nnspec.text import loads


class BadCell(Diagnostic):
    """The line `%%nnspec` of a cell cannot be read."""

    code = "E0515"
    reason: str

    @property
    def message(self) -> str:
        return f"%%nnspec: {self.reason}"

    @property
    def help(self) -> str | None:
        return "write `%%nnspec`, and behind it a name in Python, --model NAME, or --set NAME=VALUE"


@click.command("nnspec", add_help_option=False)
@click.argument("name", required=False)
@click.option("--model")
@click.option("--set", "settings", multiple=True, callback=name_values)
def _options(name: str | None, model: str | None, settings: dict[str, str]) -> tuple[Any, ...]:
    return name, model, settings


def compiled(line: str, cell: str, names: dict[str, Any]) -> Model:
    """The model of a cell, which is given a name.

    Args:
        line: what stands behind `%%nnspec`: the name in Python, which is that of the model if it is left out,
            `--model` for another than the first one of the cell, and `--set` for its arguments.
        cell: the spec.
        names: the names of the notebook.

    Raises:
        SpecError: the line cannot be read, or the spec has mistakes.
    """
    try:
        name, chosen, settings = _options.main(shlex.split(line), standalone_mode=False)
    except (click.UsageError, ValueError) as error:
        reason = error.format_message() if isinstance(error, click.UsageError) else str(error)
        raise SpecError.of(BadCell(None, reason[:1].lower() + reason[1:].rstrip("."))) from None
    model = loads(cell, chosen, name="<cell>", settings=settings)
    if model.found:
        show(model.found)
    names[name or model.name] = model
    return model


def register(shell: Any) -> None:
    """Make the magic known to a shell of IPython."""

    def nnspec(line: str, cell: str) -> Model:
        """Compile the spec in the cell: %%nnspec [NAME] [--model NAME] [--set NAME=VALUE]."""
        return compiled(line, cell, shell.user_ns)

    shell.register_magic_function(nnspec, magic_kind="cell")
