"""The objective of a run: losses, metrics and samples, elaborated to programs of their own as models are.

A recipe that builds networks of its own is one body: all its phases see the same labels, and the program of each is the
part of that body which its loss needs. Any other judges what a model gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from nnspec.diagnostics import Sink, Span, SpecError
from nnspec.diagnostics.diagnostic import Found
from nnspec.dims import Size
from nnspec.elaborate.frame import Exhausted, Failed, Frame
from nnspec.elaborate.mistakes import NotSupportedYet
from nnspec.elaborate.statements.run import begin
from nnspec.ir import Program
from nnspec.ir.direction import direction
from nnspec.ir.state import state_dict
from nnspec.layers.base import Better, Layer
from nnspec.layers.tensor_type import TensorType
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.recipe.expressions import complete, losses, metrics, one_number, program_of, recipe_frame, sample
from nnspec.recipe.following import check_plateau
from nnspec.recipe.mistakes import NoDirection, NoLoss, NothingBetter, NothingToStopBy, NothingToUpdate, Unsuited
from nnspec.recipe.plan import Plan
from nnspec.recipe.written import Written, default_expression, lone_expression
from nnspec.record import Record
from nnspec.syntax import tree as t

DEFAULT_LOSS, DEFAULT_METRIC = "cross_entropy(_, label)", "accuracy(_, label)"


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
            made = _of_networks(plan, recipe_frame(plan, fields, batch, begin(sink, limits)))
        else:
            frames = [recipe_frame(plan, fields, batch, begin(sink, limits), program, evaluation=each)
                      for each in (False, True)]  # fmt: skip
            made = _of_model(plan, program, fields, *frames)
    except (Failed, Exhausted):
        pass
    sink.raise_errors()
    return made and made.replace(warnings=tuple(sink.found))


def _of_model(
    plan: Plan, program: Program, fields: Mapping[str, TensorType | None], training: Frame, evaluation: Frame
) -> Objective | None:
    """The objective of a model: loss and metrics of what it gives."""
    written = plan.phases[0].loss or _default(program, fields)
    measured = plan.metrics or (default_expression(DEFAULT_METRIC) if plan.phases[0].loss is None else None)
    wanted = complete(one_number(training, "loss", written))
    further = complete(metrics(evaluation, measured)), complete(sample(evaluation, plan.sample))
    if wanted is None or further[0] is None or further[1] is None:
        return None
    loss = program_of(training, "Loss", wanted)
    judged, shown = (program_of(evaluation, name, results) if results else None
                     for name, results in zip(("Metrics", "Sample"), further, strict=True))  # fmt: skip
    for each in (loss, judged, shown):
        if each and next(state_dict(each), None) is not None:
            training.fail(NotSupportedYet(None, "a loss with weights of its own and without a label"))
    in_training = {port.name for port in program.main.outputs if port.training}
    used = {port.name for port in loss.main.inputs}
    given = {port.name for port in program.main.outputs}
    better = _better(plan, evaluation, judged, given)
    return Objective((loss,), judged, shown, None, not used & in_training, better)


def _of_networks(plan: Plan, frame: Frame) -> Objective | None:
    """The objective of networks that the recipe builds."""
    found = complete(losses(plan, frame)), complete(metrics(frame, plan.metrics)), complete(sample(frame, plan.sample))
    wanted, measured, pictures = found
    if wanted is None or measured is None or pictures is None:
        return None
    programs = tuple(program_of(frame, name, {"loss": loss}) for name, loss in wanted.items())
    for name, program in zip(wanted, programs, strict=True):
        if next(state_dict(program), None) is None:
            frame.report(NothingToUpdate(None, name, "its loss depends on no weights"))
    whole = program_of(frame, plan.name, {**wanted, **measured, **pictures})
    judged = program_of(frame, "Metrics", measured) if measured else None
    shown = program_of(frame, "Sample", pictures) if pictures else None
    return Objective(programs, judged, shown, whole, len(programs) == 1, _better(plan, frame, judged, set()))


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


def _better(plan: Plan, frame: Frame, judged: Program | None, made: Set[str]) -> Better | None:
    """Whether more of what the best weights are chosen by is better; `made` is what a model gives."""
    stated, written = plan.recipe.better, plan.metrics
    if judged is None:
        if stated is not None:
            frame.report(NothingBetter(plan.places.get("better")))
        _check_plateaus(plan, frame, (), "lower")
        return "lower"
    way = stated or direction(judged, made)
    _check_plateaus(plan, frame, tuple(port.name for port in judged.main.outputs), way)
    if way is None:
        node = lone_expression(written.node) or written.node if written else None
        first = node.items[0] if isinstance(node, t.ListOf) else node
        span = Span(written.declarations.source, first.start, first.end) if written and first else None
        asked = NoDirection if plan.recipe.early_stopping is None else NothingToStopBy
        frame.report(asked(span, judged.main.outputs[0].name))
    return way


def _check_plateaus(plan: Plan, frame: Frame, metrics: tuple[str, ...], way: Better | None) -> None:
    """Tell what is wrong with the values that schedules wait for."""
    several = [f"{phase.name}_loss" for phase in plan.phases if phase.name]
    losses = several if len(several) > 1 else [*(several or ["loss"]), "validation_loss"]
    for phase in plan.phases:
        schedule = phase.recipe.schedule or plan.recipe.schedule
        problem = check_plateau(schedule, metrics, losses, way)
        if problem is not None:
            place = phase.places.get("schedule") or plan.places.get("schedule")
            fault, _, advice = problem.partition(": ")
            frame.report(Unsuited(place, f"{schedule.word}: {fault}", advice))
