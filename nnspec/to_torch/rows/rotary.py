"""PyTorch row of rotary positions: a function that torch lacks, written for what it scales and turns."""

from __future__ import annotations

from typing import Any

from nnspec.layers.families.rotary import RotaryEmbedding
from nnspec.to_torch.operands import written
from nnspec.to_torch.row import LayerUse, OwnFunction, changed, row

ROTARY = '''\
def {name}(x, positions=None, base=10000.0{parameters}):
    """Rotate the pairs {pairs} of features of x [..., T, d] by angles that grow with the position."""
{cut}    d = x.shape[-1]
    if positions is None:
        positions = torch.arange(x.shape[-2], device=x.device)
    wide = torch.promote_types(x.dtype, torch.float32)  # 16 bits do not hold the positions of a long sequence
{raise_base}    frequencies = base ** (-torch.arange(0, d, 2, dtype=wide, device=x.device) / d)
{scale}    angles = positions[..., None] * frequencies
    cos, sin = {waves}
    a, b = {split}
    return {result}
'''
HALVES = {
    "pairs": "(i, i + d/2)",
    "split": "x.chunk(2, dim=-1)",
    "result": "torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)",
}
NEIGHBOURS = {
    "pairs": "(2i, 2i + 1)",
    "split": "x[..., ::2], x[..., 1::2]",
    "result": "torch.stack((a * cos - b * sin, b * cos + a * sin), dim=-1).flatten(-2)",
}
CUT = "    x, rest = x[..., :rotary_dim], x[..., rotary_dim:]\n"
RAISE_BASE = """\
    length = (positions.max() + 1).clamp(min=original_length).to(wide)
    base = base * (factor * length / original_length - (factor - 1)) ** (d / (d - 2))
"""
SCALE = {
    "linear": """\
    frequencies = frequencies / factor
""",
    "yarn": """\
    first, last = ramp  # pairs before the first turn as before, those behind the last turn slower
    shares = ((torch.arange(d // 2, dtype=wide, device=x.device) - first) / (last - first)).clamp(0, 1)
    frequencies = frequencies * (1 - shares + shares / factor)
""",
    "longrope": """\
    long_factor, short_factor = frequencies.new_tensor(long_factor), frequencies.new_tensor(short_factor)
    frequencies = frequencies / torch.where(positions.max() < original_length, short_factor, long_factor)
""",
    "llama3": """\
    turns = original_length * frequencies / (2 * math.pi)  # long waves turn slower
    kept = ((turns - low_freq_factor) / (high_freq_factor - low_freq_factor)).clamp(0, 1)
    frequencies = frequencies * (kept + (1 - kept) / factor)
""",
}


@row(RotaryEmbedding)
def _(layer: RotaryEmbedding, use: LayerUse) -> OwnFunction:
    named = _named(layer, use)
    name = "_".join(["rotary", *["interleaved"] * layer.interleaved, *["partial"] * ("rotary_dim" in named)])
    name += f"_{layer.scaling}" if layer.scaling else ""
    name += "_stretched" if layer.scaling and "attention_factor" in named else ""
    parts = dict(NEIGHBOURS if layer.interleaved else HALVES)
    parts["result"] += ".to(x.dtype)"
    if "rotary_dim" in named:
        parts["result"] = f"torch.cat(({parts['result']}, rest), dim=-1)"
    stretch = " * attention_factor" if "attention_factor" in named else ""
    source = ROTARY.format(
        name=name,
        parameters="".join([", *", *(f", {each}" for each in named)]) if named else "",
        cut=CUT if "rotary_dim" in named else "",
        raise_base=RAISE_BASE if layer.scaling == "dynamic" else "",
        scale=SCALE.get(layer.scaling or "", ""),
        waves=f"angles.cos(){stretch}, angles.sin(){stretch}",
        **parts,
    )
    arguments = written(str(use.inputs[0]), _positions(layer, use), **changed(layer, "base"), **named)
    return OwnFunction(name, source, f"{name}({arguments})")


def _named(layer: RotaryEmbedding, use: LayerUse) -> dict[str, Any]:
    """The arguments beyond those of every rotation, by name."""
    features = layer.turning(use.type_of())
    named: dict[str, Any] = {} if features == use.type_of().shape[-1] else {"rotary_dim": features}
    scaled: dict[str | None, tuple[str, ...]] = {
        "linear": ("factor",),
        "dynamic": ("factor", "original_length"),
        "yarn": ("factor",),
        "longrope": ("short_factor", "long_factor", "original_length"),
        "llama3": ("factor", "low_freq_factor", "high_freq_factor", "original_length"),
    }
    named |= {each: getattr(layer, each) for each in scaled.get(layer.scaling, ())}
    if layer.scaling == "yarn":
        named["ramp"] = layer.ramp(features)
    return named | ({"attention_factor": layer.stretch} if layer.stretch != 1 else {})


def _positions(layer: RotaryEmbedding, use: LayerUse) -> str:
    """The positions as an argument; "" for those that the function counts by itself."""
    given = use.types[1]
    if given is not None:
        several = given.rank == 2  # [N, T] beside [N, heads, T, d]
        return f"{use.inputs[1]}[:, None]" if several else str(use.inputs[1])
    if layer.offset == 0:
        return ""
    start, end = use.size(layer.offset), use.size(layer.offset + use.type_of().shape[-2])
    return f"torch.arange({written(start, end, f'device={use.inputs[0]}.device')})"
