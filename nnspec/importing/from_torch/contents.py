"""`contents`: the numbers of a buffer as an expression: a short one where it gives exactly these, else all of them."""

from __future__ import annotations

from typing import Any

import torch

from nnspec.importing import syntax
from nnspec.importing.from_torch.grids import grid

WRITTEN = 4096  # elements


def zeros_like(tensor: torch.Tensor) -> Any:
    """Zeros of the shape and type of a tensor, as an expression."""
    dtype, shape = _type_of(tensor), [int(size) for size in tensor.shape]
    return syntax.call("zeros", syntax.plain(shape), **({} if dtype == "float" else {"dtype": syntax.plain(dtype)}))


def contents(tensor: torch.Tensor) -> Any:
    """An expression of the syntax tree; of a tensor without data, zeros.

    None where the numbers are too many, or not finite.
    """
    dtype, shape, zeros = _type_of(tensor), [int(size) for size in tensor.shape], zeros_like(tensor)
    if tensor.device.type == "meta" or tensor.numel() == 0:
        return zeros
    data = tensor.detach().cpu()
    if not bool(data.isfinite().all()):
        return None
    first = data.flatten()[0]
    if data.dim() and bool((data == first).all()):
        number = first.item()
        if number == 0:
            return zeros
        if number == 1 and dtype != "bool":
            return syntax.call(
                "ones", syntax.plain(shape), **({} if dtype == "float" else {"dtype": syntax.plain(dtype)})
            )
        return syntax.call("full", syntax.plain(shape), syntax.plain(number))
    counted = torch.arange(data.numel(), dtype=data.dtype if dtype != "bool" else torch.int64)
    if dtype == "int" and torch.equal(data.flatten(), counted):
        made = syntax.call("Range", syntax.plain(data.numel()))
        return made if data.dim() == 1 else syntax.chain(made, syntax.call("Reshape", syntax.plain(shape)))
    if data.dim() >= 2 and data.shape[-1] == data.shape[-2] and data.shape[-1] > 1:
        found = _triangle(data, dtype, shape)
        if found is not None:
            return found
    if dtype == "float" and data.dim() == 1 and data.numel() > 2:
        found = _frequencies(data)
        if found is not None:
            return found
    if dtype == "int":
        found = grid(data)
        if found is not None:
            return found
    if data.numel() > WRITTEN:
        return None
    return syntax.plain(data.tolist())


def _triangle(data: torch.Tensor, dtype: str, shape: list[int]) -> Any:
    """One number in a triangle of each matrix, with or without its diagonal, and zeros outside."""
    inside = data != 0
    number = data[inside][0].item()
    square = torch.ones(data.shape, dtype=torch.bool)
    forms = (("tril", 0, square.tril()), ("triu", 0, square.triu()),
             ("tril", -1, square.tril(-1)), ("triu", 1, square.triu(1)))  # fmt: skip
    for name, diagonal, half in forms:
        if torch.equal(inside, half) and bool((data[inside] == number).all()):
            whole = (
                syntax.call("ones", syntax.plain(shape))
                if number == 1
                else syntax.call("full", syntax.plain(shape), syntax.plain(float(number)))
            )
            made = syntax.call(name, whole, **({"diagonal": syntax.plain(diagonal)} if diagonal else {}))
            return made if dtype == "float" else syntax.call("cast", made, syntax.plain(dtype))
    return None


def _type_of(tensor: torch.Tensor) -> str:
    return "bool" if tensor.dtype == torch.bool else "float" if tensor.dtype.is_floating_point else "int"


def _frequencies(data: torch.Tensor) -> Any:
    """The inverse frequencies of rotary positions: 1 / base ** (Range(0, d, step = 2) / d)."""
    width, base = 2 * data.numel(), base_of(data)
    if base is None:
        return None
    made = 1.0 / (base ** (torch.arange(0, width, 2, dtype=torch.int64).to(torch.float32) / width))
    if not torch.equal(made.to(data.dtype), data):
        return None
    exponent = syntax.binary("/", syntax.call("Range", syntax.plain(width), step=syntax.plain(2)), syntax.plain(width))
    return syntax.binary("/", syntax.plain(1), syntax.binary("**", syntax.plain(base), exponent))


def base_of(data: torch.Tensor) -> float | None:
    """The base of the frequencies of rotary positions, if a tensor holds these, as far as its 32 bits say."""
    if data.dim() != 1 or data.numel() < 2 or not data.is_floating_point() or data.is_meta or data[0] != 1:
        return None
    width, last = 2 * data.numel(), float(data[-1])
    if not 0 < last < 1:
        return None
    base = float(round(last ** (-width / (width - 2))))
    wanted = frequencies(base, width).to(data.device)
    close = (wanted - data.double()).abs() <= 4e-7 * wanted
    return base if bool(close.all()) else None


def frequencies(base: float, width: int) -> torch.Tensor:
    """The frequencies of rotary positions for `width` features, in 64 bits."""
    return base ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
