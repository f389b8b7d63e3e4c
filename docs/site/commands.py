"""The reference of commands: what `--help` says, and the pages on which a command is used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from inspect import cleandoc

import click

from docs.site import written
from docs.site.page import Page, block, joined, table
from nnspec.cli.main import COMMANDS, main

_USE = re.compile(r"^ *(?:\$ |&& )?nnspec ([a-z-]+)\b", re.MULTILINE)


def pages() -> Iterator[Page]:
    """The contents, and a page for each command."""
    rows = [(f"[nnspec {name}]({name}.md)", about) for name, about in COMMANDS.items()]
    yield Page("commands/index.md", joined(["# Commands", table(["command", ""], rows)]))
    top = click.Context(main, info_name="nnspec")
    used = _uses()
    for name in COMMANDS:
        command = main.get_command(top, name)
        assert command is not None
        links = ", ".join(f"[{title}](../{path})" for path, title in used.get(name, {}).items())
        seen = f"Used in {links}." if links else ""
        yield Page(f"commands/{name}.md", joined([f"# nnspec {name}", *_help(command, name, top), seen]))


def _uses() -> Mapping[str, Mapping[str, str]]:
    """The titles of the pages that use each command, by their paths."""
    used: dict[str, dict[str, str]] = {}
    for page in written.pages():
        if page.path.startswith(("start", "guide/", "course/", "how_to/", "questions")):
            for name in _USE.findall(page.text):
                used.setdefault(name, {})[page.path] = page.title
    return used


def _help(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    """Its usage, what it does, and a table of its options; those of the commands in it, too."""
    context = click.Context(command, info_name=name, parent=parent)
    yield block(f"{context.command_path} {' '.join(command.collect_usage_pieces(context))}", "console")
    yield cleandoc(command.help or "")
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield f"## nnspec {name} {inner}"
            yield from _help(found, inner, context)
        return
    records = (each.get_help_record(context) for each in command.params)
    rows = [(f"`{option}`", about) for option, about in filter(None, records) if about]
    yield table(["option", ""], rows) if rows else ""
