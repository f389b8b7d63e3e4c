"""Rows of attention and rotations, as ONNX has them in one operator."""

from __future__ import annotations

from typing import Any

from nnspec.importing.from_onnx.builder import GraphBuilder, layer, plain
from nnspec.importing.from_onnx.operators.row import WRITTEN_OUT, row
from nnspec.importing.from_torch.builder import Unsaid, Value

WRITTEN_OUT |= {
    "AffineGrid", "CenterCropPad", "SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss", "HannWindow",
    "HammingWindow", "BlackmanWindow", "RotaryEmbedding", "SwiGLU",
}  # fmt: skip


@row("Attention")
def _(b: GraphBuilder, q: Any, k: Any, v: Any, mask: Any = None, past_key: Any = None, past_value: Any = None,
      lengths: Any = None, is_causal: int = 0, kv_num_heads: int = 0, q_num_heads: int = 0,
      qk_matmul_output_mode: int = 0, scale: float | None = None, softcap: float = 0.0,
      softmax_precision: int | None = None, left_window_size: int = -1,
      right_window_size: int = -1) -> Any:  # fmt: skip
    assert b.node is not None
    if lengths is not None:
        raise Unsaid("it is told where its sequences end")
    if len(b.node.outputs) > 3 and b.node.outputs[3]:
        raise Unsaid("it gives its scores, too")
    query, key, value = (b.tensor(each) for each in (q, k, v))
    flat = query.rank == 3
    if flat:
        query, key, value = (
            _headed(b, each, heads)
            for each, heads in ((query, q_num_heads), (key, kv_num_heads), (value, kv_num_heads))
        )
    if left_window_size >= 0 or right_window_size >= 0:
        raise Unsaid("it looks through a window")
    if past_key is not None:
        if is_causal:
            raise Unsaid("it is causal behind keys of before")
        key = b(layer("Concat", dim=2), b.tensor(past_key), key)
        value = b(layer("Concat", dim=2), b.tensor(past_value), value)
    made = layer("Attention", causal=bool(is_causal) or None, scale=None if not scale else plain(scale),
                 cap=plain(softcap) if softcap else None)  # fmt: skip
    given = None if mask is None else b.tensor(mask)
    if given is not None and given.type.dtype == "float":
        result = b(made, query, key, value, None, given)
    else:
        result = b(made, query, key, value, given)
    if flat:
        result = b(layer("Flatten", start_dim=2), b(layer("Transpose", dim0=1, dim1=2), result))
    return result, key, value


def _headed(b: GraphBuilder, x: Value, heads: int) -> Value:
    width = x.shape[-1]
    if not isinstance(width, int) or not heads:
        raise Unsaid("its number of heads is open")
    parted = b(layer("Unflatten", dim=-1, unflattened_size=(heads, width // heads)), x)
    return b(layer("Transpose", dim0=1, dim1=2), parted)
