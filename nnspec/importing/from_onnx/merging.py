"""Rules that put what stands around a layer into it: biases, the factors behind a batch norm, rows; and attention."""

from __future__ import annotations

import numpy as np

from nnspec.importing.from_onnx.builder import Draft, layer
from nnspec.importing.from_onnx.drafts import Drafts, in_place_of, vector
from nnspec.importing.from_onnx.known import Known
from nnspec.layers.tensor_type import LayerError

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


def rows(drafts: Drafts, draft: Draft) -> Draft | None:
    """A linear layer of all rows in one dimension, which are put apart again, is one of the tensor as it was."""
    found = drafts.single(draft.inputs[0], "Linear")
    flat = None if found is None else drafts.single(found.inputs[0], "Flatten", "Reshape")
    if found is None or flat is None or drafts.type(found.inputs[0]).rank != 2:
        return None
    before, after = drafts.type(flat.inputs[0]).shape, drafts.type(draft.outputs[0]).shape
    inside = drafts.type(found.inputs[0]).shape[-1]
    same = before[-1] == inside and after[:-1] == before[:-1] and after[-1] == drafts.type(draft.inputs[0]).shape[-1]
    return in_place_of(draft, found.layer, flat.inputs[0], node=found, **found.weights) if same else None  # type: ignore[arg-type]


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
                return None
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
    if query is None or key is None:
        return None
    (query, by), (key, more) = _unscaled(drafts, query), _unscaled(drafts, key)
    scale *= by * more
    turned = drafts.single(key, "Transpose", "Permute")
    rows = None if turned is None or draft.inputs[1] is None else _rows(drafts, turned)
    if rows is None:
        return None
    width = drafts.type(query).shape[-1]
    given = (query, rows, draft.inputs[1])
    if any(drafts.type(each).rank != 4 for each in given) or not isinstance(width, int):
        return None
    usual = abs(scale * width**0.5 - 1) < 1e-5
    causal = mask is not None and _is_causal(drafts, mask)
    made = layer("Attention", scale=None if usual else float(f"{scale:.7g}"), causal=causal or None)
    inputs = given if mask is None or causal else (*given, None, mask)
    types = [None if each is None else drafts.type(each) for each in inputs]
    try:
        made.results(*types, *[None] * (6 - len(types)))
    except LayerError:  # the heads of keys are others
        return None
    return in_place_of(draft, made, *inputs)


def _unscaled(drafts: Drafts, value: str | None) -> tuple[str | None, float]:
    """A value without a number that it is multiplied with or divided by, and the factor."""
    made = drafts.single(value, "Multiply", "Divide")
    factor, divisor = drafts.number(made, "Multiply"), drafts.number(made, "Divide")
    if made is None or (factor is None and divisor is None):
        return value, 1.0
    return made.inputs[0], factor if factor is not None else 1 / divisor  # type: ignore[operator]


def _is_causal(drafts: Drafts, mask: str) -> bool:
    """Whether a mask takes away what is yet to come: where(tril(ones([T, T])) == 0, a large negative number, 0)."""
    chosen = drafts.made(mask, "Where")
    while chosen is None and (around := drafts.made(mask, "Unsqueeze", "Expand")) is not None:
        mask = around.inputs[0] or ""
        chosen = drafts.made(mask, "Where")
    equal = None if chosen is None else drafts.made(chosen.inputs[0], "Equal")
    if chosen is None or equal is None or drafts.number(equal, "Equal") != 0:
        return False
    triangle = drafts.made(equal.inputs[0], "Tril")
    ones = None if triangle is None else drafts.made(triangle.inputs[0], "Ones")
    far = drafts.made(chosen.inputs[1], "Constant") if len(chosen.inputs) > 1 else None
    if triangle is None or ones is None or far is None or triangle.layer.diagonal:  # type: ignore[union-attr]
        return False
    rows, columns = ones.layer.shape[-2:]  # type: ignore[union-attr]
    value, otherwise = far.layer.value, chosen.layer.value  # type: ignore[union-attr]
    return rows == columns and otherwise == 0 and isinstance(value, float) and value < -1e4


def _rows(drafts: Drafts, turned: Draft) -> str | None:
    """What the transposed keys of an attention are, one in a row, [N, heads, T, width]."""
    made = turned.layer
    source = turned.inputs[0] or ""
    if made.kind == "Transpose":
        return source if {made.dim0 % 4, made.dim1 % 4} == {2, 3} else None  # type: ignore[union-attr]
    if tuple(made.dims) == (0, 1, 3, 2):  # type: ignore[union-attr]
        return source
    if tuple(made.dims) != (0, 2, 3, 1):  # type: ignore[union-attr]
        return None
    kept = drafts.type(source).shape  # [N, T, heads, width], and transposed at once
    return drafts.instead(turned, layer("Transpose", dim0=1, dim1=2), drafts.type(source).with_shape(
        kept[0], kept[2], kept[1], kept[3]))  # fmt: skip


def _matrix_first(drafts: Drafts, found: Draft) -> tuple[str | None, str | None]:
    for value, other in drafts.pairs(found):
        if drafts.single(value, "MatMul", "Multiply", "Divide") is not None and drafts.type(other).dtype == "float":
            return value, other
    return None, None
