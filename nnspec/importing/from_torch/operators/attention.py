"""Row of attention as torch has it."""

from __future__ import annotations

from typing import Any

from nnspec.importing.from_torch.builder import Builder, Unsaid, Value
from nnspec.importing.from_torch.operators.elementwise import layer
from nnspec.importing.from_torch.operators.row import row


@row("scaled_dot_product_attention")
def _(b: Builder, query: Value, key: Value, value: Value, attn_mask: Any = None, dropout_p: float = 0.0,
      is_causal: bool = False, scale: Any = None, enable_gqa: bool = False) -> Value:  # fmt: skip
    if scale is not None and not isinstance(scale, (int, float)):
        raise Unsaid("its scale is no number")
    width = query.shape[-1]
    usual = isinstance(width, int) and scale is not None and abs(scale - width**-0.5) < 1e-15
    fields: dict[str, Any] = {"causal": is_causal or None, "dropout": float(dropout_p) or None}
    if scale is not None and not usual:
        fields["scale"] = float(scale)
    made = layer("Attention", **fields)
    if attn_mask is not None and attn_mask.type.dtype == "float":
        return b(made, query, key, value, None, attn_mask)
    return b(made, query, key, value, attn_mask)
