"""PyTorch rows of attention."""

from __future__ import annotations

from nnspec.dims import Size, equal
from nnspec.layers.families.attention import Attention, groups
from nnspec.to_torch.operands import written
from nnspec.to_torch.row import LayerUse, OwnFunction, row

ALIBI = '''\
def alibi(query, key, first=0):
    """The bias of each head for the distance between query and key, [heads, T, S] (Press et al. 2022)."""
    heads, wide = query.shape[-3], torch.promote_types(query.dtype, torch.float32)
    power = 2 ** int(math.log2(heads))
    exponents = [8 * i / power for i in range(1, power + 1)]
    exponents += [4 * i / power for i in range(1, 2 * (heads - power), 2)]  # heads beyond a power of 2
    slopes = torch.tensor([0.5**each for each in exponents], dtype=wide, device=query.device)
    places = torch.arange(first, first + query.shape[-2], device=query.device)
    distances = (places[:, None] - torch.arange(key.shape[-2], device=query.device)).abs()
    return (-slopes[:, None, None] * distances).to(query.dtype)
'''
SCORED = '''\
def {name}(query, key, value, attn_mask=None, dropout_p=0.0, scale=None, *, {parameters}):
    """{words}"""
    if query.dim() > 3:
        key, value = (x.repeat_interleave(query.shape[-3] // x.shape[-3], dim=-3) for x in (key, value))
    scores = query @ key.transpose(-2, -1) * (query.shape[-1] ** -0.5 if scale is None else scale)
{cap}    if attn_mask is not None and attn_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attn_mask, -torch.inf)
    elif attn_mask is not None:
        scores = scores + attn_mask
{weights}    return F.dropout(weights.to(value.dtype), dropout_p) @ value
'''
CAP = "    scores = cap * torch.tanh(scores / cap)\n"
WEIGHTS = """\
    blind = scores.isneginf().all(dim=-1, keepdim=True)  # a query that sees no key gives zeros
    wide = torch.promote_types(scores.dtype, torch.float32)
    weights = scores.masked_fill(blind, 0).softmax(dim=-1, dtype=wide).masked_fill(blind, 0)
"""
WEIGHTS_BESIDE_SINKS = """\
    scores = torch.cat((scores, sinks[:, None, None].expand(*scores.shape[:-1], 1)), dim=-1)
    wide = torch.promote_types(scores.dtype, torch.float32)
    weights = scores.softmax(dim=-1, dtype=wide)[..., :-1]
"""


@row(Attention)
def _(layer: Attention, use: LayerUse) -> str | OwnFunction:
    query, key, value = (str(name) for name in use.inputs[:3])
    masked = any(given is not None for given in use.types[3:5]) or layer.alibi
    sinks, own = use.inputs[5], layer.cap is not None or use.types[5] is not None
    alone = not (masked or own) and layer.window is None and layer.offset == 0
    mask = None if alone else _single(layer, use) + _mask(layer, use)
    options = [
        f"attn_mask={mask}" if mask else "",
        f"dropout_p={layer.dropout} if self.training else 0.0" if layer.dropout else "",
        "is_causal=True" if alone and layer.causal else "",
        f"scale={layer.scale}" if layer.scale is not None else "",
        "enable_gqa=True" if groups(use.type_of(0), use.type_of(1)) > 1 and not own else "",
        f"cap={layer.cap}" if layer.cap is not None else "",
        f"sinks={sinks}" if use.types[5] is not None else "",
    ]
    arguments = written(query, key, value, *options)
    if own:
        name, source = _scored(layer.cap is not None, use.types[5] is not None)
        return OwnFunction(name, source, f"{name}({arguments})", {"alibi": ALIBI} if layer.alibi else {})
    text = f"F.scaled_dot_product_attention({arguments})"
    return OwnFunction("alibi", ALIBI, text) if layer.alibi else text


def _scored(capped: bool, sinks: bool) -> tuple[str, str]:
    """The name and the source of attention with scores that torch's does not have."""
    name = "capped_" * capped + "attention" + "_with_sinks" * sinks
    parameters = ", ".join(["cap"] * capped + ["sinks"] * sinks)
    what = ["scores between -cap and cap"] * capped + ["a sink in each head, which takes its share"] * sinks
    words = f"Attention with {' and '.join(what)}."
    weights = WEIGHTS_BESIDE_SINKS if sinks else WEIGHTS
    cap = CAP if capped else ""
    return name, SCORED.format(name=name, parameters=parameters, words=words, cap=cap, weights=weights)


def _single(layer: Attention, use: LayerUse) -> str:
    """Where the queries are the last places of the keys, one that is alone sees all of them, and needs no mask."""
    time, length = use.type_of(0).shape[-2], use.type_of(1).shape[-2]
    only = layer.causal and layer.window is None and not any(use.types[3:5]) and not layer.alibi
    return f"None if {use.size(time)} == 1 else " if only and equal(length, layer.offset + time) else ""


def _mask(layer: Attention, use: LayerUse) -> str:
    """All that masks the scores as one tensor: true where a key may be seen, or numbers to add."""
    given = [(use.inputs[i], use.types[i]) for i in (3, 4) if use.types[i] is not None]
    seen = [str(name) for name, type in given if type and type.dtype == "bool"]
    numbers = [str(name) for name, type in given if type and type.dtype == "float"]
    if layer.alibi:
        first = "" if layer.offset == 0 else use.size(layer.offset)
        numbers.append(f"alibi({written(str(use.inputs[0]), str(use.inputs[1]), first)})")
    added = " + ".join(numbers)
    if layer.causal or layer.window is not None:
        seen.append(_band(layer, use))
    if not seen:
        return added
    both = " & ".join(seen)
    return f"torch.where({both}, {added}, -torch.inf)" if added else both


def _band(layer: Attention, use: LayerUse) -> str:
    """True near the diagonal."""
    query, length = use.inputs[0], use.type_of(1).shape[-2]
    text = f"torch.ones({use.size(use.type_of(0).shape[-2])}, {use.size(length)}"
    text += f", dtype=torch.bool, device={query}.device)"
    ahead: Size = 0 if layer.causal else (layer.window or 1) - 1
    near = "" if layer.window is None else f".triu({_diagonal(layer.offset + (1 - layer.window), use)})"
    return f"{text}.tril({_diagonal(layer.offset + ahead, use)}){near}"


def _diagonal(size: Size, use: LayerUse) -> str:
    return "" if size == 0 else use.size(size)
