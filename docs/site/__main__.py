"""`python -m docs.site FOLDER [--html]`."""

from __future__ import annotations

from pathlib import Path

import click

from docs.site.build import all_pages, write_html, write_site


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--html", is_flag=True, help="Let Zensical make HTML of the pages, in FOLDER/html.")
def command(folder: Path, html: bool) -> None:
    """Write the pages of the site into FOLDER/pages."""
    pages = all_pages()
    write_site(folder, pages)
    click.echo(f"{folder / 'pages'}: {sum(page.path.endswith('.md') for page in pages)} pages")
    if html:
        try:
            click.echo(write_html(folder))
        except RuntimeError as error:
            raise click.ClickException(str(error)) from None


command()
