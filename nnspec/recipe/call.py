"""A call that is written on the command line, `mlflow(experiment = "digits")`: its name and its plain arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from nnspec.diagnostics import Sink, Source, Span
from nnspec.elaborate.declarations import Declarations
from nnspec.elaborate.evaluate.expression import arguments
from nnspec.elaborate.frame import Exhausted, Failed, Frame
from nnspec.elaborate.statements.run import begin
from nnspec.limits import DEFAULT_LIMITS
from nnspec.recipe.written import train_frame
from nnspec.record import Record
from nnspec.syntax import tree as t
from nnspec.syntax.parse import parse_expression

Made = TypeVar("Made")


class Call(Record):
    """A name with arguments; None for the name where something else is written."""

    name: str | None
    span: Span
    positional: tuple[Any, ...] = ()
    named: Mapping[str, Any] = {}
    places: Mapping[str, Span] = {}


def from_call(option: str, text: str, make: Callable[[Frame, Call], Made]) -> Made:
    """The thing that a call stands for.

    Args:
        option: of the command, which messages name.
        text: the call, or a name alone.
        make: makes it, or fails in the frame.

    Raises:
        SpecError: the text is no expression, or `make` failed.
    """
    sink = Sink()
    source = Source(option, text)
    node = parse_expression(source, sink, DEFAULT_LIMITS)
    sink.raise_errors()
    frame = train_frame(begin(sink, DEFAULT_LIMITS), Declarations(source))
    try:
        return make(frame, _read(frame, text, node))
    except (Failed, Exhausted):
        sink.raise_errors()
        raise


def _read(frame: Frame, text: str, node: t.Expression | None) -> Call:
    base, trailers = (node.base, node.trailers) if isinstance(node, t.Postfix) else (node, ())
    called = all(isinstance(each, t.Arguments) for each in trailers) and len(trailers) <= 1
    if not isinstance(base, t.Name) or not called:
        return Call(None, Span(frame.declarations.source, 0, len(text)))
    for each in trailers:
        if isinstance(each, t.Arguments):
            positional, named = arguments(frame, each)
            values = tuple(argument.value for argument in positional)
            places = {name: argument.name_span or argument.span for name, argument in named.items()}
            options = {name: argument.value for name, argument in named.items()}
            return Call(base.text, frame.span(base), values, options, places)
    return Call(base.text, frame.span(base))
