"""Where numbers stopped being finite: the run is repeated from its last state, with every layer watched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nnspec.diagnostics import Span
from nnspec.layers.base import Layer
from nnspec.recipe.targets import span_of
from nnspec.train.loop import Loop
from nnspec.train.prepare import Prepared
from nnspec.train.state import load_state
from nnspec.train.task import Task


def first_bad_layer(task: Task, folder: Path) -> tuple[str, str | None]:
    """The layer that gave the first number that is not finite, in the words of a note; the model is left as it is then.

    Returns:
        The note, and where a gradient has that number, the name of the operation.

    Raises:
        SpecError: the state of the run cannot be read.
    """
    loop = Loop(task, str(folder), lambda: False)
    loop.restore(*load_state(folder, task.device, task.strategy))
    found: list[str] = []
    gradients: list[str] = []
    for turns in loop.turns:
        if not turns.scaled:  # which lets gradients overflow, and leaves such steps out
            turns.watch = partial(_watch_gradients, gradients)
    hooks = [
        module.register_forward_hook(_watch(name, found))
        for network in task.modules
        for name, module in network.named_modules()
        if name and not any(module.children())
    ]
    try:
        with torch.compiler.set_stance("force_eager"):  # compiled layers are not watched
            came_back = _repeat(loop, found, gradients)
        if gradients:
            when = f"at step {loop.position.epoch * loop.steps + loop.position.step}"
            return f"{when} the loss is a number, and the gradient of {gradients[0]} is not", gradients[0]
        if came_back:
            return (
                f"the first layer to give such a number is {found[0]}" if found else "it arises behind all layers",
                None,
            )
        return "it did not come back when the epoch was repeated", None
    finally:
        for hook in hooks:
            hook.remove()


def place_of(operation: str, prepared: Prepared) -> Span | None:
    """Where a loss has an operation, if it has one only."""
    spans = [
        span_of(call, prepared.plan.sources)
        for loss in prepared.objective.losses
        for module in loss.modules.values()
        for call in module.calls
        if isinstance(call.callee, Layer) and operation in (call.callee.function, call.callee.kind.lower())
    ]
    return spans[0] if len(spans) == 1 else None


def _watch(name: str, found: list[str]) -> Any:
    def look(module: nn.Module, inputs: Any, result: Any) -> None:
        tensors = result if isinstance(result, tuple) else (result,)
        if not _finite(tensors):
            found.append(name)

    return look


def _watch_gradients(found: list[str], loss: Tensor) -> None:
    """Note the first operation whose gradient is not finite, though what it is computed from is."""
    pending, seen = [loss.grad_fn], set()

    def look(node: Any, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor | None]) -> None:
        if not found and _finite(outputs) and not _finite(inputs):
            found.append(re.sub(r"^Linalg(Vector)?|Backward\d*$", "", node.name()).lower())

    while pending:
        node = pending.pop()
        if node is not None and node not in seen:
            seen.add(node)
            node.register_hook(partial(look, node))
            pending += [each for each, _ in node.next_functions]


def _finite(tensors: Sequence[Any]) -> bool:
    floats = (each for each in tensors if isinstance(each, Tensor) and each.is_floating_point())
    return all(bool(torch.isfinite(each).all()) for each in floats)


def _repeat(loop: Loop, found: list[str], gradients: list[str]) -> bool:
    """Steps to the end of the epoch, or to the first number that is not finite: whether a loss is not."""
    for _ in loop.again():
        step = loop.position.step - 1
        if not all(bool(torch.isfinite(turns.losses[step])) for turns in loop.turns):
            gradients.clear()
            return True
        if gradients:
            return False
        found.clear()  # a layer may give infinities that do no harm, as masks do
    return False
