"""The `train` block: its plain values become a `Recipe`, its loss and metrics wait for the types of the data's fields.

The block is read in two steps. `read_plan` needs the text only. `objective.py` then elaborates the expressions, once
the data is known. A name that is no key of the recipe is a value which later lines use. A block with phases, or with
labels, builds networks of its own out of the models of the file; any other judges what one model gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from nnspec.diagnostics import Sink, Source, Span, SpecError, nearest
from nnspec.elaborate.body import Body
from nnspec.elaborate.choice import Choice
from nnspec.elaborate.choices import CHOICES, EXPRESSIONS, KEYS, LATER, PHASE_KEYS, Phase, Recipe, find, words
from nnspec.elaborate.data import ENDINGS, Images
from nnspec.elaborate.files import Declarations
from nnspec.elaborate.frame import Environment, Exhausted, Failed, Placed, Shared
from nnspec.elaborate.mistakes import AlreadyDeclared, BadSetting, Misplaced, NotSupportedYet, WrongKind
from nnspec.elaborate.recipe_mistakes import OtherModel, PhaseWithoutLoss, UnknownChoice, UnknownKey
from nnspec.elaborate.scope import Scope
from nnspec.elaborate.values import Argument, describe, kind
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.record import Record
from nnspec.syntax import tree as t
from nnspec.syntax.parse import parse_expression

DEFAULT_LOSS, DEFAULT_METRIC = "cross_entropy(_, label)", "accuracy(_, label)"


class Written(Record):
    """An expression with the declarations of the text that it stands in."""

    node: t.Expression | t.Chain
    declarations: Declarations


Value = t.Bind | t.Let | t.For


class PhasePlan(Record):
    """A phase; without a name the one of a block that has none."""

    name: str
    recipe: Phase
    values: tuple[Value, ...]
    loss: Written | None
    places: dict[str, Span]


class Plan(Record):
    """A recipe, and the expressions that are elaborated when the data is known."""

    name: str  # what the run is called
    builds: bool  # networks of its own, instead of judging what the model gives
    recipe: Recipe
    values: tuple[Value, ...]
    declarations: Declarations  # of the file with the `train` block
    phases: tuple[PhasePlan, ...]
    metrics: Written | None
    sample: Written | None
    places: dict[str, Span]  # where the keys that are written have their values

    @property
    def expressions(self) -> tuple[Written, ...]:
        """Everything that is written for later."""
        return tuple(each for each in (*(phase.loss for phase in self.phases), self.metrics, self.sample) if each)


class Lines(Record):
    """What a block or a phase says: its keys with their texts, its values, and the phases in it."""

    keys: dict[str, Written]
    values: tuple[Value, ...]
    phases: tuple[t.Phase, ...]


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
    lines = _lines(frame, block.body.statements if block else (), KEYS)
    written = lines.keys
    phases = [(phase, _lines(frame, phase.body.statements, PHASE_KEYS)) for phase in lines.phases]
    _check_phases(frame, lines, phases)
    config: dict[str, Argument] = {}
    for key, value in settings.items():
        _override(key, value, written, config, frame, {phase.name.text: inner for phase, inner in phases})
    recipe = _configured(Recipe, written, config, frame, block or t.Body(0, 0, ()))
    planned = [_phase(phase, inner, frame) for phase, inner in phases]
    sink.raise_errors()
    assert isinstance(recipe, Recipe)
    return Plan(
        block.name.text if block and block.name else model,
        block is not None and _builds(block),
        recipe,
        lines.values,
        declarations,
        tuple(planned) or (PhasePlan("", Phase(), (), written.get("loss"), {}),),
        written.get("metrics"),
        written.get("sample"),
        _places(config),
    )


def _phase(phase: t.Phase, lines: Lines, frame: Recipes) -> PhasePlan:
    config: dict[str, Argument] = {}
    recipe = _configured(Phase, lines.keys, config, frame, phase)
    made = recipe if isinstance(recipe, Phase) else Phase()
    return PhasePlan(phase.name.text, made, lines.values, lines.keys.get("loss"), _places(config))


def _configured(
    cls: type[BaseModel], written: dict[str, Written], config: dict[str, Argument], frame: Recipes, node: Placed
) -> BaseModel | None:
    """The plain values of a block or a phase; `config` has those that are settled already, and then all of them."""
    for key, each in written.items():
        if key not in EXPRESSIONS:
            _evaluate(key, each, frame, config)
    if frame.shared.sink.errors:
        return None
    try:
        return frame.checked(cls, config, node)
    except Failed:
        return None


def _places(config: dict[str, Argument]) -> dict[str, Span]:
    return {key: argument.span for key, argument in config.items() if argument.span.source.text}


def _check_phases(frame: Recipes, lines: Lines, phases: list[tuple[t.Phase, Lines]]) -> None:
    """Phases have names of their own and a loss each, and the block then has none."""
    seen: dict[str, t.Phase] = {}
    for phase, inner in phases:
        name = phase.name.text
        if name in seen:
            frame.report(AlreadyDeclared(frame.span(phase.name), f"phase {name}", frame.span(seen[name].name)))
        seen.setdefault(name, phase)
        if "loss" not in inner.keys:
            frame.report(PhaseWithoutLoss(frame.span(phase.name), name))
        for nested in inner.phases:
            frame.report(Misplaced(frame.span(nested.name), "`phase` inside a phase", "write it into the block"))
    if phases and "loss" in lines.keys:
        node = lines.keys["loss"].node
        frame.report(Misplaced(frame.span(node), "a loss beside phases", "give each phase its own loss"))
    if len(phases) > 1 and "early_stopping" in lines.keys and "metrics" not in lines.keys:
        node = lines.keys["early_stopping"].node
        advice = "write `metrics = [...]`: the first one tells which epoch is the best"
        frame.report(Misplaced(frame.span(node), "`early_stopping` of several losses", advice))


def _builds(block: t.Train) -> bool:
    """Whether a block has phases, or labels anything: then it builds networks of its own."""
    return any(isinstance(node, t.Phase) or (isinstance(node, t.Item) and node.label) for node in _nodes(block.body))


def _block(declarations: Declarations, model: str, sink: Sink) -> t.Train | None:
    """The block of a model: that of its name, or the one without a name, or one that builds on the model."""
    frame = Recipes(Shared(sink, DEFAULT_LIMITS), declarations, Scope("train", "block"), Environment(), ())
    chosen: dict[str | None, t.Train] = {}
    building: list[t.Train] = []
    for block in declarations.trains:
        name = block.name.text if block.name else None
        place = block.name or block
        if name in chosen:
            frame.report(AlreadyDeclared(frame.span(place), f"train {name or ''}".strip(), frame.span(chosen[name])))
        if name is not None and name not in declarations.names:
            building.append(block)
            if not _builds(block):
                names = [definition.name for definition in declarations.models]
                frame.report(OtherModel(frame.span(place), name, nearest(name, names)))
        chosen.setdefault(name, block)
    users = [block for block in building if model in _names(block.body)]
    return chosen.get(model) or chosen.get(None) or next(iter(users), None)


def _lines(frame: Recipes, statements: tuple[t.Statement, ...], known: tuple[str, ...]) -> Lines:
    """The keys of a block or phase with what they are, its other values, and its phases."""
    keys: dict[str, Written] = {}
    values: list[Value] = []
    used = [_names(statement) for statement in statements]
    for index, statement in enumerate(statements):
        try:
            if isinstance(statement, (t.Phase, t.For)):
                if isinstance(statement, t.For):
                    values.append(statement)
                continue
            name = _named(frame, statement)
            if isinstance(statement, t.Bind) and name.text in known:
                if name.text in keys:
                    frame.fail(AlreadyDeclared(frame.span(name), name.text))
                keys[name.text] = Written(statement.chain, frame.declarations)
                continue
            if name.text in LATER:
                frame.fail(NotSupportedYet(frame.span(name), f"`{name.text}`"))
            assert isinstance(statement, (t.Bind, t.Let))
            if not any(name.text in names for names in used[index + 1 :]):
                frame.fail(UnknownKey(frame.span(name), name.text, known, nearest(name.text, known)))
            values.append(statement)
            if isinstance(statement, t.Let):
                frame.run(statement)
        except Failed:
            continue
    return Lines(keys, tuple(values), tuple(each for each in statements if isinstance(each, t.Phase)))


def _named(frame: Recipes, statement: t.Statement) -> t.Identifier:
    """The (first) name that a line gives a value to."""
    if not isinstance(statement, (t.Bind, t.Let)):
        frame.fail(Misplaced(frame.span(statement), "this statement", "a recipe is made of `key = value` lines"))
    return statement.names[0] if isinstance(statement, t.Bind) else statement.name


def _nodes(node: Any) -> Iterator[Any]:
    """All nodes of a piece of the text."""
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, tuple):
            pending += current
        elif isinstance(current, t.Node):
            yield current
            pending += [getattr(current, name) for name in current.record_fields[2:]]


def _names(node: Any) -> set[str]:
    """All names that a piece of the text uses."""
    return {each.text for each in _nodes(node) if isinstance(each, t.Name)}


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


def _override(
    key: str,
    value: Any,
    written: dict[str, Written],
    config: dict[str, Argument],
    frame: Recipes,
    phases: dict[str, Lines],
) -> None:
    """A setting from outside takes the place of what the block says, or a phase: `critic.steps`."""
    phase, _, inner = key.partition(".")
    known, name = (PHASE_KEYS, inner) if inner and phase in phases else (KEYS, key)
    if name not in known:
        close = nearest(name, known)
        advice = f"did you mean {close}?" if close else f"its keys are {', '.join(known)}"
        frame.report(BadSetting(None, f"a recipe has no key {key}", advice))
        return
    target = written if known is KEYS else phases[phase].keys
    target.pop(name, None)
    source = Source(f"--set {key}", value if isinstance(value, str) else describe(_tuples(value)))
    if is_path(name, source.text):
        config[name] = Argument(_at(name, source.text), Span(source, 0, len(source.text)))
        return
    node = parse_expression(source, frame.shared.sink, frame.shared.limits)
    if node is not None:
        declarations = Declarations(source)
        declarations.names = frame.declarations.names
        target[name] = Written(node, declarations)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, (list, tuple)) else value


def is_path(key: str, text: str) -> bool:
    """Whether the value of a key is given as a path (`folder`, `file.npz`, `last.safetensors`), not in the language."""
    if key == "weights":
        return text != "none" and not text.startswith('"')
    return key == "data" and re.fullmatch(rf"({'|'.join(words('data'))})\s*(\(.*\))?", text, re.DOTALL) is None


def _at(key: str, path: str) -> Choice | str:
    """What a path stands for: a file of weights, or data."""
    reader: Any = ENDINGS.get(PurePath(path).suffix, Images)
    return path if key == "weights" else cast(Choice, reader(path=path))


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
