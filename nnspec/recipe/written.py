"""The plain values of a recipe: what its keys are, `AdamW(lr = 1e-3)` or `[body, head]`, read from the text alone."""

from __future__ import annotations

from nnspec.diagnostics import Sink, Source, Span, SpecError, nearest
from nnspec.elaborate.builder.layer import filled
from nnspec.elaborate.builder.scope import Scope
from nnspec.elaborate.builder.signature import signature
from nnspec.elaborate.declarations import Declarations
from nnspec.elaborate.describe import kind
from nnspec.elaborate.evaluate.expression import arguments, evaluate, text
from nnspec.elaborate.frame import Elaboration, Environment, Failed, Frame
from nnspec.elaborate.mistakes import RepeatedArgument, WrongKind
from nnspec.elaborate.values import Argument, Meaning
from nnspec.limits import DEFAULT_LIMITS
from nnspec.recipe.choice import CHOICES, Choice
from nnspec.recipe.data import data_at
from nnspec.recipe.mistakes import UnknownChoice
from nnspec.recipe.recipe import HELD_OUT, find, words
from nnspec.record import Record
from nnspec.syntax import tree as t
from nnspec.syntax.parse import parse_expression

Plain = Meaning | Choice | tuple[Choice, ...]  # the value of a key


class Setting(Record):
    """The value of a key, with its place."""

    value: Plain
    span: Span
    name_span: Span | None = None
    written: str = ""  # a recipe has no parameters


class Written(Record):
    """An expression with the declarations of the text that it stands in."""

    node: t.Expression | t.Chain
    declarations: Declarations


def train_frame(shared: Elaboration, declarations: Declarations) -> Frame:
    """The frame of what the `train` blocks of a file say."""
    return Frame(shared, declarations, Scope("train", "block"), Environment())


def settle(key: str, written: Written, frame: Frame, config: dict[str, Setting]) -> None:
    """A key's value into the configuration."""
    inner = Frame(frame.shared, written.declarations, frame.scope, Environment(frame.environment))
    span = inner.span(written.node)
    try:
        node = lone_expression(written.node)
        if node is None:
            inner.fail(WrongKind(span, f"a value for {key}", "a chain of steps"))
        config[key] = Setting(_value(inner, key, node), inner.span(node), None)
    except Failed:
        return


def _value(frame: Frame, key: str, node: t.Expression) -> Plain:
    """The value of a key."""
    if key in ("drop", "freeze", "update"):
        items = node.items if isinstance(node, t.ListOf) else (node,)
        return tuple([_path(frame, item) for item in items])
    if key == "balanced" and not isinstance(node, t.Constant):
        return _path(frame, node)
    if key == "augment":
        return tuple([_choice(frame, key, item) for item in (node.items if isinstance(node, t.ListOf) else (node,))])
    if key in HELD_OUT and _names_data(node):
        return _choice(frame, "data", node)
    if key == "data" and isinstance(node, t.Text):
        return data_at(text(frame, node))
    if key in CHOICES:
        return _choice(frame, key, node)
    value = evaluate(frame, node)
    if not (value is None or isinstance(value, (bool, int, float, str, tuple))):
        frame.fail(WrongKind(frame.span(node), f"a value for {key}", kind(value)))
    return value


def _names_data(node: t.Expression) -> bool:
    """Whether a data set is named, and not a path or a share."""
    base = node.base if isinstance(node, t.Postfix) else node
    return isinstance(base, t.Name) and base.text in words("data")


def _choice(frame: Frame, key: str, node: t.Expression) -> Choice:
    """`AdamW(lr = 1e-3)`: what stands there, with its arguments."""
    base, trailers = (node.base, node.trailers) if isinstance(node, t.Postfix) else (node, ())
    called = all(isinstance(trailer, t.Arguments) for trailer in trailers) and len(trailers) <= 1
    if not isinstance(base, t.Name) or not called:
        frame.fail(WrongKind(frame.span(node), f"one of {', '.join(words(key))}", "something else"))
    cls = find(key, base.text)
    if cls is None:
        known = words(key)
        frame.fail(UnknownChoice(frame.span(base), key, base.text, known, nearest(base.text, known)))
    config: dict[str, Argument | Setting] = {}
    for trailer in trailers:
        if isinstance(trailer, t.Arguments):
            config = _arguments(frame, cls, trailer)
    return filled(frame, cls, config, node)


def _arguments(frame: Frame, cls: type[Choice], written: t.Arguments) -> dict[str, Argument | Setting]:
    """The arguments of a choice by their names; some are choices themselves."""
    order = list(cls.in_order())
    by_place = [item for item in written.items if item.name is None]
    if len(by_place) > len(order):
        frame.fail(WrongKind(frame.span(by_place[-1].value), "no further argument", "one too many"))
    found: dict[str, Argument | Setting] = {}
    plain: dict[str, t.Argument] = {}
    for index, item in enumerate(written.items):
        name = item.name.text if item.name else order[index]
        place = frame.span(item.name) if item.name else None
        if name in found or name in plain:
            frame.fail(RepeatedArgument(place, cls.__name__, name, signature(cls)))
        if name in cls.nested:
            found[name] = Setting(argument(frame, cls, name, item.value), frame.span(item.value), place)
        else:
            plain[name] = item
    positional, named = arguments(frame, t.Arguments(written.start, written.end, tuple(plain.values())))
    free = [name for name, item in plain.items() if item.name is None]
    return {**found, **dict(zip(free, positional, strict=True)), **named}


def argument(frame: Frame, cls: type[Choice], name: str, node: t.Expression) -> Plain:
    """The value of an argument of a choice."""
    key = cls.nested.get(name)
    if key is None:
        return evaluate(frame, node)
    if isinstance(node, t.ListOf):
        return tuple([_choice(frame, key, item) for item in node.items])
    return _choice(frame, key, node)


def _path(frame: Frame, node: t.Expression) -> str:
    """A path of labels: `backbone.layer1`."""
    if isinstance(node, t.Text):
        return text(frame, node)
    base, trailers = (node.base, node.trailers) if isinstance(node, t.Postfix) else (node, ())
    members = [trailer.name for trailer in trailers if isinstance(trailer, t.Member)]
    if not isinstance(base, t.Name) or len(members) < len(trailers):
        frame.fail(WrongKind(frame.span(node), "the label of a part of the model", "an expression"))
    return ".".join([base.text, *members])


def lone_expression(node: t.Expression | t.Chain) -> t.Expression | None:
    """The expression that is written, alone and without a label; None where there are steps instead."""
    if not isinstance(node, t.Chain):
        return node
    step = node.items[0].step
    if len(node.items) > 1 or node.items[0].label is not None:
        return None
    return None if isinstance(step, (t.Body, t.Repeat, t.Scan, t.Residual, t.Merge)) else step


def default_expression(text: str) -> Written:
    """One of the default expressions, as if a spec had written it.

    Raises:
        SpecError: never, for the texts above.
    """
    source, sink = Source("<default recipe>", text), Sink()
    node = parse_expression(source, sink, DEFAULT_LIMITS)
    if node is None:
        raise SpecError(sink.found)
    return Written(node, Declarations(source))
