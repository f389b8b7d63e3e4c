"""The fields that `augment` changes: the pictures that the model is given, and the masks that belong to them."""

from __future__ import annotations

import torch
from torch import Tensor

from nnspec.train.augment import Followed, middle
from nnspec.train.changes import Extent
from nnspec.train.fit import Fitted
from nnspec.train.split import SplitData


def _augmented(fitted: Fitted) -> str:
    """The input (or field) that `augment` changes: the first one of pictures."""
    names = fitted.inputs or tuple(fitted.fields)
    for name in names:
        if fitted.types[name].dtype == "float" and fitted.types[name].rank == 4:
            return name
    reason = f"is {fitted.types[names[0]]}, no pictures that `augment` could change"
    fitted.fitting.fail(names[0], reason, "leave `augment` out")


def followed(fitted: Fitted, parts: SplitData) -> tuple[Followed, ...]:
    """The pictures that `augment` changes, and the pictures and masks of their size that belong to them."""
    first = parts.training[_augmented(fitted)]
    fields = (_augmented(fitted), *sorted(fitted.data.pictures | fitted.data.masks))
    tensors = {id(parts.training[name]): parts.training[name] for name in fields}
    found = []
    for tensor in tensors.values():
        if tensor.shape[-2:] == first.shape[-2:] and tensor.ndim in (3, 4):
            names = tuple(name for name, other in parts.training.items() if other is tensor)
            found.append(Followed(names, _black(parts, names, tensor.device)))
    return tuple(found)


def middles(fields: dict[str, Tensor], followed: tuple[Followed, ...], cut: Extent) -> dict[str, Tensor]:
    """The fields, with the pictures that are held out, and their masks, cut to their middle."""
    names = {name for each in followed for name in each.names}
    return {name: middle(tensor, cut) if name in names else tensor for name, tensor in fields.items()}


def _black(parts: SplitData, names: tuple[str, ...], device: torch.device) -> Tensor:
    """[C], or [1]: the value of a black pixel of the pictures of these names."""
    known = next((parts.statistics[name] for name in names if name in parts.statistics), None)
    if known is None:
        return torch.zeros(1, device=device)
    return -torch.tensor(known.mean, device=device) / torch.tensor(known.std, device=device)
