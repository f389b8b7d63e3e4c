"""Callbacks by what their user writes: a word, a word with arguments (`mlflow(experiment = "digits")`), or objects."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from nnspec.callbacks import mlflow, tensorboard, wandb
from nnspec.callbacks.callback import CALLBACKS, Callback
from nnspec.callbacks.mistakes import BadCallback, UnknownCallback
from nnspec.diagnostics import SpecError, nearest
from nnspec.elaborate.describe import describe
from nnspec.elaborate.frame import Frame
from nnspec.extras import need
from nnspec.recipe.call import Call, from_call

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
    return from_call("--callback", text, lambda frame, call: _made(frame, text, call))


def _made(frame: Frame, text: str, call: Call) -> Callback:
    name = call.name
    if name is None or name not in CALLBACKS:
        close = nearest(name, CALLBACKS) if name else None
        frame.fail(UnknownCallback(call.span, name or text, tuple(CALLBACKS), close))
    cls = CALLBACKS[name]
    signature = inspect.signature(cls)
    for argument in call.named.keys() - signature.parameters.keys():
        close = nearest(argument, signature.parameters)
        advice = f"did you mean {close}?" if close else f"it is called as {_written(name, signature)}"
        frame.fail(BadCallback(call.places[argument], name, f"it has no argument {argument}", advice))
    try:
        return cls(*call.positional, **call.named)
    except (TypeError, ValueError) as error:
        frame.fail(BadCallback(call.span, name, str(error), f"it is called as {_written(name, signature)}"))


def _written(name: str, signature: inspect.Signature) -> str:
    """`wandb(project = "nnspec", online = false)`."""
    parts = [
        each.name if each.default is each.empty else f"{each.name} = {describe(each.default)}"
        for each in signature.parameters.values()
    ]
    return f"{name}({', '.join(parts)})"
