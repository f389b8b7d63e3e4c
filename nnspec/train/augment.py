"""Random changes of a batch of pictures, all at once; each sample has its own draw, and its masks follow it."""

from __future__ import annotations

from torch import Generator, Tensor

from nnspec.recipe.augmentation import Augmentation, Mixing
from nnspec.record import Record
from nnspec.train.batch import Batch, Values
from nnspec.train.changes import Extent
from nnspec.train.mixing import draw_mix
from nnspec.train.rows import AUGMENTATIONS, Drawn


class Followed(Record):
    """Fields that change alike: the names that one tensor has, and the value of a black pixel in each channel [C]."""

    names: tuple[str, ...]
    black: Tensor


class Augment:
    """All changes in order, on the pictures that the model is given and on the fields that belong to them."""

    def __init__(self, choices: tuple[Augmentation, ...], fields: tuple[Followed, ...], draws: Generator) -> None:
        """`fields` begins with the pictures themselves; `draws` is on the CPU: its state is saved with a run."""
        self.choices = choices
        self.fields = fields
        self.draws = draws

    def __call__(self, batch: Batch) -> None:
        """Change the values of a batch."""
        for choice in self.choices:
            pictures = self._of(batch.values, self.fields[0])
            assert pictures is not None  # the model's own input
            if isinstance(choice, Mixing):
                self._mix(choice, pictures, batch)
            else:
                self._change(choice, AUGMENTATIONS.row(choice)(choice, pictures, self.draws), batch.values)

    def _change(self, choice: Augmentation, drawn: Drawn, values: Values) -> None:
        for field in self.fields if choice.moves else self.fields[:1]:
            pictures = self._of(values, field)
            if pictures is not None:
                changed = _apply(drawn, pictures, field.black)
                values.update((name, changed) for name in field.names if name in values)

    def _mix(self, choice: Mixing, pictures: Tensor, batch: Batch) -> None:
        mix, others, batch.share = draw_mix(choice, pictures, self.draws)
        mixed: Values = {}
        for field in self.fields:
            given = self._of(batch.values, field)
            made = None if given is None else mix(given)
            if made is not None:
                mixed.update((name, made) for name in field.names if name in batch.values)
        batch.others = {name: value[others] for name, value in batch.values.items() if name not in mixed}
        batch.values.update(mixed)

    def _of(self, values: Values, field: Followed) -> Tensor | None:
        return next((values[name] for name in field.names if name in values), None)


def _apply(drawn: Drawn, values: Tensor, black: Tensor) -> Tensor:
    """A change of pictures [N, C, H, W] or of masks [N, H, W]."""
    if values.ndim == 3:
        return drawn(values.unsqueeze(1), black.to(values.dtype)).squeeze(1)
    return drawn(values, black)


def middle(pictures: Tensor, extent: Extent) -> Tensor:
    """The middle part [..., H, W] of pictures or masks."""
    top, left = ((size - part) // 2 for size, part in zip(pictures.shape[-2:], extent, strict=True))
    return pictures[..., top : top + extent[0], left : left + extent[1]].contiguous()
