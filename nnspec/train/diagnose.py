"""Where numbers stopped being finite: the run is repeated from its last state, with every layer watched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nnspec.train.loop import Loop
from nnspec.train.state import load_state
from nnspec.train.task import Task


def first_bad_layer(task: Task, folder: Path) -> str:
    """What gave the first number that is not finite, as a note says it; the model is left as it is then.

    Raises:
        SpecError: the state of the run cannot be read.
    """
    loop = Loop(task, str(folder), lambda: False)
    loop.restore(*load_state(folder, task.device, task.strategy))
    found: list[str] = []
    hooks = [
        module.register_forward_hook(_watch(name, found))
        for network in task.modules
        for name, module in network.named_modules()
        if name and not any(module.children())
    ]
    try:
        with torch.compiler.set_stance("force_eager"):  # compiled layers are not watched
            came_back = _repeat(loop, found)
        if came_back:
            return f"the first layer to give such a number is {found[0]}" if found else "it arises behind all layers"
        return "it did not come back when the epoch was repeated"
    finally:
        for hook in hooks:
            hook.remove()


def _watch(name: str, found: list[str]) -> Any:
    def look(module: nn.Module, inputs: Any, result: Any) -> None:
        tensors = result if isinstance(result, tuple) else (result,)
        if any(isinstance(x, Tensor) and x.is_floating_point() and not torch.isfinite(x).all() for x in tensors):
            found.append(name)

    return look


def _repeat(loop: Loop, found: list[str]) -> bool:
    """Steps to the end of the epoch, or to the first loss that is not finite: whether there was one."""
    for _ in loop.again():
        step = loop.position.step - 1
        if not all(bool(torch.isfinite(turns.losses[step])) for turns in loop.turns):
            return True
        found.clear()  # a layer may give infinities that do no harm, as masks do
    return False
