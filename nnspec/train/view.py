"""Fields as a model takes them: what is stored, opened, brought into shape and normalised, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from nnspec.train.batch import Values
from nnspec.train.data.samples import Form, Rows

Step = Callable[[Tensor], Tensor]


class View:
    """A field as a model takes it. Names that share a view share its values."""

    def __init__(self, field: str, stored: Form, steps: tuple[Step, ...] = (), form: Form | None = None) -> None:
        self.field = field
        self.stored = stored
        self.steps = steps
        self.form = form or stored.opened

    def __call__(self, rows: Tensor) -> Tensor:
        """The values of some samples, of which the rows are stored."""
        made = self.stored.open(rows)
        for step in self.steps:
            made = step(made)
        return made

    def then(self, step: Step) -> View:
        """The view with another step."""
        made = step(torch.zeros(1, *self.form.sizes, dtype=self.form.dtype))
        return View(self.field, self.stored, (*self.steps, step), Form(made.dtype, tuple(made.shape[1:])))


class Normalise:
    """Numbers less their mean, by their deviation: of each channel or column, or one for all."""

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        self.mean = mean
        self.std = std

    def __call__(self, values: Tensor) -> Tensor:
        shape = (1, -1, 1, 1) if values.ndim == 4 else (1,) * (values.ndim - 1) + (-1,)
        if self.mean.device != values.device:
            self.mean, self.std = self.mean.to(values.device), self.std.to(values.device)
        return (values - self.mean.view(shape)).div_(self.std.view(shape))  # of a batch of pictures: 38 MB less


def seen(views: Mapping[str, View], rows: Rows) -> Values:
    """The values of some samples by name."""
    made: dict[int, Tensor] = {}
    for view in views.values():
        if id(view) not in made:
            made[id(view)] = view(rows[view.field])
    return {name: made[id(view)] for name, view in views.items()}
