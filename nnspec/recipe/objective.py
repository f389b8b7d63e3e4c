"""The objective of a run: losses, metrics and samples, elaborated to programs of their own as models are.

Their inputs are the fields of the data and the outputs of the model, by name; only those that are used become inputs
of a program. `_` is the model's first output. A recipe that builds networks of its own is one body: all its phases
see the same labels, and the program of each is the part of that body which its loss needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager

from nnspec.diagnostics import Sink, Span, SpecError
from nnspec.diagnostics.diagnostic import Found
from nnspec.dims import Size
from nnspec.elaborate.builder.part import part
from nnspec.elaborate.builder.scope import Scope
from nnspec.elaborate.builder.tensor import INVALID, Flow, Invalid, Tensor
from nnspec.elaborate.describe import describe, kind
from nnspec.elaborate.evaluate.expression import evaluate
from nnspec.elaborate.files import Declarations
from nnspec.elaborate.frame import Elaboration, Environment, Exhausted, Failed, Frame
from nnspec.elaborate.mistakes import NotSupportedYet, WrongKind
from nnspec.elaborate.statements.chains import chain_value
from nnspec.elaborate.statements.run import begin, run
from nnspec.ir import Program
from nnspec.ir.direction import direction
from nnspec.ir.state import state_dict
from nnspec.layers.base import Better, Layer, TensorType
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.recipe.lines import Value, labels_in
from nnspec.recipe.mistakes import (
    NoDirection,
    NoLoss,
    NothingBetter,
    NothingToStopBy,
    NothingToUpdate,
    NotOneNumber,
    TwoMeanings,
)
from nnspec.recipe.plan import Plan
from nnspec.recipe.written import Written, default_expression, lone_expression
from nnspec.record import Record
from nnspec.syntax import tree as t

DEFAULT_LOSS, DEFAULT_METRIC = "cross_entropy(_, label)", "accuracy(_, label)"
BATCH = "batch"  # what a recipe calls the number of samples


class Objective(Record):
    """Programs over the data's fields and the model's outputs; every output but `sample` is one number."""

    losses: tuple[Program, ...]  # one a phase
    metrics: Program | None
    sample: Program | None
    whole: Program | None  # all networks that the recipe builds; None where it judges what a model gives
    in_evaluation: bool  # there is one loss, and it can be computed without what exists in training only
    better: Better | None  # of what the best weights are chosen by, the first metric or the loss; None if not known
    warnings: tuple[Found, ...] = ()

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The metrics in order."""
        return tuple(port.name for port in self.metrics.main.outputs) if self.metrics else ()

    @property
    def programs(self) -> tuple[Program, ...]:
        """All programs, the losses first."""
        return tuple(program for program in (*self.losses, self.metrics, self.sample) if program)

    @property
    def derives(self) -> bool:
        """Whether a loss has derivatives in it."""
        callees = (call.callee for loss in self.losses for module in loss.modules.values() for call in module.calls)
        return any(isinstance(callee, Layer) and callee.tracks for callee in callees)

    @property
    def tracked(self) -> set[str]:
        """The names with respect to which a loss takes derivatives."""
        main = self.losses[0].main
        wanted = {(layer, value) for call in main.calls if isinstance(call.callee, Layer)
                  for index, layer in call.callee.tracks.items() for value in (call.inputs[index],)}  # fmt: skip
        passed = {call.inputs[0] for call in main.calls if any((call.callee, out) in wanted for out in call.outputs)}
        return {port.name for port in main.inputs if port.value in passed}

    @property
    def reads(self) -> set[str]:
        """The names that the losses use."""
        return {port.name for loss in self.losses for port in loss.main.inputs}


def elaborate_objective(
    plan: Plan,
    program: Program | None,
    fields: Mapping[str, TensorType | None],
    batch: Size,
    limits: Limits = DEFAULT_LIMITS,
) -> Objective | None:
    """Elaborate losses, metrics and samples.

    Args:
        plan: the recipe.
        program: the model; None for a recipe that builds networks of its own.
        fields: the types of the data's fields; what is computed of one whose type is None is not elaborated.
        batch: the symbol that they have for the number of samples.
        limits: bounds on what the spec may ask for.

    Returns:
        The objective; None where it depends on what only the data itself knows.

    Raises:
        SpecError: they have mistakes; all that were found are in it.
    """
    sink = Sink()
    made = None
    try:
        if program is None:
            made = _Objectives(plan, fields, batch, begin(sink, limits)).built()
        else:
            made = _judging(plan, program, fields, batch, sink, limits)
    except (Failed, Exhausted):
        pass
    sink.raise_errors()
    return made and made.replace(warnings=tuple(sink.found))


def _judging(
    plan: Plan, program: Program, fields: Mapping[str, TensorType | None], batch: Size, sink: Sink, limits: Limits
) -> Objective | None:
    """The objective of a model: loss and metrics of what it gives."""
    written = plan.phases[0].loss or _default(program, fields)
    metrics = plan.metrics or (default_expression(DEFAULT_METRIC) if plan.phases[0].loss is None else None)
    loss = _Objectives(plan, fields, batch, begin(sink, limits), program)
    judge = _Objectives(plan, fields, batch, begin(sink, limits), program, evaluation=True)
    wanted, measured, shown = loss.one_number(loss.frame, "loss", written), judge.metrics(metrics), judge.sample()
    if not (loss.whole and judge.whole):
        return None
    made = loss.program("Loss", wanted)
    judged = judge.program("Metrics", measured) if measured else None
    sample = judge.program("Sample", shown) if shown else None
    for each in (made, judged, sample):
        if each and next(state_dict(each), None) is not None:
            loss.frame.fail(NotSupportedYet(None, "a loss with weights of its own and without a label"))
    training = {port.name for port in program.main.outputs if port.training}
    used = {port.name for port in made.main.inputs}
    given = {port.name for port in program.main.outputs}
    return Objective((made,), judged, sample, None, not used & training, judge.better(judged, given))


def _default(program: Program, fields: Mapping[str, TensorType | None]) -> Written:
    """The cross entropy of a classifier.

    Raises:
        SpecError: the model is none, or the data has no classes.
    """
    outputs = [port for port in program.main.outputs if not port.training]
    types = [program.main.values[port.value] for port in outputs]
    reason = None
    if len(types) != 1 or types[0].rank != 2 or types[0].dtype != "float":
        gives = ", ".join(f"{port.name} {type}" for port, type in zip(outputs, types, strict=True))
        reason = f"it gives {gives}, not [N, classes]"
    elif "label" not in fields:
        reason = f"the data has {', '.join(fields)}, and no `label`"
    if reason:
        raise SpecError.of(NoLoss(None, program.main.name, reason))
    return default_expression(DEFAULT_LOSS)


class _Objectives:
    """Evaluates the expressions of a recipe over tensors, in one body."""

    def __init__(
        self,
        plan: Plan,
        fields: Mapping[str, TensorType | None],
        batch: Size,
        shared: Elaboration,
        program: Program | None = None,
        *,
        evaluation: bool = False,
    ) -> None:
        """Values are the fields of the data and the outputs of a model; in evaluation those of training are not."""
        self.plan = plan
        self.shared = shared
        self.whole = True  # nothing is missing, because it is wrong or only the data itself knows it
        self.scope = Scope(plan.name, "model")
        around = f"the data has {', '.join(fields)}"
        if program is not None:
            around += f"; the model gives {', '.join(port.name for port in program.main.outputs)}"
        frame = Frame(shared, plan.declarations, self.scope, Environment(), around=around)
        frame.define(BATCH, batch)
        for field, type in fields.items():
            frame.define(field, INVALID if type is None else self.scope.add_input(field, type))
        flow: Flow = None
        if program is not None:
            for port in program.main.outputs:
                if port.name in fields:
                    frame.fail(TwoMeanings(None, port.name))
                type = program.main.values[port.value]
                tensor = self.scope.add_input(port.name, type, training=port.training and evaluation)
                frame.define(port.name, tensor)
                flow = flow or tensor
        frame = frame.with_flow(flow)
        self.frame = self.define(frame, plan.values) if program is not None or plan.builds else frame

    @contextmanager
    def going_on(self, frame: Frame, written: Written) -> Iterator[None]:
        """A mistake in an expression does not keep those behind it from being found; its labels tell nothing more."""
        try:
            yield
        except Failed:
            self.whole = False
            _poison(frame, written.node)

    def define(self, frame: Frame, values: tuple[Value, ...]) -> Frame:
        """Values of the recipe: of the network, or numbers (`smoothing = 0.1`); the frame in which they are known."""
        for statement in values:
            frame = frame.with_flow(run(frame, statement))
        _poison(frame, values)
        return frame

    def built(self) -> Objective | None:
        """The objective of networks that the recipe builds."""
        losses, metrics, sample = self._losses(), self.metrics(self.plan.metrics), self.sample()
        if not self.whole:
            return None
        programs = tuple(self.program(name, {"loss": loss}) for name, loss in losses.items())
        for name, program in zip(losses, programs, strict=True):
            if next(state_dict(program), None) is None:
                self.frame.report(NothingToUpdate(None, name, "its loss depends on no weights"))
        whole = self.program(self.plan.name, {**losses, **metrics, **sample})
        judged = self.program("Metrics", metrics) if metrics else None
        shown = self.program("Sample", sample) if sample else None
        return Objective(programs, judged, shown, whole, len(programs) == 1, self.better(judged, set()))

    def _losses(self) -> dict[str, Tensor]:
        """The loss of each phase, which sees the values and labels of those before it."""
        found: dict[str, Tensor] = {}
        for phase in self.plan.phases:
            frame = self.define(_inside(self.frame), phase.values)
            if phase.loss is None:
                frame.fail(NoLoss(None, self.plan.name, "it has networks of its own, and no `loss`"))
            found |= self.one_number(frame, f"{phase.name}_loss" if phase.name else "loss", phase.loss)
            _keep_labels(frame, self.frame)
            _poison(self.frame, (phase.values, phase.loss.node))
        return found

    def one_number(self, frame: Frame, name: str, written: Written, key: str = "loss") -> dict[str, Tensor]:
        """The tensor that an expression gives, under this name; it must be one number."""
        found: dict[str, Tensor] = {}
        with self.going_on(frame, written):
            inner, value = _tensor(frame, key, written)
            if value.type != TensorType("float", ()):
                inner.fail(NotOneNumber(inner.span(written.node), key, f"a {value.type.dtype} tensor {value.type}"))
            found[name] = value
        return found

    def sample(self) -> dict[str, Tensor]:
        """The pictures that show what was learnt."""
        found: dict[str, Tensor] = {}
        written = self.plan.sample
        if written is None:
            return found
        with self.going_on(self.frame, written):
            inner, value = _tensor(self.frame, "sample", written)
            if value.type.rank != 4 or value.type.dtype != "float" or value.type.shape[1] not in (1, 3):
                given = f"{kind(value)} {value.type}"
                inner.fail(WrongKind(inner.span(written.node), "pictures [N, 1, H, W] or [N, 3, H, W]", given))
            found["sample"] = value
        return found

    def metrics(self, written: Written | None) -> dict[str, Tensor]:
        """Every metric by its name: that of its function, numbered where two have one."""
        if written is None:
            return {}
        node = lone_expression(written.node) or written.node
        found: dict[str, Tensor] = {}
        for item in node.items if isinstance(node, t.ListOf) else (node,):
            head = item.base if isinstance(item, t.Postfix) else item
            name = stem = head.text if isinstance(head, t.Name) and head.text != "_" else "metric"
            number = 1
            while name in found or name == "loss":
                number += 1
                name = f"{stem}_{number}"
            found |= self.one_number(self.frame, name, Written(item, written.declarations), "metric")
        return found

    def program(self, name: str, results: dict[str, Tensor]) -> Program:
        """The program that computes these tensors, and nothing else."""
        module = part(self.scope, results).finish().model_copy(update={"name": name})
        return self.shared.modules.program(self.shared.modules.add(module))

    def better(self, judged: Program | None, made: Set[str]) -> Better | None:
        """Whether more of what the best weights are chosen by is better; `made` is what a model gives."""
        stated, written = self.plan.recipe.better, self.plan.metrics
        if judged is None:
            if stated is not None:
                self.frame.report(NothingBetter(self.plan.places.get("better")))
            return "lower"
        way = stated or direction(judged, made)
        if way is None:
            node = lone_expression(written.node) or written.node if written else None
            first = node.items[0] if isinstance(node, t.ListOf) else node
            span = Span(written.declarations.source, first.start, first.end) if written and first else None
            asked = NoDirection if self.plan.recipe.early_stopping is None else NothingToStopBy
            self.frame.report(asked(span, judged.main.outputs[0].name))
        return way


def _inside(frame: Frame, declarations: Declarations | None = None) -> Frame:
    """A frame that sees the names of this one, and those of another text."""
    around = Environment(frame.environment)
    return frame.replace(environment=around, declarations=declarations or frame.declarations)


def _tensor(frame: Frame, key: str, written: Written) -> tuple[Frame, Tensor]:
    """The tensor that an expression gives, and the frame in which it was evaluated."""
    inner, node = _inside(frame, written.declarations), written.node
    value = chain_value(inner, node) if isinstance(node, t.Chain) else evaluate(inner, node)
    _keep_labels(inner, frame)
    if isinstance(value, Invalid):
        raise Failed  # it is wrong already, and has told why
    if not isinstance(value, Tensor):
        inner.fail(NotOneNumber(inner.span(node), key, describe(value)))
    return inner, value


def _keep_labels(inner: Frame, outer: Frame) -> None:
    """Keep the labels of an expression or a phase, so that they can be applied again behind it."""
    for label in inner.scope.steps:
        if label in inner.environment.names:
            outer.environment.names.setdefault(label, inner.environment.names[label])


def _poison(frame: Frame, node: object) -> None:
    """Labels that a mistake keeps from meaning anything tell nothing more."""
    for label in labels_in(node):
        frame.environment.names.setdefault(label, INVALID)
