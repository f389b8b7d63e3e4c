"""Rows of pictures in other sizes, and of those that are looked at through a grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from nnspec.dims import Expression, Size, equal
from nnspec.importing.from_onnx.builder import GraphBuilder, layer, listed, plain, whole
from nnspec.importing.from_onnx.known import Known
from nnspec.importing.from_onnx.operators.linear import linear
from nnspec.importing.from_onnx.operators.row import row
from nnspec.importing.from_torch.builder import Unsaid, Value
from nnspec.weights.arrays import Array

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
    if way == "tf_crop_and_resize":
        raise Unsaid("it cuts a region out before")
    dims = whole(axes, "axes")
    if keep_aspect_ratio_policy != "stretch":
        sizes = _in_proportion(sizes, tuple(range(x.rank)) if dims is None else dims, x, keep_aspect_ratio_policy)
    if dims is not None:
        scales, sizes = (_along(each, dims, x, number) for each, number in ((scales, 1.0), (sizes, None)))
    own = {"antialias": antialias, "exclude_outside": exclude_outside, "cubic_coeff_a": cubic_coeff_a}
    usual = not antialias and not exclude_outside and (mode != "cubic" or abs(cubic_coeff_a + 0.75) < 1e-6)
    return resized(b, x, scales, sizes, mode, way, nearest_mode, None if usual else own)


def _in_proportion(sizes: Any, dims: tuple[int, ...], x: Value, policy: str) -> Known:
    """The sizes that keep the proportions of a tensor, none larger, or none smaller, than these."""
    wanted, have = listed(sizes, "sizes") or (), [x.shape[dim] for dim in dims]
    if any(isinstance(each, Expression) for each in (*wanted, *have)):
        raise Unsaid(f"it keeps the proportions ({policy}) of a tensor of open size")
    factors = [int(want) / int(size) for want, size in zip(wanted, have, strict=True)]  # type: ignore[arg-type]
    factor = min(factors) if policy == "not_larger" else max(factors)
    return Known(np.array([int(factor * int(size) + 0.5) for size in have], np.int64))  # type: ignore[arg-type]


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


def resized(b: GraphBuilder, x: Value, scales: Any, sizes: Any, mode: str, way: str, nearest: str,
            own: Mapping[str, Any] | None = None) -> Value:  # fmt: skip
    """A tensor whose dimensions are made larger or smaller; `own` is what it has that no layer has.

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
    kind = None if own is not None else _kind(mode, way, nearest, x, factors, wanted, whole_number)
    if kind is None or any(place < 2 for place in changed) or x.rank not in (3, 4, 5):
        options = {"mode": mode, "coordinate_transformation_mode": way, "nearest_mode": nearest, **(own or {})}
        return _by_matrix(b, x, factors, wanted, options)
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


def _by_matrix(b: GraphBuilder, x: Value, factors: Any, wanted: Any, options: Mapping[str, Any]) -> Value:
    """Each dimension by the matrix that onnx itself resizes with; its nearest places by their indices."""
    for dim, have in enumerate(x.shape):
        want = None if wanted is None else wanted[dim]
        if (want is not None and equal(want, have)) or (want is None and factors[dim] == 1):
            continue
        if isinstance(have, Expression) or isinstance(want, Expression):
            raise Unsaid(f"it resizes {have} in the mode {options['mode']!r} with coordinates "
                         f"{options['coordinate_transformation_mode']!r}")  # fmt: skip
        matrix = _matrix(have, want, None if factors is None else factors[dim], options)
        if options["mode"] == "nearest":
            x = b(layer("Take", dim=dim), x, b.tensor(Known(matrix.argmax(1).astype(np.int64))))
            continue
        last = dim == x.rank - 1
        turned = x if last else b(layer("Transpose", dim0=dim, dim1=-1), x)
        made = linear(b, turned, Known(matrix, "", True))
        x = made if last else b(layer("Transpose", dim0=dim, dim1=-1), made)
    return x


def _matrix(have: int, want: int | None, factor: float | None, options: Mapping[str, Any]) -> Array:
    """The matrix [want, have] of a dimension: what becomes of the unit vectors."""
    inputs = ["x", "", "scales" if want is None else "", "" if want is None else "sizes"]
    node = helper.make_node("Resize", inputs, ["y"], axes=[0], **options)
    ports = [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in ("x", inputs[2] or inputs[3])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.UNDEFINED, None)]
    model = helper.make_model(
        helper.make_graph([node], "one", ports, outputs), opset_imports=[helper.make_opsetid("", 19)]
    )
    given = {"scales": np.array([factor], np.float32)} if want is None else {"sizes": np.array([want], np.int64)}
    found: Any = ReferenceEvaluator(model).run(None, {"x": np.eye(have, dtype=np.float32), **given})
    return found[0]  # type: ignore[no-any-return]


@row("GridSample")
def _(
    b: GraphBuilder, x: Any, grid: Any, align_corners: int = 0, mode: str = "linear", padding_mode: str = "zeros"
) -> Value:
    ways = {"linear": None, "bilinear": None, "nearest": "nearest", "cubic": "bicubic", "bicubic": "bicubic"}
    return b(layer("GridSample", mode=ways[mode], padding_mode=None if padding_mode == "zeros" else padding_mode,
                   align_corners=bool(align_corners) or None), b.tensor(x), b.tensor(grid))  # fmt: skip
