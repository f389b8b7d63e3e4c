"""PyTorch row of sinusoidal positions: angles of 32 bits at least, whose waves are rounded."""

from __future__ import annotations

from nnspec.layers.families.position import SinusoidalEmbedding
from nnspec.to_torch.row import LayerUse, Submodule, changed, row

SINUSOIDAL = '''\
class SinusoidalEmbedding(nn.Module):
    """Sines and cosines of positions, with frequencies from 1 down to 1 / base."""

    def __init__(self, size, base=10000.0, *, interleaved=True, cosine_first=False, freq_shift=0):
        super().__init__()
        self.half, self.base, self.freq_shift = size // 2, base, freq_shift
        self.interleaved, self.cosine_first = interleaved, cosine_first
        self.register_buffer("like", torch.zeros(()), persistent=False)  # a buffer has the dtype of the model

    def forward(self, positions):
        wide = torch.promote_types(self.like.dtype, torch.float32)
        steps = torch.arange(self.half, dtype=wide, device=positions.device)
        angles = positions[..., None] * self.base ** (-steps / (self.half - self.freq_shift))
        waves = (angles.cos(), angles.sin()) if self.cosine_first else (angles.sin(), angles.cos())
        waves = torch.stack(waves, dim=-1).flatten(-2) if self.interleaved else torch.cat(waves, dim=-1)
        return waves.to(self.like.dtype)
'''


@row(SinusoidalEmbedding)
def _(layer: SinusoidalEmbedding, use: LayerUse) -> Submodule:
    sizes = (layer.embedding_dim, *changed(layer, "base").values())
    options = changed(layer, "interleaved", "cosine_first", "freq_shift")
    return Submodule("SinusoidalEmbedding", sizes, options, source=SINUSOIDAL)
