"""The test part of a run, judged once: with the best weights, when its last epoch is done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from nnspec.train.folder import write
from nnspec.train.loop import Loop
from nnspec.train.settings import best_weights

TESTED = "test.json"
Figures = dict[str, float | None]


def judge_test(folder: Path, loop: Loop) -> Figures | None:
    """The loss and the metrics of the test part, which `test.json` then holds; None where there is no such part.

    Of a model that is spread over processes they are left to `nnspec evaluate`.

    Raises:
        SpecError: there are no weights, or the file cannot be written.
    """
    task = loop.task
    if task.test is None or task.strategy.shards:
        return None
    weights = best_weights(folder)
    with weights_of(task.model, weights):
        found = loop.network.judge(task.test)
    if task.strategy.leads:
        text = json.dumps({"weights": weights.name, "samples": len(task.test), **found}, indent=1)
        write(folder / TESTED, f"{text}\n")
    return found


@contextmanager
def weights_of(model: nn.Module, path: Path) -> Iterator[None]:
    """The model with the weights of a file of its run, while the block runs."""
    before = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    device = next(iter(before.values())).device if before else torch.device("cpu")
    model.load_state_dict(load_file(path, device=str(device)))
    try:
        yield
    finally:
        model.load_state_dict(before)
