"""Rules that put what stands behind a layer into it: biases, the factors behind a batch norm; and attention."""

from __future__ import annotations

import numpy as np

from nnspec.importing.from_onnx.builder import Draft, layer
from nnspec.importing.from_onnx.drafts import Drafts, in_place_of, vector
from nnspec.importing.from_onnx.known import Known

_BATCH = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")


def _channels(draft: Draft, rank: int) -> int:
    """The dimension of what goes out of a layer along which its bias lies."""
    return rank - 1 if draft.layer.kind == "Linear" else 1


def bias(drafts: Drafts, draft: Draft) -> Draft | None:
    """What is added behind a linear layer or a convolution without bias is its bias."""
    for value, other in drafts.pairs(draft):
        found = drafts.single(value, "Linear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d",
                              "ConvTranspose3d")  # fmt: skip
        if found is None or found.layer.bias:  # type: ignore[union-attr]
            continue
        type = drafts.type(value)
        dim = _channels(found, type.rank)
        known = vector(drafts.stored(other), type.shape[dim], dim, type.rank)
        if known is not None:
            full = found.layer.model_copy(update={"bias": True})  # type: ignore[union-attr]
            return in_place_of(draft, full, *found.inputs, node=found, **{**found.weights, "bias": known})
    return None


def _norm(drafts: Drafts, value: str) -> Draft | None:
    found = drafts.single(value, *_BATCH)
    return found if found is not None and "weight" in found.weights and "bias" in found.weights else None


def scaled_norm(drafts: Drafts, draft: Draft) -> Draft | None:
    """A factor for each channel behind a batch norm is one with its own."""
    for value, other in drafts.pairs(draft):
        found, type = _norm(drafts, value), drafts.type(value)
        factor = None if found is None else vector(drafts.stored(other), type.shape[1], 1, type.rank)
        if found is not None and factor is not None:
            weights = dict(found.weights)
            weights["weight"] = _computed(found.weights["weight"], weights["weight"].array * factor.array)
            weights["bias"] = _computed(found.weights["bias"], weights["bias"].array * factor.array)
            return in_place_of(draft, found.layer, *found.inputs, node=found, **weights)  # type: ignore[arg-type]
    return None


def shifted_norm(drafts: Drafts, draft: Draft) -> Draft | None:
    """What is added to each channel behind a batch norm is one with its own bias."""
    for value, other in drafts.pairs(draft):
        found, type = _norm(drafts, value), drafts.type(value)
        more = None if found is None else vector(drafts.stored(other), type.shape[1], 1, type.rank)
        if found is not None and more is not None:
            weights = {
                **found.weights,
                "bias": _computed(found.weights["bias"], found.weights["bias"].array + more.array),
            }
            return in_place_of(draft, found.layer, *found.inputs, node=found, **weights)  # type: ignore[arg-type]
    return None


def _computed(known: Known, array: object) -> Known:
    return Known(np.asarray(array, np.float32), known.name, True)


def attention(drafts: Drafts, draft: Draft) -> Draft | None:
    """`softmax(q @ k^T * scale + mask) @ v` is attention."""
    scores = drafts.single(draft.inputs[0], "Softmax")
    if scores is None or drafts.type(scores.inputs[0]).rank != 4 or scores.layer.dim not in (-1, 3):  # type: ignore[union-attr]
        return None
    value, mask, scale, query, key = scores.inputs[0], None, 1.0, None, None
    for _ in range(4):
        found = drafts.single(value, "Add", "Multiply", "Divide", "MatMul")
        if found is None:
            return None
        factor = drafts.number(found, "Multiply")
        divisor = drafts.number(found, "Divide")
        if factor is not None or divisor is not None:
            scale *= factor if factor is not None else 1 / divisor  # type: ignore[operator]
            if mask is not None or not scale > 0:
                return None if mask is None else _nothing()
            value = found.inputs[0]
        elif found.layer.kind == "Add" and mask is None and scale == 1.0 and len(found.inputs) == 2:
            value, mask = _matrix_first(drafts, found)
            if value is None:
                return None
        elif found.layer.kind == "MatMul":
            query, key = found.inputs
            break
        else:
            return None
    turned = drafts.single(key, "Transpose", "Permute")
    if query is None or turned is None or not _turns(turned):
        return None
    inner = drafts.single(query, "Multiply", "Divide")
    for each, kind in ((inner, "Multiply"), (inner, "Divide")):
        number = drafts.number(each, kind)
        if number is not None and each is not None:
            scale *= number if kind == "Multiply" else 1 / number
            query = each.inputs[0]
    width = drafts.type(query).shape[-1]
    given = (query, turned.inputs[0], draft.inputs[1])
    if any(drafts.type(each).rank != 4 for each in given) or not isinstance(width, int):
        return None
    usual = abs(scale * width**0.5 - 1) < 1e-5
    made = layer("Attention", scale=None if usual else float(f"{scale:.7g}"))
    inputs = given if mask is None else (*given, None, mask)
    try:
        types = [None if each is None else drafts.type(each) for each in inputs]
        made.results(*types, *[None] * (6 - len(types)))
    except Exception:
        return None
    return in_place_of(draft, made, *inputs)


def _nothing() -> None:
    return None


def _matrix_first(drafts: Drafts, found: Draft) -> tuple[str | None, str | None]:
    for value, other in drafts.pairs(found):
        if drafts.single(value, "MatMul", "Multiply", "Divide") is not None and drafts.type(other).dtype == "float":
            return value, other
    return None, None


def _turns(draft: Draft) -> bool:
    """Whether the last two dimensions change places, and nothing else."""
    found = draft.layer
    if found.kind == "Transpose":
        return {found.dim0 % 4, found.dim1 % 4} == {2, 3}  # type: ignore[union-attr]
    return tuple(found.dims) == (0, 1, 3, 2)  # type: ignore[union-attr]
