"""`nnspec diff`: what changes from a model to another one."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from nnspec.cli import completing
from nnspec.cli.options import SpecArguments, input_shapes, name_values, reporting, spec_settings
from nnspec.difference.revision import is_revision, taken_out
from nnspec.model import Model


@click.command("diff")
@click.argument("before", metavar="BEFORE.nn", shell_complete=completing.specs)
@click.argument("after", metavar="[AFTER.nn]", required=False, shell_complete=completing.specs)
@spec_settings
@input_shapes
@click.option("--to", "changed", multiple=True, callback=name_values, metavar="NAME=VALUE",
              help="An argument of the second model, in the place of that by --set.")  # fmt: skip
@click.option("--to-model", metavar="NAME", help="The model of the second file; that of --model if left out.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
              help="Draw it: both models side by side, with the changes marked; as for `nnspec draw`.")  # fmt: skip
@reporting
def command(
    before: str,
    after: str | None,
    spec: SpecArguments,
    changed: dict[str, str],
    to_model: str | None,
    output: Path | None,
) -> None:
    """Tell what changes from BEFORE.nn to AFTER.nn: blocks, shapes, parameters, multiply-accumulates and keys.

    Two files; two models of one file, by --model and --to-model; two settings, as in `nnspec diff gpt2 --to layers=24`;
    or two revisions: `nnspec diff HEAD~1:model.nn model.nn`.
    """
    one = _read(spec.replace(path=before))
    other = _read(
        spec.replace(
            path=before if after is None else after,
            model=to_model or (spec.model if after is None or spec.model else None),
            settings={**spec.settings, **changed},
        )
    )
    found = one.diff(other, limits=spec.limits)
    click.echo(str(found))
    if output is not None:
        found.draw().save(output)


def _read(spec: SpecArguments) -> Model:
    with ExitStack() as stack:
        if is_revision(spec.path):
            spec = spec.replace(path=str(stack.enter_context(taken_out(spec.path))))
        return spec.load()
