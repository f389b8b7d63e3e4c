"""Rows of complex numbers, which no spec holds: real and imaginary parts are tensors of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from nnspec.dims import Size
from nnspec.importing.from_torch.builder import Builder, Complex, Unsaid, Value
from nnspec.importing.from_torch.operators.elementwise import arithmetic, cast, layer
from nnspec.importing.from_torch.operators.row import complex_row

# Operators that do the same to both parts.
APART = frozenset(
    "add sub neg view reshape _unsafe_view flatten unflatten unsqueeze squeeze transpose permute slice select expand "
    "index index_select cat stack chunk split split_with_sizes unbind clone contiguous detach alias to mean sum repeat "
    "flip roll narrow movedim constant_pad_nd pad view_as reshape_as expand_as type_as lift_fresh_copy".split()
)


@complex_row("complex")
def _(b: Builder, real: Value, imag: Value) -> Complex:
    return Complex(real, imag)


@complex_row("polar")
def _(b: Builder, abs: Value, angle: Value) -> Complex:
    waves = [b(layer(name), angle) for name in ("Cos", "Sin")]
    if b.made_by(abs, "Ones") is None:
        waves = [arithmetic(b, "Multiply", abs, wave) for wave in waves]
    return Complex(*waves)


@complex_row("view_as_complex")
def _(b: Builder, self: Value) -> Complex:
    return Complex(*(b(layer("Subscript", items=("...", part)), self) for part in (0, 1)))


@complex_row("view_as_real")
def _(b: Builder, self: Complex) -> Value:
    return b(layer("Stack", dim=-1), *self.parts)


@complex_row("real")
def _(b: Builder, self: Any) -> Any:
    return self.real if isinstance(self, Complex) else self


@complex_row("imag")
def _(b: Builder, self: Complex) -> Value:
    made: Value = self.imaginary
    return made


@complex_row("conj", "_conj", "conj_physical")
def _(b: Builder, self: Any) -> Any:
    return Complex(self.real, b(layer("Neg"), self.imaginary)) if isinstance(self, Complex) else self


@complex_row("resolve_conj", "resolve_neg")
def _(b: Builder, self: Any) -> Any:
    return self


@complex_row("abs")
def _(b: Builder, self: Complex) -> Value:
    return b(layer("Sqrt"), arithmetic(b, "Add", *(b(layer("Square"), each) for each in self.parts)))


@complex_row("mul", "multiply")
def _(b: Builder, self: Any, other: Any) -> Complex:
    if not isinstance(self, Complex):
        self, other = other, self
    if not isinstance(other, Complex):
        return Complex(*(arithmetic(b, "Multiply", each, other) for each in self.parts))
    return _product(b, self, other, lambda left, right: arithmetic(b, "Multiply", left, right))


@complex_row("matmul", "mm", "bmm")
def _(b: Builder, self: Any, other: Any = None, mat2: Any = None) -> Complex:
    other = mat2 if other is None else other
    left, right = (each if isinstance(each, Complex) else Complex(each, None) for each in (self, other))
    return _product(b, left, right, lambda one, two: b(layer("MatMul"), one, two))


@complex_row("einsum")
def _(b: Builder, equation: str, tensors: Sequence[Any], path: Any = None) -> Complex:
    if len(tensors) != 2 or "." in equation:
        raise Unsaid("it is a product of complex numbers that is not one of two tensors")
    left, right = (each if isinstance(each, Complex) else Complex(each, None) for each in tensors)
    return _product(b, left, right, lambda one, two: b(layer("Einsum", equation=equation), one, two))


@complex_row("div", "true_divide")
def _(b: Builder, self: Complex, other: Any) -> Complex:
    if isinstance(other, Complex):
        raise Unsaid("it divides by complex numbers")
    return Complex(*(arithmetic(b, "Divide", each, other) for each in self.parts))


def _product(b: Builder, left: Complex, right: Complex, times: Callable[[Value, Value], Value]) -> Complex:
    """A product of complex numbers, by that of real ones."""
    (a, c), (d, e) = left.parts, right.parts
    real, imaginary = times(a, d), None if e is None else times(a, e)
    if c is not None:
        real = real if e is None else arithmetic(b, "Subtract", real, times(c, e))
        imaginary = times(c, d) if imaginary is None else arithmetic(b, "Add", imaginary, times(c, d))
    return Complex(real, imaginary)


# --- Fourier transforms, as products with the matrix of the waves


def _waves(b: Builder, rows: Size, columns: Size, length: Size) -> tuple[Value, Value]:
    """The cosines and sines of 2 pi j k / length, for j < rows and k < columns."""
    first = b(layer("Unsqueeze", dim=1), b(layer("Range", end=rows)))
    turns = b(layer("Modulo", scalar=length), b(layer("Multiply"), first, b(layer("Range", end=columns))))
    turns = cast(b, turns, "float")
    if isinstance(length, int):
        angle = arithmetic(b, "Multiply", turns, 2 * math.pi / length)
    else:
        angle = arithmetic(b, "Multiply", arithmetic(b, "Divide", turns, length), 2 * math.pi)
    return b(layer("Cos"), angle), b(layer("Sin"), angle)


def _along(b: Builder, value: Value, dim: int, change: Callable[[Value], Value]) -> Value:
    """What is done to the last dimension done to another."""
    if dim == value.rank - 1:
        return change(value)
    turned = layer("Transpose", dim0=dim, dim1=-1)
    return b(turned, change(b(turned, value)))


def _factor(norm: str | None, length: Size, inverse: bool) -> Size | float:
    """The number by which a transform is divided."""
    if norm == "ortho":
        if not isinstance(length, int):
            raise Unsaid("its factor is the square root of an open size")
        return math.sqrt(length)
    return length if (norm == "forward") != inverse else 1


def _need_whole(value: Value, n: Any, dim: int) -> Size:
    length = value.shape[dim]
    if n is not None and n != length:
        raise Unsaid("it pads or cuts what it transforms: do that before it")
    return length


def _transformed(b: Builder, value: Complex, dim: int, norm: str | None, inverse: bool, half: bool = False) -> Complex:
    """A transform along one dimension; `half` leaves out what is the conjugate of the rest."""
    dim %= value.rank
    length = value.shape[dim]
    cosine, sine = _waves(b, length, length // 2 + 1 if half else length, length)
    sine = sine if inverse else b(layer("Neg"), sine)

    def times(part: Value, waves: Value) -> Value:
        return _along(b, part, dim, lambda x: b(layer("MatMul"), x, waves))

    made = _product(b, value, Complex(cosine, sine), times)
    return Complex(*(arithmetic(b, "Divide", each, _factor(norm, length, inverse)) for each in made.parts))


def _real_again(b: Builder, value: Complex, n: Any, dim: int, norm: str | None) -> Value:
    """The inverse transform of the half of a real one."""
    dim %= value.rank
    half = value.shape[dim]
    if not isinstance(half, int) or not (n is None or isinstance(n, int)):
        raise Unsaid("its length is open")
    length = 2 * (half - 1) if n is None else n
    if half != length // 2 + 1:
        raise Unsaid("it pads or cuts what it transforms: do that before it")
    weights = [1.0 if 2 * k in (0, length) else 2.0 for k in range(half)]
    parts = []
    for part, waves, sign in zip(value.parts, _waves(b, half, length, length), (1, -1), strict=True):
        weighed = arithmetic(
            b, "Multiply", b(layer("Unsqueeze", dim=1), b(layer("Constant", value=tuple(weights)))), waves
        )
        weighed = weighed if sign == 1 else b(layer("Neg"), weighed)
        parts.append(_along(b, part, dim, lambda x, weighed=weighed: b(layer("MatMul"), x, weighed)))  # type: ignore[misc]
    return arithmetic(b, "Divide", arithmetic(b, "Add", *parts), _factor(norm, length, True))


def _complex(value: Any) -> Complex:
    return value if isinstance(value, Complex) else Complex(value, None)


@complex_row("fft_fft", "fft_ifft", "fft_rfft")
def _(b: Builder, self: Any, n: Any = None, dim: int = -1, norm: str | None = None, operator: str = "") -> Complex:
    value = _complex(self)
    _need_whole(value.real, n, dim)
    return _transformed(b, value, dim, norm, operator == "fft_ifft", operator == "fft_rfft")


@complex_row("fft_fft2", "fft_fftn", "fft_ifft2", "fft_ifftn", "fft_rfft2", "fft_rfftn")
def _(b: Builder, self: Any, s: Any = None, dim: Any = None, norm: str | None = None, operator: str = "") -> Complex:
    value = _complex(self)
    dims = _dims(dim, value.rank, operator)
    for each, n in zip(dims, s or [None] * len(dims), strict=True):
        _need_whole(value.real, n, each)
    half = "rfft" in operator
    for each in reversed(dims):
        value = _transformed(b, value, each, norm, "_ifft" in operator, half)
        half = False
    return value


@complex_row("fft_irfft")
def _(b: Builder, self: Any, n: Any = None, dim: int = -1, norm: str | None = None) -> Value:
    return _real_again(b, _complex(self), n, dim, norm)


@complex_row("fft_irfft2", "fft_irfftn")
def _(b: Builder, self: Any, s: Any = None, dim: Any = None, norm: str | None = None, operator: str = "") -> Value:
    value = _complex(self)
    dims = _dims(dim, value.rank, operator)
    sizes = list(s or [None] * len(dims))
    for each, n in zip(dims[:-1], sizes[:-1], strict=True):
        _need_whole(value.real, n, each)
        value = _transformed(b, value, each, norm, inverse=True)
    return _real_again(b, value, sizes[-1], dims[-1], norm)


def _dims(dim: Any, rank: int, operator: str) -> list[int]:
    if dim is None:
        return [-2, -1] if operator.endswith("2") else list(range(rank))
    return [dim] if isinstance(dim, int) else list(dim)
