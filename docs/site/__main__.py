"""`python -m docs.site FOLDER [--html] [--playground FOLDER]`."""

from __future__ import annotations

from pathlib import Path

import click

from docs.site.build import all_pages, playground_page, write_html, write_site


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--html", is_flag=True, help="Let Zensical make HTML of the pages, in FOLDER/html.")
@click.option("--playground", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="FOLDER",
              help="What `python -m nnspec.playground.build` made; it becomes a part of the HTML.")  # fmt: skip
def command(folder: Path, html: bool, playground: Path | None) -> None:
    """Write the pages of the site into FOLDER/pages."""
    pages = [*all_pages(), *([playground_page()] if playground is not None else [])]
    write_site(folder, pages)
    click.echo(f"{folder / 'pages'}: {sum(page.path.endswith('.md') for page in pages)} pages")
    if html:
        try:
            click.echo(write_html(folder, playground))
        except RuntimeError as error:
            raise click.ClickException(str(error)) from None


command()
