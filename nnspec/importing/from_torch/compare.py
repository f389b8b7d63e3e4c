"""`differences`: a module and the program that was written from it, compared by weights, and by results in float64."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from nnspec.ir.program import Program
from nnspec.layers.base import Layer
from nnspec.to_torch.module import build

SHOWN = 5  # differences of a kind
TOLERANCE = 1e-9
LARGE = 200_000_000  # parameters, above which a second copy in float64 is not made


def differences(module: nn.Module, program: Program, arguments: Mapping[str, Any]) -> Iterator[str]:
    """What differs between a module and a program: keys, shapes, then results for the example."""
    with torch.device("meta"):
        empty = build(program)
    theirs, ours = module.state_dict(), empty.state_dict()
    found = list(_of_keys(theirs, ours))  # in any order: weights are loaded by their names
    yield from found
    if found or any(tensor.is_meta for tensor in theirs.values()) or _is_random(program):
        return
    yield from _of_results(module, program, arguments)


def _of_keys(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[str]:
    for what, names in (
        ("is missing", theirs.keys() - ours.keys()),
        ("is not the model's", ours.keys() - theirs.keys()),
    ):
        for key in sorted(names)[:SHOWN]:
            yield f"the key {key} {what}"
    for key, tensor in theirs.items():
        if key in ours and tensor.shape != ours[key].shape:
            yield f"{key} is {tuple(tensor.shape)}, and {tuple(ours[key].shape)} in the spec"


def _is_random(program: Program) -> bool:
    """Whether results differ from run to run."""
    layers = (call.callee for module in program.modules.values() for call in module.calls)
    return any(isinstance(layer, Layer) and layer.random for layer in layers)


def _of_results(module: nn.Module, program: Program, arguments: Mapping[str, Any]) -> Iterator[str]:
    made = build(program).eval()
    made.load_state_dict(module.state_dict())
    wide = sum(each.numel() for each in module.parameters()) <= LARGE
    original = copy.deepcopy(module).double() if wide else module
    was = {each: each.training for each in original.modules()}
    original.eval()
    given = {name: _widened(value, wide) for name, value in arguments.items()}
    try:
        with torch.no_grad(), _Wide() if wide else nullcontext():
            expected = _tensors(original(**given))
            found = _tensors(
                (made.double() if wide else made)(*[each for each in given.values() if isinstance(each, torch.Tensor)])
            )
    finally:
        for each, training in was.items():
            each.training = training
    if len(found) != len(expected):
        yield f"the model has {len(expected)} results, and the spec {len(found)}"
    for number, (have, want) in enumerate(zip(found, expected, strict=False)):
        if have.shape != want.shape:
            yield f"result {number} is {tuple(want.shape)}, and {tuple(have.shape)} in the spec"
            continue
        scale = max(1.0, want.abs().max().item() if want.numel() and want.is_floating_point() else 1.0)
        gap = (have.to(torch.float64) - want.to(torch.float64)).abs().max().item() if want.numel() else 0.0
        if not gap <= (TOLERANCE if wide else 1e-4) * scale:
            yield f"result {number} differs by {gap:.3g}"


class _Wide(TorchFunctionMode):
    """All floats with 64 bits, those that the code would round to 32 among them."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.Tensor.float:
            func = torch.Tensor.double
        wide = pytree.tree_map(_wide, (args, kwargs or {}))
        made = func(*wide[0], **wide[1])
        return made.double() if isinstance(made, torch.Tensor) and made.dtype in _NARROW else made


def _wide(value: Any) -> Any:
    return torch.float64 if isinstance(value, torch.dtype) and value in _NARROW else value


_NARROW = (torch.float32, torch.float16, torch.bfloat16)


def _widened(value: Any, wide: bool) -> Any:
    return value.double() if wide and isinstance(value, torch.Tensor) and value.is_floating_point() else value


def _tensors(outcome: Any) -> list[torch.Tensor]:
    """The tensors of a result, in order."""
    return [each for each in pytree.tree_leaves(outcome) if isinstance(each, torch.Tensor)]
