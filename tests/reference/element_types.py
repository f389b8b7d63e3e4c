"""Modules in other element types than they were made in, and how far their results may be from exact ones.

What is compared is a module in 16 bits with the same module in float64 whose weights and inputs were rounded to 16
bits before: what is left is the rounding of each step, a few times `eps` of the format.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

HALVES = (torch.bfloat16, torch.float16)


class NoSingle(TorchDispatchMode):
    """Fails where an operation gives float32."""

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        for value in result if isinstance(result, (tuple, list)) else (result,):
            assert not isinstance(value, Tensor) or value.dtype != torch.float32, f"{function} gives float32"
        return result


@contextmanager
def default(dtype: torch.dtype) -> Iterator[None]:
    """Another default of torch for the type of new floats."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def cast(inputs: Sequence[Tensor], dtype: torch.dtype) -> list[Tensor]:
    """Floats in another type; whole numbers and truth values as they are."""
    return [value.to(dtype) if value.is_floating_point() else value for value in inputs]


def given(module: nn.Module, inputs: Sequence[Tensor], autocast: torch.dtype | None = None) -> list[Tensor]:
    """The results, always a list; what is random is drawn alike every time."""
    torch.manual_seed(1)
    with torch.autocast("cpu", autocast or torch.bfloat16, enabled=autocast is not None):
        found = module(*inputs)
    return [value.detach() for value in (found if isinstance(found, tuple) else (found,))]


def in_float64(module: nn.Module, inputs: Sequence[Tensor]) -> list[Tensor]:
    """The results in float64, of which no step was in float32, whatever torch's default."""
    double, inputs = copy.deepcopy(module).double(), cast(inputs, torch.float64)
    with NoSingle():
        results = given(double, inputs)
    with default(torch.float64):
        again = given(double, inputs)
    for one, other in zip(results, again, strict=True):
        assert one.dtype == other.dtype
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12, equal_nan=True)
    return results


def in_16_bits(module: nn.Module, inputs: Sequence[Tensor], dtype: torch.dtype) -> tuple[list[Tensor], list[Tensor]]:
    """The results in 16 bits, and exact ones from the weights and inputs that were rounded."""
    rounded = copy.deepcopy(module).to(dtype)
    values = cast(inputs, dtype)
    return given(rounded, values), given(rounded.double(), cast(values, torch.float64))


def distance(found: Tensor, exact: Tensor) -> float:
    """The largest difference, relative to each value and the size of all of them."""
    if not exact.numel() or not exact.is_floating_point():
        return float((found != exact).any()) if exact.numel() else 0.0
    finite = exact.isfinite()
    assert torch.equal(finite, found.isfinite())
    found, exact = found[finite].double(), exact[finite].double()
    if not exact.numel():
        return 0.0
    return float(((found - exact).abs() / (exact.abs() + exact.abs().mean() + 1e-3)).max())
