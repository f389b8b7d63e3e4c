"""Fields with a whole number for each pixel: classes where the recipe takes those, and else numbers to compare with.

The loss decides which: `cross_entropy(logits, mask)` takes [N, H, W] of whole numbers, and
`binary_cross_entropy_with_logits(logits, mask)` takes [N, 1, H, W] of floats. The numbers are never scaled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product

from nnspec.diagnostics import SpecError
from nnspec.layers.tensor_type import TensorType
from nnspec.recipe.fields import Field
from nnspec.recipe.fitting import Fitting
from nnspec.recipe.objective import Objective

MOST = 4  # fields whose readings are tried in every combination
Types = Mapping[str, TensorType | None]


def settle_masks(fitting: Fitting, elaborate: Callable[[Types], Objective | None]) -> tuple[Objective | None, Types]:
    """The objective, and the types of all fields, with every mask as the recipe takes it.

    Raises:
        SpecError: the recipe takes them in no way.
    """
    known = {name: field for name, field in sorted(fitting.fields.known.items()) if field is not None and field.mask}
    masks = [name for name in known if name not in fitting.inputs][:MOST]
    errors: list[SpecError] = []
    for chosen in product(*(_readings(known[name]) for name in masks)):
        read = {name: fitting.beside(name, field) for name, field in zip(masks, chosen, strict=True)}
        types = {**fitting.types, **read}
        try:
            return elaborate(types), types
        except SpecError as error:
            errors.append(error)
    raise min(errors, key=lambda error: len(error.found))


def _readings(mask: Field) -> list[Field]:
    """A field as it is, and as floats; where it has no channels, with one and without."""
    numbers = Field("float", mask.sizes, mask=True)
    return [mask, Field("float", (1, *mask.sizes), mask=True), numbers] if len(mask.sizes) == 2 else [mask, numbers]
