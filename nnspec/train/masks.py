"""Targets that must lie within 0 and 1: those of binary losses, and of overlaps."""

from __future__ import annotations

from collections.abc import Mapping

from nnspec.diagnostics import Span, SpecError
from nnspec.layers.families.loss import BCELoss, BCEWithLogitsLoss, FocalLoss
from nnspec.layers.families.overlap import DiceLoss, DiceScore
from nnspec.recipe.objective import Objective
from nnspec.recipe.targets import span_of
from nnspec.train.fit import Fitted
from nnspec.train.mistakes import BadData

WITHIN_0_AND_1 = (BCELoss, BCEWithLogitsLoss, DiceLoss, DiceScore, FocalLoss)


def check_shares(fitted: Fitted, objective: Objective, sources: Mapping[str, Span]) -> None:
    """Check that what must lie within 0 and 1 does: the targets of binary losses and of overlaps.

    Raises:
        SpecError: a field has other values.
    """
    for program in objective.programs:
        main = program.main
        inputs = {port.value for port in main.inputs}
        for call in main.calls:
            if not isinstance(call.callee, WITHIN_0_AND_1) or call.inputs[1] not in inputs:
                continue
            name = str(call.inputs[1])
            if name not in fitted.fields:
                continue
            parts = [part for part in fitted.values(name) if part.numel()]
            if not parts:
                continue
            least, greatest = min(float(part.min()) for part in parts), max(float(part.max()) for part in parts)
            if 0 <= least <= greatest <= 1:
                continue
            shown = f"{least:g} to {greatest:g}"
            function = call.callee.function or type(call.callee).__name__
            reason = f"`{name}` has values from {shown}, and {function} compares with values within 0 and 1"
            advice = f"store it as 0 and 1: divide it by {greatest:g}, or compare each class apart"
            raise SpecError.of(BadData(span_of(call, dict(sources)), fitted.data.name, reason, advice))
