"""`nnspec completion`: the script by which a shell completes what is typed behind `nnspec`."""

from __future__ import annotations

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from nnspec.cli.options import reporting
from nnspec.output import replacing

SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_NNSPEC_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@click.option("--install", is_flag=True, help="Put it where new shells find it, instead of printing it.")
@reporting
def command(shell: str | None, install: bool) -> None:
    """Print the script for bash, zsh or fish; that of the shell you use if left out. --install: once, for all.

    Then Tab completes commands and options, specs, runs, names of the zoo, parameters and keys behind --set, and the
    labels of a model behind `nnspec explain MODEL`.
    """
    chosen = shell or _own_shell()
    script = _script(chosen)
    if not install:
        click.echo(script, nl=False)
        return
    target = _place(chosen)
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as temporary:
        temporary.write_text(script, encoding="utf-8")
    click.echo(f"{target}: written; a {chosen} that is started from now on has it")
    if chosen == "zsh":
        click.echo(f"zsh reads it if ~/.zshrc has, before compinit: fpath=({target.parent} $fpath)")


def _own_shell() -> str:
    name = Path(os.environ.get("SHELL", "")).name
    if name not in SHELLS:
        raise click.UsageError(f"SHELL names no shell that is known here: name one of {', '.join(SHELLS)}")
    return name


def _script(shell: str) -> str:
    made = get_completion_class(shell)
    assert made is not None  # click has these three
    script = made(click.Command("nnspec"), {}, "nnspec", _VARIABLE).source()
    return script.lstrip("\n").rstrip("\n") + "\n"


def _place(shell: str) -> Path:
    """The file that new shells read of themselves: bash-completion's folder, a folder for zsh, fish's own."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return {
        "bash": data / "bash-completion/completions/nnspec",
        "zsh": data / "zsh/site-functions/_nnspec",
        "fish": config / "fish/completions/nnspec.fish",
    }[shell]
