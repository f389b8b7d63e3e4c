"""The fields that `augment` changes: the pictures that the model is given, and the masks that belong to them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import torch

from nnspec.train.augment import Followed, middle
from nnspec.train.changes import Extent
from nnspec.train.fit import Fitted
from nnspec.train.split import Statistics
from nnspec.train.view import View


def _augmented(fitted: Fitted) -> str:
    """The input (or field) that `augment` changes: the first one of pictures."""
    names = fitted.inputs or tuple(fitted.fields)
    for name in names:
        if fitted.types[name].dtype == "float" and fitted.types[name].rank == 4:
            return name
    reason = f"is {fitted.types[names[0]]}, no pictures that `augment` could change"
    fitted.fitting.fail(names[0], reason, "leave `augment` out")


def followed(
    fitted: Fitted, views: Mapping[str, View], statistics: Mapping[str, Statistics], device: torch.device
) -> tuple[Followed, ...]:
    """The pictures that `augment` changes, and the pictures and masks of their size that belong to them.

    Args:
        fitted: the data.
        views: its fields, normalised.
        statistics: by which some are.
        device: of the batches.
    """
    first = views[_augmented(fitted)]
    fields = (_augmented(fitted), *sorted(fitted.data.pictures | fitted.data.masks))
    found = []
    for view in {id(views[name]): views[name] for name in fields}.values():
        if view.form.sizes[-2:] == first.form.sizes[-2:] and len(view.form.sizes) in (2, 3):
            names = tuple(name for name, other in views.items() if other is view)
            found.append(Followed(names, _black(statistics, names, device)))
    return tuple(found)


def middles(views: Mapping[str, View], followed: tuple[Followed, ...], cut: Extent) -> dict[str, View]:
    """The fields, with pictures that are held out, and their masks, cut to their middle."""
    made = dict(views)
    for each in followed:
        made |= dict.fromkeys(each.names, views[each.names[0]].then(partial(middle, extent=cut)))
    return made


def _black(statistics: Mapping[str, Statistics], names: tuple[str, ...], device: torch.device) -> torch.Tensor:
    """[C], or [1]: the value of a black pixel of the pictures of these names."""
    known = next((statistics[name] for name in names if name in statistics), None)
    if known is None:
        return torch.zeros(1, device=device)
    return -torch.tensor(known.mean, device=device) / torch.tensor(known.std, device=device)
