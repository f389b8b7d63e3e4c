"""PyTorch rows of attention to a memory. Torch has the weights, and no way to keep the keys and values."""

from __future__ import annotations

from typing import Any

from nnspec.layers.families.memory_attention import MemoryAttention, MemoryKeys
from nnspec.to_torch.row import LayerUse, Submodule, changed, row

KEYS = '''\
class MemoryKeys(nn.MultiheadAttention):
    """The keys and values of a memory, [N, heads, S, d] each."""

    def forward(self, key, value=None):
        value = key if value is None else value
        weights = [self.k_proj_weight, self.v_proj_weight]
        if self.in_proj_weight is not None:
            weights = self.in_proj_weight.chunk(3)[1:]
        biases = [None, None] if self.in_proj_bias is None else self.in_proj_bias.chunk(3)[1:]
        made = [F.linear(x, w, b) for x, w, b in zip((key, value), weights, biases)]
        made = [x if self.batch_first else x.transpose(0, 1) for x in made]
        return tuple(x.unflatten(-1, (self.num_heads, self.head_dim)).transpose(1, 2) for x in made)
'''
ATTENTION = '''\
class MemoryAttention(nn.MultiheadAttention):
    """Attention to the keys and values of a memory, [N, heads, S, d] each."""

    def forward(self, x, key, value, key_padding_mask=None, attn_mask=None):
        weight = self.q_proj_weight if self.in_proj_weight is None else self.in_proj_weight.chunk(3)[0]
        query = F.linear(x, weight, None if self.in_proj_bias is None else self.in_proj_bias.chunk(3)[0])
        query = query if self.batch_first else query.transpose(0, 1)
        query = query.unflatten(-1, (self.num_heads, self.head_dim)).transpose(1, 2)
        masks = [attn_mask, None if key_padding_mask is None else key_padding_mask[:, None, None]]
        zero = query.new_zeros(())
        masks = [torch.where(x, -torch.inf, zero) if x.dtype == torch.bool else x for x in masks if x is not None]
        mask = sum(masks) if masks else None
        x = F.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2)
        x = self.out_proj(x)
        return x if self.batch_first else x.transpose(0, 1)
'''


@row(MemoryKeys)
def _(layer: MemoryKeys, use: LayerUse) -> Submodule:
    return Submodule("MemoryKeys", (layer.embed_dim, layer.num_heads), _options(layer), source=KEYS)


@row(MemoryAttention)
def _(layer: MemoryAttention, use: LayerUse) -> Submodule:
    masks = [f"{name}={{{index}}}" for index, name in ((3, "key_padding_mask"), (4, "attn_mask")) if use.types[index]]
    template = f"{{module}}({', '.join(['{0}', '{1}', '{2}', *masks])})"
    sizes = (layer.embed_dim, layer.num_heads)
    return Submodule("MemoryAttention", sizes, _options(layer), source=ATTENTION, call=template)


def _options(layer: MemoryKeys | MemoryAttention) -> dict[str, Any]:
    options = changed(layer, "dropout", "bias")
    if not layer.one_matrix:
        options |= {"kdim": layer.sources[1].shape[2], "vdim": layer.sources[2].shape[2]}
    return options | ({"batch_first": True} if layer.batch_first else {})
