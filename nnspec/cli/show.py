"""`nnspec show`: the text of a spec, also of those that come with nnspec."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from nnspec.cli import completing
from nnspec.cli.options import reporting
from nnspec.cli.standard_output import echo_whole
from nnspec.diagnostics import Sink, SpecError
from nnspec.elaborate.files import read_source
from nnspec.highlight import highlight
from nnspec.kinds import SPEC, is_run, kind_of
from nnspec.limits import DEFAULT_LIMITS
from nnspec.resources import spec_path
from nnspec.zoo import locate


@click.command("show")
@click.argument("path", metavar="MODEL.nn", shell_complete=completing.specs)
@reporting
def command(path: str) -> None:
    """Print MODEL.nn, in colours on a terminal; zoo/resnet.nn is nnspec's own, and resnet50 the file with it.

    Of a folder as the Hub has it, the spec of its config.json is printed; of a run, the spec that it follows; of an
    .onnx file, the spec that it is imported as.
    """
    if kind_of(path) == "hub":
        from nnspec.hub.fetching import SMALL, local  # here, as below: few models come from there
        from nnspec.huggingface.write import spec_of

        _print(spec_of(local(path, SMALL)))
        return
    if kind_of(path) == "onnx":
        from nnspec.opening import load

        _print(load(path).text)
        return
    sink = Sink()
    found, _ = (Path(path) / SPEC, None) if is_run(path) else locate(path)
    source = read_source(spec_path(found), str(found), sink, DEFAULT_LIMITS)
    if source is None:
        raise SpecError(sink.found)
    _print(source.text)


def _print(text: str) -> None:
    echo_whole(highlight(text, colours=sys.stdout.isatty() and "NO_COLOR" not in os.environ))
