"""`nnspec lsp`: the language server, which an editor starts."""

from __future__ import annotations

import click

from nnspec.cli.options import reporting
from nnspec.extras import need


@click.command("lsp")
@reporting
def command() -> None:
    """Answer an editor over standard input and output, in the Language Server Protocol.

    Mistakes while typing with quick fixes, shapes behind every step, hover, completion, definitions, references,
    renaming, outline, folding, formatting, and the picture of a model. It is started by an editor.
    """
    need("the language server", "pygls")
    from nnspec.lsp.handlers import create  # pygls is no part of the core

    create().start_io()
