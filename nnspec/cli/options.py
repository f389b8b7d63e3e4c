"""Shared by the commands: the arguments that name a spec, and the showing of mistakes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from nnspec.cli import completing
from nnspec.diagnostics import SpecError
from nnspec.diagnostics.diagnostic import Found
from nnspec.diagnostics.render import render
from nnspec.kinds import kind_of
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.ranges import MOST, RANGES
from nnspec.record import Record

if TYPE_CHECKING:
    from nnspec.model import Model


class SpecArguments(Record):
    """The spec that a command is given, with the choices of its user."""

    path: str
    model: str | None
    settings: dict[str, str]
    inputs: dict[str, tuple[int, ...]]
    limits: Limits

    def read(self) -> Model:
        """Read and check it; its warnings are `found` in it.

        Raises:
            SpecError: it has mistakes.
        """
        from nnspec.opening import load  # the compiler: what reads no spec starts without it

        if self.settings and kind_of(self.path) == "onnx":
            raise click.UsageError("--set belongs to a spec, and an .onnx file has its numbers inside")
        return load(self.path, self.model, settings=self.settings, inputs=self.inputs, limits=self.limits)

    def load(self) -> Model:
        """As `read`; warnings are shown, and how a file of ONNX or a folder of the Hub was read."""
        model = self.read()
        if model.found:
            show(model.found)
        for note in model.notes if kind_of(self.path) in ("onnx", "hub") else ():
            click.echo(f"  note: {note}", err=True)
        return model


def name_values(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """The texts of `NAME=VALUE`, by name."""
    pairs = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter(f"{value!r} is not NAME=VALUE")
        pairs[name.strip()] = text.strip()
    return pairs


def _shapes(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    shapes = {}
    for name, text in name_values(context, parameter, values).items():
        sizes = text.split("x") if text else []
        if not all(size.isascii() and size.isdecimal() and len(size) <= 12 for size in sizes):
            raise click.BadParameter(f"{text!r} is not a shape such as 8x3x224x224")
        shapes[name] = tuple(map(int, sizes))
    return shapes


def _limits(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> Limits:
    pairs = name_values(context, parameter, values)
    known = Limits.record_fields
    for name, text in pairs.items():
        if name not in known or not (text.isascii() and text.isdecimal()):
            raise click.BadParameter(f"{name}={text}: a limit is a number for one of {', '.join(known)}")
    bounds = {name: getattr(DEFAULT_LIMITS, name) for name in known}
    return Limits(**{**bounds, **{name: int(text) for name, text in pairs.items()}})


def _plugins(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> None:
    if values:
        from nnspec.plugin.loading import load_plugin  # few runs name one

        for value in values:
            load_plugin(value)


def in_range(name: str) -> click.IntRange | click.FloatRange:
    """The numbers that an option may have, as the argument of the same name has them in Python."""
    limits = RANGES[name]
    most = None if limits.most == MOST else limits.most
    if limits.whole:
        return click.IntRange(int(limits.least), None if most is None else int(most))
    return click.FloatRange(limits.least, most, min_open=limits.above)


def supply_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --memory and --workers."""

    @click.option("--memory", metavar="SHARE|BYTES",
                  help="That data may take, 25% or 4GB; what is larger is read as it is wanted.")  # fmt: skip
    @click.option("--workers", type=in_range("workers"), metavar="N",
                  help="Processes that read samples; one a core if left out.")  # fmt: skip
    @wraps(function)
    def command(**given: Any) -> Any:
        return function(**given)

    return command


def spec_settings(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --model, --set, --limit and --plugin; it receives the first three as `spec`, without a path."""

    @click.option("--plugin", multiple=True, is_eager=True, expose_value=False, callback=_plugins, metavar="MODULE",
                  help="A Python module or file that registers layers and more; its code is run.")  # fmt: skip
    @click.option(
        "--model",
        metavar="NAME",
        shell_complete=completing.names,
        help="The model to take; the file's first one if left out.",
    )
    @click.option("--set", "settings", multiple=True, callback=name_values, metavar="NAME=VALUE",
                  shell_complete=completing.settings,
                  help="An argument of the model, as a spec would write it.")  # fmt: skip
    @click.option("--limit", "limits", multiple=True, callback=_limits, metavar="NAME=NUMBER",
                  help=f"Raise a limit: {', '.join(Limits.record_fields)}.")  # fmt: skip
    @wraps(function)
    def command(model: str | None, settings: dict[str, str], limits: Limits, **rest: Any) -> Any:
        return function(spec=SpecArguments("", model, settings, {}, limits), **rest)

    return command


def spec_choices(function: Callable[..., Any]) -> Callable[..., Any]:
    """As `spec_settings`, with MODEL.nn."""

    @click.argument("path", metavar="MODEL.nn", shell_complete=completing.models)
    @spec_settings
    @wraps(function)
    def command(spec: SpecArguments, path: str, **rest: Any) -> Any:
        return function(spec=spec.replace(path=path), **rest)

    return command


def input_shapes(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command that receives a `spec` --input for the shapes of inputs."""

    @click.option("--input", "inputs", multiple=True, callback=_shapes, metavar="NAME=8x3x64x64",
                  help="The shape of an input; binds the symbols in it.")  # fmt: skip
    @wraps(function)
    def command(spec: SpecArguments, inputs: dict[str, tuple[int, ...]], **rest: Any) -> Any:
        return function(spec=spec.replace(inputs=inputs), **rest)

    return command


def spec_arguments(function: Callable[..., Any]) -> Callable[..., Any]:
    """As `spec_choices`, with --input."""
    return spec_choices(input_shapes(function))


def show(found: list[Found], format: str = "text") -> None:
    """Print diagnostics: text on standard error, or another form of them on standard output."""
    if format == "text":
        click.echo(render(found), err=True, nl=False)
    else:
        from nnspec.diagnostics.reports import REPORTS  # what most runs do not print is not worth its import

        click.echo(REPORTS[format](found))


def reporting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command end with exit code 1 and the diagnostics when a `SpecError` comes out of it."""

    @wraps(function)
    def command(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except SpecError as error:
            show(error.found)
            sys.exit(1)

    return command
