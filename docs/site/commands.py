"""The reference of commands: what `--help` prints."""

from __future__ import annotations

from collections.abc import Iterator

import click

from docs.site.page import Page, block, joined, table
from nnspec.cli.main import COMMANDS, main


def pages() -> Iterator[Page]:
    """The contents, and a page for each command."""
    rows = [(f"[nnspec {name}]({name}.md)", about) for name, about in COMMANDS.items()]
    yield Page("commands/index.md", joined(["# Commands", table(["command", ""], rows)]))
    top = click.Context(main, info_name="nnspec")
    for name in COMMANDS:
        command = main.get_command(top, name)
        assert command is not None
        yield Page(f"commands/{name}.md", joined([f"# nnspec {name}", *_help(command, name, top)]))


def _help(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent, terminal_width=100, max_content_width=100)
    yield block(command.get_help(context))
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield f"## nnspec {name} {inner}"
            yield from _help(found, inner, context)
