"""Fields with a whole number for each pixel: classes where the recipe takes those, and else numbers to compare with.

The loss decides which: `cross_entropy(logits, mask)` takes [N, H, W] of whole numbers, and
`binary_cross_entropy_with_logits(logits, mask)` takes [N, 1, H, W] of floats. The numbers are never scaled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product

from torch import Tensor

from nnspec.diagnostics import Span, SpecError
from nnspec.elaborate.objective import Objective
from nnspec.layers.base import TensorType
from nnspec.layers.families.loss import BCELoss, BCEWithLogitsLoss, FocalLoss
from nnspec.layers.families.overlap import DiceLoss, DiceScore
from nnspec.train.fit import Fitted, span_of
from nnspec.train.mistakes import BadData

MOST = 4  # fields whose readings are tried in every combination
WITHIN_0_AND_1 = (BCELoss, BCEWithLogitsLoss, DiceLoss, DiceScore, FocalLoss)


def settle_masks(fitted: Fitted, elaborate: Callable[[Mapping[str, TensorType]], Objective]) -> Objective:
    """What is trained for, with every mask as the recipe takes it.

    Raises:
        SpecError: the recipe takes them in no way.
    """
    masks = [name for name in sorted(fitted.data.masks) if name not in fitted.inputs][:MOST]
    errors: list[SpecError] = []
    for chosen in product(*(_readings(fitted.fields[name]) for name in masks)):
        fields = dict(zip(masks, chosen, strict=True))
        types = {**fitted.types, **{name: fitted.beside(name, tensor) for name, tensor in fields.items()}}
        try:
            objective = elaborate(types)
        except SpecError as error:
            errors.append(error)
            continue
        fitted.fields.update(fields)
        fitted.types.update(types)
        return objective
    raise min(errors, key=lambda error: len(error.found))


def _readings(mask: Tensor) -> list[Tensor]:
    """A field as it is, and as floats; where it has no channels, with one and without."""
    numbers = mask.float()
    return [mask, numbers.unsqueeze(1), numbers] if mask.ndim == 3 else [mask, numbers]


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
            field = fitted.fields.get(name)
            if field is None or not len(field) or 0 <= float(field.min()) <= float(field.max()) <= 1:
                continue
            shown = f"{float(field.min()):g} to {float(field.max()):g}"
            function = call.callee.function or type(call.callee).__name__
            reason = f"`{name}` has values from {shown}, and {function} compares with values within 0 and 1"
            advice = f"store it as 0 and 1: divide it by {float(field.max()):g}, or compare each class apart"
            raise SpecError.of(BadData(span_of(call, dict(sources)), fitted.data.name, reason, advice))
