"""Rows of pictures in other sizes, and of those that are looked at through a grid."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec.dims import Expression, Size, equal
from nnspec.importing.from_onnx.builder import GraphBuilder, layer, listed, plain, whole
from nnspec.importing.from_onnx.known import Known
from nnspec.importing.from_onnx.operators.row import row
from nnspec.importing.from_torch.builder import Unsaid, Value

MODES = {"linear": {3: "linear", 4: "bilinear", 5: "trilinear"}, "cubic": {4: "bicubic"}}


@row("Upsample")
def _(b: GraphBuilder, x: Any, scales: Any = None, mode: str = "nearest") -> Value:
    return resized(
        b, b.tensor(x), scales, None, "linear" if mode in ("linear", "bilinear") else mode, "asymmetric", "floor"
    )


@row("Resize")
def _(b: GraphBuilder, x: Any, *more: Any, antialias: int = 0, axes: Any = None,
      coordinate_transformation_mode: str | None = None, cubic_coeff_a: float = -0.75, exclude_outside: int = 0,
      extrapolation_value: float = 0.0, keep_aspect_ratio_policy: str = "stretch", mode: str = "nearest",
      nearest_mode: str = "round_prefer_floor") -> Value:  # fmt: skip
    x = b.tensor(x)
    if b.opset < 11:  # it had scales alone, and one way
        return resized(b, x, more[0], None, mode, "asymmetric", "floor")
    _, scales, sizes = (*more, None, None, None)[:3]
    if any(isinstance(each, Value) for each in (scales, sizes)):
        raise Unsaid("its size is computed from data")
    way = coordinate_transformation_mode or "half_pixel"
    for what, there in (
        ("smooths what it makes smaller", antialias), ("leaves out what is outside", exclude_outside),
        (f"keeps the aspect ratio ({keep_aspect_ratio_policy})", keep_aspect_ratio_policy != "stretch"),
        (f"has cubic_coeff_a = {plain(cubic_coeff_a)}", mode == "cubic" and abs(cubic_coeff_a + 0.75) > 1e-6),
    ):  # fmt: skip
        if there:
            raise Unsaid(f"it {what}")
    dims = whole(axes, "axes")
    if dims is not None:
        scales, sizes = (_along(each, dims, x, number) for each, number in ((scales, 1.0), (sizes, None)))
    return resized(b, x, scales, sizes, mode, way, nearest_mode)


def _along(known: Any, dims: tuple[int, ...], x: Value, neutral: Any) -> Any:
    found = None if known is None else known.array
    if found is None or found.size == 0:
        return None
    full = np.array(
        [neutral] * x.rank if neutral is not None else list(x.shape), dtype=object if neutral is None else None
    )
    for place, dim in enumerate(dims):
        full[dim] = found[place]
    return Known(full, known.name)


def resized(b: GraphBuilder, x: Value, scales: Any, sizes: Any, mode: str, way: str, nearest: str) -> Value:
    """A tensor whose dimensions are made larger or smaller.

    Raises:
        Unsaid: in a way that no layer has.
    """
    factors = _given(scales)
    wanted = listed(_given_sizes(sizes), "sizes")
    if wanted is not None:
        if all(map(equal, wanted, x.shape)):
            return x
    elif factors is None:
        raise Unsaid("its size is computed from data")
    elif all(each == 1 for each in factors):
        return x
    whole_number = factors is not None and all(float(each).is_integer() and each >= 1 for each in factors)
    changed = range(x.rank) if factors is None else [place for place, each in enumerate(factors) if each != 1]
    if wanted is not None:
        changed = [
            place for place, (have, want) in enumerate(zip(x.shape, wanted, strict=True)) if not equal(have, want)
        ]
        whole_number = all(_is_multiple(want, have) for have, want in zip(x.shape, wanted, strict=True))
    kind = _kind(mode, way, nearest, x, factors, wanted, whole_number)
    if kind is None or any(place < 2 for place in changed) or x.rank not in (3, 4, 5):
        return _by_index(b, x, factors, wanted, mode, way, nearest)
    name, corners = kind
    fields: dict[str, Any] = {"mode": None if name == "nearest" else name, "align_corners": corners}
    if wanted is not None:
        return b(layer("Upsample", size=tuple(wanted[2:]), **fields), x)
    assert factors is not None
    found = [int(each) if float(each).is_integer() else plain(each) for each in factors[2:]]
    factor = found[0] if len(set(found)) == 1 else tuple(found)
    return b(layer("Upsample", scale_factor=factor, **fields), x)


def _is_multiple(want: Size, have: Size) -> bool:
    if isinstance(want, int) and isinstance(have, int):
        return want % have == 0
    return any(equal(want, factor * have) is True for factor in (1, 2, 3, 4, 8, 16, 32))


def _given(scales: Any) -> list[float] | None:
    if scales is None or (isinstance(scales, Known) and scales.array.size == 0):
        return None
    if isinstance(scales, (Value, Known)):
        if not isinstance(scales, Known) or scales.symbolic:
            return None
        return [float(each) for each in scales.array]
    return [float(each) for each in scales]


def _given_sizes(sizes: Any) -> Any:
    return None if isinstance(sizes, Known) and sizes.array.size == 0 else sizes


def _kind(mode: str, way: str, nearest: str, x: Value, factors: Any, wanted: Any, multiple: bool) -> Any:
    """The mode of a layer and whether corners are aligned; None where no layer does this."""
    if mode == "nearest":
        rounds = multiple and nearest.startswith("round") and way == "half_pixel"
        halves = nearest == "round_prefer_floor" and way == "asymmetric" and _is_two(factors, wanted, x)
        exact = (way == "asymmetric" and nearest == "floor") or rounds or halves
        return ("nearest", None) if exact else None
    name = MODES.get(mode, {}).get(x.rank)
    if name is None:
        return None
    if way == "align_corners":  # by a factor, ONNX counts in fractions of places
        return (name, True) if factors is None or all(map(_is_even, x.shape, factors)) else None
    single = wanted is not None and any(want == 1 for want in wanted[2:])
    return (name, None) if way == "half_pixel" or (way == "pytorch_half_pixel" and not single) else None


def _is_even(size: Size, factor: float) -> bool:
    """Whether a factor makes a whole number of places."""
    return float(factor).is_integer() or (isinstance(size, int) and float(size * factor).is_integer())


def _is_two(factors: Any, wanted: Any, x: Value) -> bool:
    if factors is not None:
        return all(each in (1, 2) for each in factors)
    return all(equal(want, have) or equal(want, 2 * have) for want, have in zip(wanted, x.shape, strict=True))


def _by_index(b: GraphBuilder, x: Value, factors: Any, wanted: Any, mode: str, way: str, nearest: str) -> Value:
    """The nearest places along each dimension by their indices, where all sizes are numbers."""
    if mode != "nearest" or way not in (
        "half_pixel",
        "asymmetric",
        "align_corners",
        "half_pixel_symmetric",
        "pytorch_half_pixel",
    ):
        raise Unsaid(f"it resizes in the mode {mode!r} with coordinates {way!r}")
    for dim in range(x.rank):
        have = x.shape[dim]
        want = wanted[dim] if wanted is not None else None
        if (want is not None and equal(want, have)) or (want is None and factors[dim] == 1):
            continue
        if isinstance(have, Expression) or isinstance(want, Expression):
            raise Unsaid(f"it resizes {have} in the mode {mode!r} with coordinates {way!r} and {nearest!r}")
        scale = want / have if want is not None else factors[dim]
        count = want if want is not None else int(np.floor(have * scale))
        at = _coordinates(np.arange(count), way, have, count, scale)
        rounding: dict[str, Any] = {
            "floor": np.floor, "ceil": np.ceil, "round_prefer_floor": lambda v: np.ceil(v - 0.5),
            "round_prefer_ceil": lambda v: np.floor(v + 0.5),
        }  # fmt: skip
        rounded = rounding[nearest](at)
        x = b(layer("Take", dim=dim), x, b.tensor(Known(np.clip(rounded, 0, have - 1).astype(np.int64))))
    return x


def _coordinates(places: Any, way: str, have: int, want: int, scale: float) -> Any:
    if way == "asymmetric":
        return places / scale
    if way == "align_corners":
        return places * (have - 1) / (want - 1) if want > 1 else places * 0.0
    if way == "pytorch_half_pixel" and want == 1:
        return places * 0.0
    found = (places + 0.5) / scale - 0.5
    if way == "half_pixel_symmetric":
        adjustment = want / (scale * have)
        found = have / 2 * (1 - adjustment) + found
    return found


@row("GridSample")
def _(
    b: GraphBuilder, x: Any, grid: Any, align_corners: int = 0, mode: str = "linear", padding_mode: str = "zeros"
) -> Value:
    ways = {"linear": None, "bilinear": None, "nearest": "nearest", "cubic": "bicubic", "bicubic": "bicubic"}
    return b(layer("GridSample", mode=ways[mode], padding_mode=None if padding_mode == "zeros" else padding_mode,
                   align_corners=bool(align_corners) or None), b.tensor(x), b.tensor(grid))  # fmt: skip
