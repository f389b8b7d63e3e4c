"""Samples brought into memory once, as the model takes them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from nnspec.train.data.samples import Indices, Samples
from nnspec.train.view import View, seen

CHUNK = 1 << 26  # bytes that are made ready at a time


def made_ready(samples: Samples, views: Mapping[str, View], chosen: Indices, device: torch.device) -> dict[str, Tensor]:
    """The values of some samples, on the device; names that share a view share a tensor."""
    distinct = {id(view): view for view in views.values()}
    size = max(1, CHUNK // max(1, sum(view.form.bytes for view in distinct.values())))
    made: dict[int, Tensor] = {}
    for start in range(0, len(chosen), size):
        part = seen({str(key): view for key, view in distinct.items()}, samples.rows(chosen[start : start + size]))
        if start == 0 and len(chosen) <= size:
            made = {key: part[str(key)] for key in distinct}
            break
        for key, view in distinct.items():
            if start == 0:
                # memory of numpy's: it asks for huge pages, in which rows anywhere are found sooner
                empty = torch.empty(0, dtype=view.form.dtype).numpy().dtype
                made[key] = torch.from_numpy(np.empty((len(chosen), *view.form.sizes), empty))
            made[key][start : start + size] = part[str(key)]
    ready = {key: tensor.to(device) for key, tensor in made.items()}
    return {name: ready[id(view)] for name, view in views.items()}
