"""The comparisons of a recipe: of classes, labels and numbers with the data, found in its losses and metrics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import Literal

from nnspec.ir import Call, Program
from nnspec.ir.divide import half, needed
from nnspec.ir.program import Module, Port
from nnspec.ir.state import state_dict
from nnspec.layers.base import Scores
from nnspec.layers.families.loss import (
    Accuracy,
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    FocalLoss,
    HuberLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
    SmoothL1Loss,
)
from nnspec.layers.families.overlap import DiceLoss, DiceScore, MeanIoU
from nnspec.recipe.objective import Objective
from nnspec.record import Record

Kind = Literal["classes", "labels", "numbers"]
KINDS: dict[Kind, tuple[type, ...]] = {
    "classes": (CrossEntropyLoss, NLLLoss, Accuracy, MeanIoU),
    "labels": (BCELoss, BCEWithLogitsLoss, FocalLoss, DiceLoss, DiceScore),
    "numbers": (MSELoss, L1Loss, HuberLoss, SmoothL1Loss),
}
FOUND, RIGHT = "found", "right"  # the outputs of the program of a comparison


class Comparison(Record):
    """Something that a model gives, and the field of the data that it should be."""

    kind: Kind
    scores: Scores | None  # what the model gives: logits, probabilities, ...; None where nothing says so
    outputs: tuple[str, ...]  # the outputs of the model that it is computed from
    field: str
    ignored: int | None  # a class that does not count
    program: Program  # gives both, `FOUND` and `RIGHT`
    plain: bool  # it is an output of the model, as it is


def judged_programs(objective: Objective) -> tuple[Program, ...]:
    """The loss, where it can be computed in evaluation, and the metrics."""
    losses = objective.losses if objective.in_evaluation else ()
    return (*losses, *((objective.metrics,) if objective.metrics else ()))


def comparisons(programs: Sequence[Program], made: Set[str]) -> tuple[Comparison, ...]:
    """The comparisons in losses and metrics, each once.

    Args:
        programs: losses and metrics.
        made: the outputs of the model; none where the losses build networks themselves.
    """
    found: dict[tuple[str, str, tuple[str, ...]], Comparison] = {}
    for program in programs:
        for each in _of_program(program, made):
            known = found.setdefault((each.kind, each.field, each.outputs), each)
            if known.scores is None and each.scores is not None:
                found[each.kind, each.field, each.outputs] = each
    return tuple(found.values())


def _of_program(program: Program, made: Set[str]) -> Iterator[Comparison]:
    main = program.main
    for call in main.calls:
        kind = next((kind for kind, layers in KINDS.items() if isinstance(call.callee, layers)), None)
        if kind is None or len(call.inputs) < 2 or not call.inputs[1]:
            continue
        types = main.types(call.inputs[:2])
        if kind == "classes" and (types[1] is None or types[1].dtype != "int"):
            continue
        found = _compared(program, main, call, kind, made)
        if found is not None:
            yield found


def _compared(program: Program, main: Module, call: Call, kind: Kind, made: Set[str]) -> Comparison | None:
    """The comparison of a call; None where its target is not of the data, or what is compared not of the model."""
    given, target = (
        _part(program, main, {name: value}) for name, value in zip((FOUND, RIGHT), call.inputs, strict=False)
    )
    fields = [port.name for port in target.main.inputs]
    outputs = tuple(port.name for port in given.main.inputs if port.name in made)
    if not fields or made & set(fields) or not (outputs or _has_weights(given)) or _has_weights(target):
        return None
    both = _part(program, main, {FOUND: call.inputs[0], RIGHT: call.inputs[1]})
    ignored = getattr(call.callee, "ignore_index", None)
    plain = any(port.value == call.inputs[0] and port.name in made for port in main.inputs)
    scores = getattr(call.callee, "expects", None)
    return Comparison(kind, scores, outputs, ", ".join(fields), ignored, both, plain)


def _part(program: Program, main: Module, outputs: dict[str, str]) -> Program:
    """The program that gives these values by name."""
    calls, _ = needed(main.calls, set(outputs.values()), set())
    ports = tuple(Port(name=name, value=value) for name, value in outputs.items())
    return half(program, main, calls, main.inputs, ports)


def _has_weights(program: Program) -> bool:
    return next(state_dict(program), None) is not None
