"""The plan of a run: a `train` block with the settings from outside, its expressions left for when the data is known.

The block is read in two steps. `read_plan` needs the text only. `objective.py` then elaborates the expressions, once
the data is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from nnspec.diagnostics import Sink, Span
from nnspec.elaborate.builder.layer import filled
from nnspec.elaborate.declarations import Declarations
from nnspec.elaborate.frame import Elaboration, Exhausted, Failed, Frame, Placed
from nnspec.elaborate.mistakes import AlreadyDeclared, Misplaced
from nnspec.elaborate.statements.run import begin
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.recipe.data import Unsaid
from nnspec.recipe.following import check_following
from nnspec.recipe.lines import Lines, Value, builds, find_block, read_lines
from nnspec.recipe.mistakes import PhaseWithoutLoss
from nnspec.recipe.outside import Inner, change, override
from nnspec.recipe.over import TakenOver, taken_over
from nnspec.recipe.recipe import EXPRESSIONS, KEYS, PHASE_KEYS, Phase, Recipe, Values
from nnspec.recipe.written import Setting, Written, settle, train_frame
from nnspec.record import Record
from nnspec.syntax import tree as t

Filled = TypeVar("Filled", bound=Values)


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
    over: TakenOver | None = None  # the lines of another file's recipe

    def to_json(self) -> dict[str, Any]:
        """All plain values as plain data, those of a phase as `critic.steps`."""
        phases = {f"{phase.name}.{key}": value for phase in self.phases if phase.name
                  for key, value in phase.recipe.to_json().items()}  # fmt: skip
        return {**self.recipe.to_json(), **phases}

    @property
    def sources(self) -> dict[str, Span]:
        """A span of each text that the expressions stand in, by its name: a setting from outside is one of its own."""
        return {each.declarations.source.name: Span(each.declarations.source, 0, 0) for each in self.expressions}

    @property
    def expressions(self) -> tuple[Written, ...]:
        """Everything that is written for later."""
        return tuple(each for each in (*(phase.loss for phase in self.phases), self.metrics, self.sample) if each)


def read_plan(
    declarations: Declarations,
    model: str,
    settings: Mapping[str, object] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Plan:
    """The recipe for a model: its `train` block (or one without a name), with settings in place of what it says.

    Raises:
        SpecError: the recipe has mistakes.
    """
    sink = Sink()
    plan = draft_plan(declarations, model, settings or {}, sink, limits)
    sink.raise_errors()
    assert plan is not None
    return plan


def draft_plan(
    declarations: Declarations, model: str, settings: Mapping[str, object], sink: Sink, limits: Limits
) -> Plan | None:
    """The recipe for a model as far as it can be read, and its mistakes in the sink; None where there are too many."""
    try:
        return _read(declarations, model, settings, begin(sink, limits))
    except Exhausted:
        return None


def _read(declarations: Declarations, model: str, settings: Mapping[str, object], shared: Elaboration) -> Plan:
    sink = shared.sink
    block = find_block(declarations, model, sink)
    frame = train_frame(shared, declarations)
    over = taken_over(frame, declarations, block, model) if block else None
    own = read_lines(frame, block.body.statements if block else (), KEYS, over.used if over else frozenset())
    lines = own if over is None else own.replace(keys={**over.kept(own), **own.keys})
    written = lines.keys
    phases = [(phase, read_lines(frame, phase.body.statements, PHASE_KEYS)) for phase in lines.phases]
    _check_phases(frame, lines, phases)
    config: dict[str, Setting] = {}
    outside: list[Inner] = []
    for key, value in settings.items():
        override(key, value, written, config, frame, {phase.name.text: inner for phase, inner in phases}, outside)
    recipe = _configured(Recipe, written, config, frame, block or t.Body(0, 0, ()), _inside("", outside))
    planned = [_phase(phase, inner, frame, _inside(phase.name.text, outside)) for phase, inner in phases]
    check_following(recipe, [(each.recipe, each.places) for each in planned], _places(config), frame)
    return Plan(
        block.name.text if block and block.name else model,
        block is not None and builds(block),
        recipe,
        lines.values,
        declarations,
        tuple(planned) or (PhasePlan("", Phase(), (), written.get("loss"), {}),),
        written.get("metrics"),
        written.get("sample"),
        _places(config),
        over,
    )


def _inside(phase: str, inner: list[Inner]) -> list[Inner]:
    return [each for each in inner if each.phase == phase]


def _phase(phase: t.Phase, lines: Lines, frame: Frame, inner: list[Inner]) -> PhasePlan:
    config: dict[str, Setting] = {}
    recipe = _configured(Phase, lines.keys, config, frame, phase, inner)
    return PhasePlan(phase.name.text, recipe, lines.values, lines.keys.get("loss"), _places(config))


def _configured(
    cls: type[Filled],
    written: dict[str, Written],
    config: dict[str, Setting],
    frame: Frame,
    node: Placed,
    inner: list[Inner],
) -> Filled:
    """The plain values of a block or a phase; `config` has those that are settled already, and then all of them.

    `inner` are arguments of choices that are given from outside.

    What is wrong is told, and has its default.
    """
    for key, each in written.items():
        if key not in EXPRESSIONS:
            settle(key, each, frame, config)
    for one in inner:
        if one.key in config or one.key not in written:
            change(one, cls.model_fields[one.key].default, frame, config)
    if "data" in written and "data" not in config:
        config["data"] = Setting(Unsaid(), frame.span(written["data"].node))
    try:
        return filled(frame, cls, config, node)
    except Failed:
        return cls(**{key: argument.value for key, argument in config.items() if _fits(cls, key, argument.value)})


def _fits(cls: type[Values], key: str, value: object) -> bool:
    """Whether a value, alone, is one that this key may have."""
    try:
        cls(**{key: value})
    except ValidationError:
        return False
    return True


def _places(config: dict[str, Setting]) -> dict[str, Span]:
    return {key: argument.span for key, argument in config.items() if argument.span.source.text}


def _check_phases(frame: Frame, lines: Lines, phases: list[tuple[t.Phase, Lines]]) -> None:
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
