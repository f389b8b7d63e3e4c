"""Rules for norms that are written as arithmetic: layer norm, RMS norm, group norm."""

from __future__ import annotations

from typing import Any

from nnspec.dims import equal, product
from nnspec.importing.from_onnx.builder import Draft, layer
from nnspec.importing.from_onnx.drafts import Drafts, in_place_of, vector
from nnspec.importing.from_onnx.known import Known


def _deviation(drafts: Drafts, draft: Draft) -> tuple[str, str, float] | None:
    """Of v / sqrt(s + eps), in whatever form: v, s and eps."""
    for value, other in drafts.pairs(draft):
        made = drafts.made(other)
        if made is None:
            continue
        kind = getattr(made.layer, "kind", "")
        if draft.layer.kind == "Divide":
            root = made if kind == "Sqrt" and value == draft.inputs[0] else None
        elif kind == "Reciprocal" or drafts.number(made, "Divide", first=True) == 1:
            root = drafts.made(made.inputs[0], "Sqrt")
        else:
            root = made if kind == "Rsqrt" else None
        total = None if root is None else drafts.made(root.inputs[0], "Add")
        eps = drafts.number(total, "Add")
        if total is not None and eps is not None and total.inputs[0]:
            return value, total.inputs[0], eps
    return None


def _mean(drafts: Drafts, value: str | None) -> tuple[str, int] | None:
    """Of a mean over the last dimensions that are kept: what it is of, and how many dimensions."""
    made = drafts.made(value, "Mean")
    if made is None or not made.layer.keepdim:  # type: ignore[union-attr]
        return None
    source = made.inputs[0] or ""
    rank, dim = drafts.type(source).rank, made.layer.dim  # type: ignore[union-attr]
    dims = (
        sorted(each % rank for each in (dim if isinstance(dim, tuple) else (dim,)))
        if dim is not None
        else list(range(rank))
    )
    return (source, len(dims)) if dims == list(range(rank - len(dims), rank)) else None


def _squared(drafts: Drafts, value: str) -> str | None:
    made = drafts.made(value, "Square", "Multiply", "Power")
    if made is None:
        return None
    if made.layer.kind == "Multiply":
        return made.inputs[0] if len(made.inputs) == 2 and made.inputs[0] == made.inputs[1] else None
    return made.inputs[0] if made.layer.kind == "Square" or drafts.number(made, "Power") == 2 else None


def _eps(number: float) -> float:
    return float(f"{number:.6g}")


def layer_norm(drafts: Drafts, draft: Draft) -> Draft | None:
    """(x - mean(x)) / sqrt(mean((x - mean(x))^2) + eps)."""
    found = _deviation(drafts, draft)
    mean = None if found is None else _mean(drafts, found[1])
    if found is None or mean is None:
        return None
    difference = drafts.made(found[0], "Subtract")
    squared = drafts.made(_squared(drafts, mean[0]), "Subtract")
    if difference is None or squared is None or difference.inputs != squared.inputs or len(difference.inputs) != 2:
        return None
    centre = _mean(drafts, difference.inputs[1])
    if centre is None or centre[0] != difference.inputs[0] or centre[1] != mean[1]:
        return None
    eps, dims = _eps(found[2]), mean[1]
    made = layer(
        "LayerNorm", elementwise_affine=False, eps=None if eps == 1e-5 else eps, dims=None if dims == 1 else dims
    )
    return in_place_of(draft, made, centre[0])


def root_mean(drafts: Drafts, draft: Draft) -> Draft | None:
    """X / sqrt(mean(x^2) + eps)."""
    found = _deviation(drafts, draft)
    mean = None if found is None else _mean(drafts, found[1])
    if found is None or mean is None or _squared(drafts, mean[0]) != found[0]:
        return None
    made = layer("RMSNorm", elementwise_affine=False, eps=_eps(found[2]), dims=None if mean[1] == 1 else mean[1])
    return in_place_of(draft, made, found[0])


def scaled(drafts: Drafts, draft: Draft) -> Draft | None:
    """A factor of the size of what a norm without parameters is over is its weight."""
    for value, other in drafts.pairs(draft):
        found = drafts.single(value, "LayerNorm", "RMSNorm", "GroupNorm")
        if found is None or found.weights:
            continue
        weight = _parameter(drafts, found, value, other)
        if weight is not None:
            return in_place_of(draft, _with(found, weighted=True), *found.inputs, node=found, weight=weight)
    return None


def shifted(drafts: Drafts, draft: Draft) -> Draft | None:
    """What is added behind a norm with a weight is its bias."""
    for value, other in drafts.pairs(draft):
        found = drafts.single(value, "LayerNorm", "GroupNorm")
        if found is None or set(found.weights) != {"weight"}:
            continue
        bias = _parameter(drafts, found, value, other)
        if bias is not None:
            made = _with(found, weighted=True, biased=True)
            return in_place_of(draft, made, *found.inputs, node=found, weight=found.weights["weight"], bias=bias)
    return None


def _with(found: Draft, weighted: bool, biased: bool = False) -> Any:
    usual: dict[str, Any] = (
        {"affine": weighted} if found.layer.kind == "GroupNorm" else {"elementwise_affine": weighted}
    )
    if found.layer.kind != "RMSNorm":
        usual["bias"] = biased
    given = {**found.layer.given(), **usual}  # type: ignore[union-attr]
    return layer(found.layer.kind, **{name: value for name, value in given.items() if value is not True})


def _parameter(drafts: Drafts, found: Draft, value: str, other: str) -> Known | None:
    """A tensor of the model's own that is of the size of the parameters of a norm."""
    known, type = drafts.stored(other), drafts.type(value)
    if found.layer.kind == "GroupNorm":
        return vector(known, type.shape[1], 1, type.rank)
    dims = found.layer.dims  # type: ignore[union-attr]
    if known is None or known.array.dtype.kind != "f":
        return None
    shape = known.array.shape
    while len(shape) > dims and shape[0] == 1:
        shape = shape[1:]
    if shape != type.shape[type.rank - dims :]:
        return None
    return Known(known.array.reshape(shape), known.name, True)


def group(drafts: Drafts, draft: Draft) -> Draft | None:
    """Channels in groups, an instance norm of these, and the shape of before: a group norm."""
    norm = drafts.single(draft.inputs[0], "InstanceNorm1d")
    parted = None if norm is None else drafts.single(norm.inputs[0], "Reshape", "Flatten", "Unflatten")
    if norm is None or parted is None:
        return None
    if set(norm.weights) >= {"weight"} and (
        (norm.weights["weight"].array != 1).any() or norm.weights["bias"].array.any()
    ):
        return None
    source, result = drafts.type(parted.inputs[0]), drafts.type(draft.outputs[0])
    groups = drafts.type(norm.inputs[0]).shape[1]
    kept = all(map(equal, source.shape[:2], result.shape[:2]))
    if not kept or not equal(product(source.shape), product(result.shape)):
        return None
    if not isinstance(groups, int) or not isinstance(source.shape[1], int) or min(source.rank, result.rank) < 3:
        return None
    eps = norm.layer.eps  # type: ignore[union-attr]
    made = layer("GroupNorm", num_groups=groups, affine=False, eps=None if eps == 1e-5 else eps)
    if source.rank == result.rank:
        return in_place_of(draft, made, parted.inputs[0])
    value = drafts.instead(parted, made, source)
    flat = result.rank == 3 and source.rank > 3
    return in_place_of(draft, layer("Flatten", start_dim=2) if flat else layer("Reshape", shape=result.shape), value)
