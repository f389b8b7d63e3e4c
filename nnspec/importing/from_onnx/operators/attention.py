"""Rows of attention and rotations, as ONNX has them in one operator."""

from __future__ import annotations

from typing import Any

from nnspec.dims import Size, equal
from nnspec.importing.from_onnx.builder import GraphBuilder, layer, plain
from nnspec.importing.from_onnx.operators.row import WRITTEN_OUT, row
from nnspec.importing.from_torch.builder import Unsaid, Value
from nnspec.layers.base import LARGEST

WRITTEN_OUT |= {
    "AffineGrid", "CausalConvWithState", "CenterCropPad", "LinearAttention", "NegativeLogLikelihoodLoss",
    "RotaryEmbedding", "SoftmaxCrossEntropyLoss", "SwiGLU",
}  # fmt: skip


@row("Attention")
def _(b: GraphBuilder, q: Any, k: Any, v: Any, mask: Any = None, past_key: Any = None, past_value: Any = None,
      lengths: Any = None, is_causal: int = 0, kv_num_heads: int = 0, q_num_heads: int = 0,
      qk_matmul_output_mode: int = 0, scale: float | None = None, softcap: float = 0.0,
      softmax_precision: int | None = None, left_window_size: int = -1,
      right_window_size: int = -1) -> Any:  # fmt: skip
    assert b.node is not None
    if len(b.node.outputs) > 3 and b.node.outputs[3]:
        raise Unsaid("it gives its scores, too")
    query, key, value = (b.tensor(each) for each in (q, k, v))
    flat = query.rank == 3
    if flat:
        query, key, value = (
            _headed(b, each, heads)
            for each, heads in ((query, q_num_heads), (key, kv_num_heads), (value, kv_num_heads))
        )
    before: Size = 0
    if past_key is not None:
        past_key = b.tensor(past_key)
        before = past_key.shape[2]
        key = b(layer("Concat", dim=2), past_key, key)
        value = b(layer("Concat", dim=2), b.tensor(past_value), value)
    window = left_window_size >= 0 or right_window_size >= 0
    apart = lengths is not None or window or (bool(is_causal) and before != 0)
    made = layer("Attention", causal=(bool(is_causal) and not apart) or None, scale=None if not scale else plain(scale),
                 cap=plain(softcap) if softcap else None)  # fmt: skip
    allowed = None
    if apart:
        ends = None if lengths is None else b.tensor(lengths)
        allowed = _allowed(b, query, key, before, ends, bool(is_causal), left_window_size, right_window_size)
    given = None if mask is None else _widened(b, b.tensor(mask), key.shape[2])
    if given is not None and given.type.dtype == "float":
        result = b(made, query, key, value, allowed, given)
    else:
        both = allowed is not None and given is not None
        result = b(made, query, key, value, b(layer("And"), allowed, given) if both else allowed or given)
    if flat:
        result = b(layer("Flatten", start_dim=2), b(layer("Transpose", dim0=1, dim1=2), result))
    return result, key, value


def _widened(b: GraphBuilder, mask: Value, keys: Size) -> Value:
    """A mask that ends before the keys do hides the rest."""
    more = keys - mask.shape[-1]
    if equal(more, 0) is not False:
        return mask
    if mask.type.dtype == "float":
        return b(layer("Pad", padding=(0, more), value=-LARGEST), mask)
    padded = b(layer("Pad", padding=(0, more)), b(layer("Cast", dtype="float"), mask))
    return b(layer("Cast", dtype="bool"), padded)


def _allowed(b: GraphBuilder, query: Value, key: Value, before: Size, ends: Value | None, causal: bool, left: int,
             right: int) -> Value:  # fmt: skip
    """Which keys a query may see: `before` of them stand in front of its own; each sample's end at `ends`."""
    columns = b(layer("Range", end=key.shape[2]))
    place = b(layer("Unsqueeze", dim=1), b(layer("Range", end=query.shape[2])))
    parts: list[Value] = []
    if ends is not None:
        for dim in (1, 2, 3):
            ends = b(layer("Unsqueeze", dim=dim), ends)
        parts.append(b(layer("Less"), columns, ends))
        place = b(layer("Add"), place, b(layer("Subtract", scalar=query.shape[2]), ends))
    elif before != 0:
        place = b(layer("Add", scalar=before), place)
    if causal:
        parts.append(b(layer("LessEqual"), columns, place))
    if left >= 0:
        parts.append(b(layer("GreaterEqual"), columns, b(layer("Subtract", scalar=left), place)))
    if right >= 0:
        parts.append(b(layer("LessEqual"), columns, b(layer("Add", scalar=right), place)))
    found = parts[0]
    for each in parts[1:]:
        found = b(layer("And"), found, each)
    return found


def _headed(b: GraphBuilder, x: Value, heads: int) -> Value:
    width = x.shape[-1]
    if not isinstance(width, int) or not heads:
        raise Unsaid("its number of heads is open")
    parted = b(layer("Unflatten", dim=-1, unflattened_size=(heads, width // heads)), x)
    return b(layer("Transpose", dim0=1, dim1=2), parted)
