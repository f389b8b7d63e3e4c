"""PyTorch row of self-attention that goes on. Torch has its weights, and no way to give it the past."""

from __future__ import annotations

from nnspec.layers.families.cached_attention import CachedMultiheadAttention
from nnspec.to_torch.row import LayerUse, Submodule, changed, row

SOURCE = '''\
class CachedMultiheadAttention(nn.MultiheadAttention):
    """Causal self-attention that sees what came before: keys and values [N, heads, P, d], given back with its own."""

    def forward(self, x, past_key, past_value):
        x = x if self.batch_first else x.transpose(0, 1)
        parts = F.linear(x, self.in_proj_weight, self.in_proj_bias).unflatten(-1, (3, self.num_heads, self.head_dim))
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # [N, heads, T, d] each
        key, value = torch.cat((past_key, key), dim=2), torch.cat((past_value, value), dim=2)
        time, length = query.shape[2], key.shape[2]
        seen = None if time == 1 else torch.ones(time, length, dtype=torch.bool, device=x.device).tril(length - time)
        x = F.scaled_dot_product_attention(query, key, value, attn_mask=seen).transpose(1, 2).flatten(2)
        x = self.out_proj(x)
        return x if self.batch_first else x.transpose(0, 1), key, value
'''


@row(CachedMultiheadAttention)
def _(layer: CachedMultiheadAttention, use: LayerUse) -> Submodule:
    options = changed(layer, "dropout", "bias") | ({"batch_first": True} if layer.batch_first else {})
    sizes = (use.type_of().shape[2], layer.num_heads)
    return Submodule("CachedMultiheadAttention", sizes, options, source=SOURCE)
