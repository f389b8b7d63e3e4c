"""PyTorch rows of positions. Torch has neither; both compute angles in 32 bits at least, and round their waves."""

from __future__ import annotations

from nnspec.layers.families.position import RotaryEmbedding, SinusoidalEmbedding
from nnspec.to_torch.operands import written
from nnspec.to_torch.row import Call, OwnFunction, Submodule, changed, row

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
def _(layer: SinusoidalEmbedding, call: Call) -> Submodule:
    sizes = (layer.embedding_dim, *changed(layer, "base").values())
    options = changed(layer, "interleaved", "cosine_first", "freq_shift")
    return Submodule("SinusoidalEmbedding", sizes, options, source=SINUSOIDAL)


ROTARY = '''\
def {name}(x, positions=None, base=10000.0{parameter}):
    """Rotate the pairs {pairs} of features of x [..., T, d] by angles that grow with the position."""
    d = x.shape[-1]
    if positions is None:
        positions = torch.arange(x.shape[-2], device=x.device)
    wide = torch.promote_types(x.dtype, torch.float32)  # 16 bits do not hold the positions of a long sequence
    frequencies = base ** (-torch.arange(0, d, 2, dtype=wide, device=x.device) / d)
{scale}    angles = positions[..., None] * frequencies
    cos, sin = angles.cos(), angles.sin()
    a, b = {split}
    return {join}.to(x.dtype)
'''
SCALE = """\
    factor, low, high, length = scaling  # long waves turn slower, as in Llama 3.1
    kept = ((length * frequencies / (2 * math.pi) - low) / (high - low)).clamp(0, 1)
    frequencies = frequencies * (kept + (1 - kept) / factor)
"""
HALVES = {
    "pairs": "(i, i + d/2)",
    "split": "x.chunk(2, dim=-1)",
    "join": "torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)",
}
NEIGHBOURS = {
    "pairs": "(2i, 2i + 1)",
    "split": "x[..., ::2], x[..., 1::2]",
    "join": "torch.stack((a * cos - b * sin, b * cos + a * sin), dim=-1).flatten(-2)",
}


@row(RotaryEmbedding)
def _(layer: RotaryEmbedding, call: Call) -> OwnFunction:
    scaled = layer.scaling is not None
    name = "rotary" + "_interleaved" * layer.interleaved + "_scaled" * scaled
    parts = NEIGHBOURS if layer.interleaved else HALVES
    source = ROTARY.format(name=name, parameter=", *, scaling" * scaled, scale=SCALE * scaled, **parts)
    positions, given = call.inputs[1], call.types[1]
    several = given is not None and given.rank == 2  # [N, T] beside [N, heads, T, d]
    where = _places(layer, call) if given is None else f"{positions}[:, None]" if several else str(positions)
    options = changed(layer, "base", "scaling")
    return OwnFunction(name, source, f"{name}({written(str(call.inputs[0]), where, **options)})")


def _places(layer: RotaryEmbedding, call: Call) -> str:
    """The positions where they do not begin at 0; "" for those that the function counts by itself."""
    if layer.offset == 0:
        return ""
    start, end = call.size(layer.offset), call.size(layer.offset + call.type_of().shape[-2])
    return f"torch.arange({written(start, end, f'device={call.inputs[0]}.device')})"
