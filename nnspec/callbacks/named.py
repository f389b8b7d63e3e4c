"""Callbacks by what their user writes: a word, a word with arguments (`mlflow(experiment = "digits")`), or objects."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from nnspec.callbacks import mlflow, tensorboard, wandb
from nnspec.callbacks.callback import CALLBACKS, Callback
from nnspec.callbacks.mistakes import BadCallback, UnknownCallback
from nnspec.diagnostics import Sink, Source, Span, SpecError, nearest
from nnspec.elaborate.declarations import Declarations
from nnspec.elaborate.evaluate.expression import arguments
from nnspec.elaborate.frame import Exhausted, Failed, Frame
from nnspec.elaborate.statements.run import begin
from nnspec.extras import need
from nnspec.limits import DEFAULT_LIMITS
from nnspec.recipe.written import train_frame
from nnspec.syntax import tree as t
from nnspec.syntax.parse import parse_expression

BUILT_IN = (mlflow.MLflow, tensorboard.TensorBoard, wandb.WeightsAndBiases)  # registered where they are defined


def callbacks_of(given: Iterable[object]) -> tuple[Callback, ...]:
    """The callbacks that are meant.

    Raises:
        SpecError: there is no such one, it takes other arguments, or a package that it needs is not installed.
    """
    found: list[Callback] = []
    for each in given:
        callback = named(each) if isinstance(each, str) else each
        if not isinstance(callback, Callback):
            advice = f"give an instance of a subclass of nnspec.Callback, or a word: {', '.join(CALLBACKS)}"
            raise SpecError.of(BadCallback(None, repr(callback), "it is none", advice))
        need(f"the callback {type(callback).__name__}", *callback.packages)
        found.append(callback)
    return tuple(found)


def named(text: str) -> Callback:
    """The callback that a text stands for.

    Raises:
        SpecError: there is no such one, or it takes other arguments.
    """
    sink = Sink()
    source = Source("--callback", text)
    node = parse_expression(source, sink, DEFAULT_LIMITS)
    sink.raise_errors()
    frame = train_frame(begin(sink, DEFAULT_LIMITS), Declarations(source))
    try:
        return _made(frame, text, node)
    except (Failed, Exhausted):
        sink.raise_errors()
        raise


def _made(frame: Frame, text: str, node: t.Expression | None) -> Callback:
    base, trailers = (node.base, node.trailers) if isinstance(node, t.Postfix) else (node, ())
    if not isinstance(base, t.Name) or len(trailers) > 1 or not all(isinstance(each, t.Arguments) for each in trailers):
        frame.fail(UnknownCallback(None, text, tuple(CALLBACKS), None))
    cls = CALLBACKS.get(base.text)
    if cls is None:
        frame.fail(UnknownCallback(frame.span(base), base.text, tuple(CALLBACKS), nearest(base.text, CALLBACKS)))
    places: dict[str, Span] = {}
    values: list[object] = []
    options: dict[str, object] = {}
    for each in trailers:
        if isinstance(each, t.Arguments):
            positional, by_name = arguments(frame, each)
            values += [argument.value for argument in positional]
            options |= {name: argument.value for name, argument in by_name.items()}
            places = {name: argument.name_span or argument.span for name, argument in by_name.items()}
    signature = inspect.signature(cls)
    for name in options.keys() - signature.parameters.keys():
        close = nearest(name, signature.parameters)
        advice = f"did you mean {close}?" if close else f"it is called as {base.text}{signature}"
        frame.fail(BadCallback(places[name], base.text, f"it has no argument {name}", advice))
    try:
        return cls(*values, **options)
    except (TypeError, ValueError) as error:
        frame.fail(BadCallback(frame.span(base), base.text, str(error), f"it is called as {base.text}{signature}"))
