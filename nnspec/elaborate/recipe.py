"""The `train` block: its plain values become a `Recipe`, its loss and metrics wait for the types of the data's fields.

The block is read in two steps. `read_plan` needs the text only. `objective.py` then elaborates the expressions, once
the data is known. A name that is no key of the recipe is a value which later lines use.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from nnspec.diagnostics import Sink, Source, Span, SpecError, nearest
from nnspec.elaborate.body import Body
from nnspec.elaborate.choice import Choice
from nnspec.elaborate.choices import CHOICES, EXPRESSIONS, KEYS, LATER, Recipe, find, words
from nnspec.elaborate.data import Images, Npz, Table, Text
from nnspec.elaborate.files import Declarations
from nnspec.elaborate.frame import Environment, Exhausted, Failed, Placed, Shared
from nnspec.elaborate.mistakes import AlreadyDeclared, BadSetting, Misplaced, NotSupportedYet, WrongKind
from nnspec.elaborate.recipe_mistakes import OtherModel, UnknownChoice, UnknownKey
from nnspec.elaborate.scope import Scope
from nnspec.elaborate.values import Argument, describe, kind
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.record import Record
from nnspec.syntax import tree as t
from nnspec.syntax.parse import parse_expression

DEFAULT_LOSS, DEFAULT_METRIC = "cross_entropy(_, label)", "accuracy(_, label)"
_PARTS: Any = (t.Node, tuple)


class Written(Record):
    """An expression with the declarations of the text that it stands in."""

    node: t.Expression | t.Chain
    declarations: Declarations


class Plan(Record):
    """A recipe, and the expressions that are elaborated when the data is known."""

    recipe: Recipe
    values: tuple[t.Bind | t.Let, ...]
    declarations: Declarations  # of the file with the `train` block
    loss: Written | None
    metrics: Written | None
    places: dict[str, Span]  # where the keys that are written have their values


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
        return cast(Choice, self.checked(cls, {**config, **named}, node))

    def checked(self, cls: type[BaseModel], config: dict[str, Argument], node: Placed) -> BaseModel:
        """The pydantic model of these arguments; what it finds becomes diagnostics."""
        try:
            return cls(**{name: argument.value for name, argument in config.items()})
        except ValidationError as error:
            self._report_validation(cast(Any, cls), config, error, node)
            raise Failed from None

    def plain(self, key: str, node: Any) -> Any:
        """The value of a key."""
        if key in ("drop", "freeze"):
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


def read_plan(
    declarations: Declarations,
    model: str,
    settings: Mapping[str, Any] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Plan:
    """The recipe for a model: its `train` block (or one without a name), with settings in place of what it says.

    Raises:
        SpecError: the recipe has mistakes.
    """
    sink = Sink()
    try:
        return _read(declarations, model, dict(settings or {}), Shared(sink, limits))
    except Exhausted:
        raise SpecError(sink.found) from None


def _read(declarations: Declarations, model: str, settings: dict[str, Any], shared: Shared) -> Plan:
    sink = shared.sink
    block = _block(declarations, model, sink)
    frame = Recipes(shared, declarations, Scope("train", "block"), Environment(), ())
    keys, values = _statements(frame, block)
    written = {key: Written(chain, declarations) for key, chain in keys.items()}
    config: dict[str, Argument] = {}
    for key, value in settings.items():
        _override(key, value, written, config, frame)
    for key, each in written.items():
        if key not in EXPRESSIONS:
            _evaluate(key, each, frame, config)
    recipe = None
    if not sink.errors:
        try:
            recipe = frame.checked(Recipe, config, block or t.Body(0, 0, ()))
        except Failed:
            pass
    sink.raise_errors()
    assert isinstance(recipe, Recipe)
    places = {key: argument.span for key, argument in config.items() if argument.span.source.text}
    return Plan(recipe, values, declarations, written.get("loss"), written.get("metrics"), places)


def _block(declarations: Declarations, model: str, sink: Sink) -> t.Train | None:
    frame = Recipes(Shared(sink, DEFAULT_LIMITS), declarations, Scope("train", "block"), Environment(), ())
    chosen: dict[str | None, t.Train] = {}
    for block in declarations.trains:
        name = block.name.text if block.name else None
        place = block.name or block
        if name in chosen:
            frame.report(AlreadyDeclared(frame.span(place), f"train {name or ''}".strip(), frame.span(chosen[name])))
        if name is not None and name not in declarations.names:
            names = [definition.name for definition in declarations.models]
            frame.report(OtherModel(frame.span(place), name, nearest(name, names)))
        chosen.setdefault(name, block)
    return chosen.get(model) or chosen.get(None)


def _statements(frame: Recipes, block: t.Train | None) -> tuple[dict[str, t.Chain], tuple[t.Bind | t.Let, ...]]:
    """The keys of the block with what they are, and its other values."""
    keys: dict[str, t.Chain] = {}
    values: list[t.Bind | t.Let] = []
    statements = block.body.statements if block else ()
    used = [_names(statement) for statement in statements]
    for index, statement in enumerate(statements):
        try:
            if isinstance(statement, t.Phase):
                frame.fail(NotSupportedYet(frame.span(statement.name), "training in phases"))
            if not isinstance(statement, (t.Bind, t.Let)):
                advice = "a recipe is made of `key = value` lines"
                frame.fail(Misplaced(frame.span(statement), "this statement", advice))
            name = statement.names[0] if isinstance(statement, t.Bind) else statement.name
            if isinstance(statement, t.Bind) and len(statement.names) == 1 and name.text in KEYS:
                if name.text in keys:
                    frame.fail(AlreadyDeclared(frame.span(name), name.text))
                keys[name.text] = statement.chain
                continue
            if name.text in LATER:
                frame.fail(NotSupportedYet(frame.span(name), f"`{name.text}`"))
            if not any(name.text in names for names in used[index + 1 :]):
                frame.fail(UnknownKey(frame.span(name), name.text, KEYS, nearest(name.text, KEYS)))
            values.append(statement)
            if isinstance(statement, t.Let):
                frame.run(statement)
        except Failed:
            continue
    return keys, tuple(values)


def _names(node: Any) -> set[str]:
    """All names that a piece of the text uses."""
    if isinstance(node, t.Name):
        return {node.text}
    fields = node if isinstance(node, tuple) else [getattr(node, name) for name in node.record_fields[2:]]
    return set().union(*(_names(field) for field in fields if isinstance(field, _PARTS)))


def _evaluate(key: str, written: Written, frame: Recipes, config: dict[str, Argument]) -> None:
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


def _override(key: str, value: Any, written: dict[str, Written], config: dict[str, Argument], frame: Recipes) -> None:
    """A setting from outside takes the place of what the block says."""
    if key not in KEYS:
        advice = f"did you mean {nearest(key, KEYS)}?" if nearest(key, KEYS) else f"its keys are {', '.join(KEYS)}"
        frame.report(BadSetting(None, f"a recipe has no key {key}", advice))
        return
    written.pop(key, None)
    source = Source(f"--set {key}", value if isinstance(value, str) else describe(_tuples(value)))
    node = _path_choice(key, source) or parse_expression(source, frame.shared.sink, frame.shared.limits)
    if isinstance(node, Choice):
        config[key] = Argument(node, Span(source, 0, len(source.text)))
    elif node is not None:
        declarations = Declarations(source)
        declarations.names = frame.declarations.names
        written[key] = Written(node, declarations)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, (list, tuple)) else value


def is_path(text: str) -> bool:
    """Whether data is given as a path, `folder` or `file.npz`, and not as a choice of the language."""
    return re.fullmatch(rf"({'|'.join(words('data'))})\s*(\(.*\))?", text, re.DOTALL) is None


def _path_choice(key: str, source: Source) -> Choice | None:
    if key != "data" or not is_path(source.text):
        return None
    readers = {".npz": Npz, ".csv": Table, ".txt": Text}
    reader: Any = readers.get(PurePath(source.text).suffix, Images)
    return cast(Choice, reader(path=source.text))


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
