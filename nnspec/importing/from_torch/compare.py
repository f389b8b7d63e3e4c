"""`compared`: a module and the program that was written from it, compared by weights, and by results in float64."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from typing import Any, Self

import torch
from torch import nn
from torch.func import functional_call
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from nnspec.diagnostics import SpecError
from nnspec.importing.from_torch.contents import base_of, frequencies
from nnspec.importing.from_torch.export import reason_of
from nnspec.importing.mistakes import CannotCompare
from nnspec.ir.program import Program
from nnspec.layers.base import Layer
from nnspec.record import Record
from nnspec.to_torch.module import build

SHOWN = 5  # differences of a kind
TOLERANCE, NARROW_TOLERANCE = 1e-9, 1e-4  # in 64 bits, and in 32
STRIDES = 64  # all strides of a network together
LEAST = 32  # places of a smaller picture
LARGE = 200_000_000  # parameters, above which a second copy in float64 is not made


class Compared(Record):
    """What differs, and what should be known of how it was compared."""

    found: tuple[str, ...]
    notes: tuple[str, ...] = ()


def compared(module: nn.Module, program: Program, arguments: Mapping[str, Any]) -> Compared:
    """What differs between a module and a program: keys, shapes, then results for the example.

    Raises:
        SpecError: the module does not run on the example.
    """
    with torch.device("meta"):
        made = build(program)
    theirs, ours = module.state_dict(), made.state_dict()
    found = tuple(_of_keys(theirs, ours))  # in any order: weights are loaded by their names
    found = found or tuple(_of_sharing(module, made))
    if found:
        return Compared(found)
    if any(tensor.is_meta for tensor in theirs.values()):
        return Compared((), ("its results were not compared: weights on the meta device have no numbers",))
    if _is_random(program):
        return Compared((), ("its results were not compared: it draws random numbers",))
    if any(name not in ours for name, _ in made.named_buffers()):  # its numbers are in no file of weights
        made = build(program)
    return _agree_when_smaller(module, made.eval(), arguments) or _of_results(module, made, arguments)


def _agree_when_smaller(module: nn.Module, made: nn.Module, arguments: Mapping[str, Any]) -> Compared | None:
    """That both give the same for large pictures of another size, in a fraction of the time; None where they do not.

    That size leaves the same remainders by the usual strides, so that windows end alike. What has the size of the
    example in it fails or differs here, and is compared at full size.
    """
    given = {name: _smaller(value) for name, value in arguments.items()}
    if all(value is arguments[name] for name, value in given.items()):
        return None
    try:
        outcome = _of_results(module, made, given)
    except Exception:  # the code of others may raise anything at a size that it was not made for
        return None
    return None if outcome.found else outcome


def _smaller(value: Any) -> Any:
    if not isinstance(value, torch.Tensor) or not value.is_floating_point() or value.dim() < 4:
        return value
    for dim in range(2, value.dim()):
        size = value.shape[dim]
        least = size % STRIDES + (0 if size % STRIDES >= LEAST else STRIDES)
        value = value if size <= least else value.narrow(dim, 0, least)
    return value


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


def _of_sharing(module: nn.Module, made: nn.Module) -> Iterator[str]:
    """Parameters that are one in one of the two, and several in the other."""
    theirs, ours = _shared(module), _shared(made)
    for keys in sorted(theirs - ours)[:SHOWN]:
        yield f"{', '.join(keys)} are one parameter, and are not in the spec"
    for keys in sorted(ours - theirs)[:SHOWN]:
        yield f"{', '.join(keys)} are one parameter in the spec, and are not in the model"


def _shared(module: nn.Module) -> set[tuple[str, ...]]:
    """The keys of each parameter that has several."""
    found: dict[int, list[str]] = {}
    for key, parameter in module.named_parameters(remove_duplicate=False):
        found.setdefault(id(parameter), []).append(key)
    return {tuple(sorted(keys)) for keys in found.values() if len(keys) > 1}


def _is_random(program: Program) -> bool:
    """Whether results differ from run to run."""
    layers = (call.callee for module in program.modules.values() for call in module.calls)
    return any(isinstance(layer, Layer) and layer.random for layer in layers)


def _of_results(module: nn.Module, made: nn.Module, arguments: Mapping[str, Any]) -> Compared:
    """What differs in results, in float64; in float32 where the module is large, or its code takes no other.

    Raises:
        SpecError: the module does not run on the example.
    """
    why = f"it has more than {LARGE:,} parameters"
    if sum(each.numel() for each in module.parameters()) <= LARGE:
        try:
            return Compared(tuple(_of_numbers(module, made, arguments, wide=True)))
        except Exception as error:  # the code of others may raise anything
            why = f"its code takes no 64 bits ({reason_of(error)[0]})"
    try:
        found = tuple(_of_numbers(module, made, arguments, wide=False))
    except Exception as error:
        raise SpecError.of(CannotCompare(None, *reason_of(error))) from error
    return Compared(found, (f"its results were compared in 32 bits, to {NARROW_TOLERANCE:g}: {why}",))


def _of_numbers(module: nn.Module, made: nn.Module, arguments: Mapping[str, Any], wide: bool) -> Iterator[str]:
    made_of: dict[int, torch.Tensor] = {}  # of tensors by identity, so that what is tied stays so

    kept = module.state_dict(keep_vars=True)

    def widened(name: str, tensor: torch.Tensor) -> torch.Tensor:
        known = tensor.detach() if name in kept or not wide else _again(tensor)
        return made_of.setdefault(id(tensor), _widened(known, wide))

    values = {name: widened(name, tensor) for name, tensor in _own(module)}
    ours = {name: widened(name, kept.get(name, tensor)) for name, tensor in _own(made)}
    given = {name: _widened(value, wide) for name, value in arguments.items()}
    was = {each: each.training for each in module.modules()}
    module.eval()
    try:
        with torch.no_grad(), _Wide() if wide else nullcontext():
            expected = _tensors(functional_call(module, values, (), given, tie_weights=False))
            inputs = tuple(each for each in given.values() if isinstance(each, torch.Tensor))
            found = _tensors(functional_call(made, ours, inputs, tie_weights=False))
    finally:
        for each, training in was.items():
            each.training = training
    if len(found) != len(expected):
        yield f"the model has {len(expected)} results, and the spec {len(found)}"
    for number, (have, want) in enumerate(zip(found, expected, strict=False)):
        if have.shape != want.shape:
            yield f"result {number} is {tuple(want.shape)}, and {tuple(have.shape)} in the spec"
            continue
        is_float = want.is_floating_point()
        have, want = have.to(torch.float64), want.to(torch.float64)
        finite = want[want.isfinite()]
        scale = max(1.0, finite.abs().max().item() if finite.numel() and is_float else 1.0)
        same = (have == want) | (have.isnan() & want.isnan())  # infinities, too
        gap = (have - want).abs().masked_fill(same, 0.0).max().item() if want.numel() else 0.0
        if not gap <= (TOLERANCE if wide else NARROW_TOLERANCE) * scale:
            yield f"result {number} differs by {gap:.3g}"


def _again(tensor: torch.Tensor) -> torch.Tensor:
    """The frequencies of rotary positions as code would have computed them with 64 bits; other tensors as they are."""
    base = base_of(tensor)
    return tensor.detach() if base is None else frequencies(base, 2 * tensor.numel()).to(tensor.device)


def _own(module: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors of each module, by one path of it: functional calls lose those of a module that is given by two."""
    for path, each in module.named_modules():
        own = (*each.named_parameters("", False, False), *each.named_buffers("", False, False))
        yield from ((f"{path}.{name}" if path else name, tensor) for name, tensor in own)


class _Wide(TorchFunctionMode):
    """All floats with 64 bits, those among them that code would round to 32 or whose type it leaves open."""

    def __enter__(self) -> Self:
        self.usual = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *raised: Any) -> None:
        super().__exit__(*raised)  # type: ignore[no-untyped-call]
        torch.set_default_dtype(self.usual)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (torch.Tensor.float, torch.Tensor.half, torch.Tensor.bfloat16):
            func = torch.Tensor.double
        made = func(*map(_wide, args), **{name: _wide(value) for name, value in (kwargs or {}).items()})
        return made.double() if isinstance(made, torch.Tensor) and made.dtype in _NARROW else made


def _wide(value: Any) -> Any:
    return torch.float64 if isinstance(value, torch.dtype) and value in _NARROW else value


_NARROW = (torch.float32, torch.float16, torch.bfloat16)


def _widened(value: Any, wide: bool) -> Any:
    return value.double() if wide and isinstance(value, torch.Tensor) and value.is_floating_point() else value


def _tensors(outcome: Any) -> list[torch.Tensor]:
    """The tensors of a result, in order."""
    return [each for each in pytree.tree_leaves(outcome) if isinstance(each, torch.Tensor)]
