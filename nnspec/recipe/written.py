"""The plain values of a recipe: what its keys are, `AdamW(lr = 1e-3)` or `[body, head]`, read from the text alone."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from nnspec.diagnostics import Sink, Source, SpecError, nearest
from nnspec.elaborate.body import Body
from nnspec.elaborate.files import Declarations
from nnspec.elaborate.frame import Environment, Failed, Placed
from nnspec.elaborate.mistakes import WrongKind
from nnspec.elaborate.values import Argument, kind
from nnspec.limits import DEFAULT_LIMITS
from nnspec.recipe.choice import Choice
from nnspec.recipe.mistakes import UnknownChoice
from nnspec.recipe.recipe import CHOICES, find, words
from nnspec.record import Record
from nnspec.syntax import tree as t
from nnspec.syntax.parse import parse_expression

Filled = TypeVar("Filled", bound=BaseModel)


class Written(Record):
    """An expression with the declarations of the text that it stands in."""

    node: t.Expression | t.Chain
    declarations: Declarations


class Recipes(Body):
    """Evaluates the plain values of a recipe."""

    def choice(self, key: str, node: Any) -> Choice:
        """`AdamW(lr = 1e-3)`: what stands there, with its arguments."""
        base, trailers = (node.base, node.trailers) if isinstance(node, t.Postfix) else (node, ())
        called = all(isinstance(trailer, t.Arguments) for trailer in trailers) and len(trailers) <= 1
        if not isinstance(base, t.Name) or not called:
            self.fail(WrongKind(self.span(node), f"one of {', '.join(words(key))}", "something else"))
        cls = find(key, base.text)
        if cls is None:
            self.fail(UnknownChoice(self.span(base), key, base.text, words(key), nearest(base.text, words(key))))
        positional, named = (
            self.arguments(trailers[0]) if trailers and isinstance(trailers[0], t.Arguments) else ((), {})
        )
        fields = list(cls.model_fields)
        config = dict(zip(fields, positional, strict=False))
        if len(positional) > len(fields):
            self.fail(WrongKind(positional[-1].span, "no further argument", "one too many"))
        return self.checked(cls, {**config, **named}, node)

    def checked(self, cls: type[Filled], config: dict[str, Argument], node: Placed) -> Filled:
        """The pydantic model of these arguments; what it finds becomes diagnostics."""
        try:
            return cls(**{name: argument.value for name, argument in config.items()})
        except ValidationError as error:
            self._report_validation(cast(Any, cls), config, error, node)
            raise Failed from None

    def plain(self, key: str, node: Any) -> Any:
        """The value of a key."""
        if key in ("drop", "freeze", "update"):
            items = node.items if isinstance(node, t.ListOf) else (node,)
            return tuple(map(self._path, items))
        if key == "augment" and isinstance(node, t.ListOf):
            return tuple(self.choice(key, item) for item in node.items)
        if key in CHOICES:
            chosen = self.choice(key, node)
            return (chosen,) if key == "augment" else chosen
        return self.evaluate(node)

    def _path(self, node: Any) -> str:
        """A path of labels: `backbone.layer1`."""
        if isinstance(node, t.Text):
            return self._text(node)
        base, trailers = (node.base, node.trailers) if isinstance(node, t.Postfix) else (node, ())
        if not isinstance(base, t.Name) or not all(isinstance(trailer, t.Member) for trailer in trailers):
            self.fail(WrongKind(self.span(node), "the label of a part of the model", "an expression"))
        return ".".join([base.text, *(trailer.name for trailer in trailers if isinstance(trailer, t.Member))])


def settle(key: str, written: Written, frame: Recipes, config: dict[str, Argument]) -> None:
    """A key's value into the configuration."""
    node: Any = written.node
    inner = Recipes(frame.shared, written.declarations, frame.scope, Environment(frame.environment), ())
    try:
        expression = lone_expression(node)
        if expression is None:
            inner.fail(WrongKind(inner.span(node), f"a value for {key}", "a chain of steps"))
        node = expression
        value = inner.plain(key, node)
        if key not in CHOICES and not _is_plain(value):
            inner.fail(WrongKind(inner.span(node), f"a value for {key}", kind(value)))
        config[key] = Argument(value, inner.span(node))
    except Failed:
        return


def lone_expression(node: t.Expression | t.Chain) -> t.Expression | None:
    """The expression that is written, alone and without a label; None where there are steps instead."""
    if not isinstance(node, t.Chain):
        return node
    step = node.items[0].step
    if len(node.items) > 1 or node.items[0].label is not None:
        return None
    return None if isinstance(step, (t.Body, t.Repeat, t.Scan, t.Residual, t.Merge)) else step


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str, tuple))


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
