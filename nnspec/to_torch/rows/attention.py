"""PyTorch rows of attention."""

from __future__ import annotations

from nnspec.dims import Size, equal
from nnspec.layers.families.attention import Attention, MultiheadAttention, groups
from nnspec.to_torch.operands import written
from nnspec.to_torch.row import Call, Submodule, changed, row


@row(Attention)
def _(layer: Attention, call: Call) -> str:
    query, key, value = (str(name) for name in call.inputs[:3])
    alone = all(given is None for given in call.types[3:]) and layer.window is None and layer.offset == 0
    mask = None if alone else _single(layer, call) + _mask(layer, call)
    options = [
        f"attn_mask={mask}" if mask else "",
        f"dropout_p={layer.dropout} if self.training else 0.0" if layer.dropout else "",
        "is_causal=True" if alone and layer.causal else "",
        f"scale={layer.scale}" if layer.scale is not None else "",
        "enable_gqa=True" if groups(call.type_of(0), call.type_of(1)) > 1 else "",
    ]
    return f"F.scaled_dot_product_attention({written(query, key, value, *options)})"


def _single(layer: Attention, call: Call) -> str:
    """Where the queries are the last places of the keys, one that is alone sees all of them, and needs no mask."""
    time, length = call.type_of(0).shape[-2], call.type_of(1).shape[-2]
    only = layer.causal and layer.window is None and not any(call.types[3:])
    return f"None if {call.size(time)} == 1 else " if only and equal(length, layer.offset + time) else ""


def _mask(layer: Attention, call: Call) -> str:
    """All that masks the scores as one tensor: true where a key may be seen, or numbers to add."""
    given = [(call.inputs[i], call.types[i]) for i in (3, 4) if call.types[i] is not None]
    seen = [str(name) for name, type in given if type and type.dtype == "bool"]
    added = " + ".join(str(name) for name, type in given if type and type.dtype == "float")
    if layer.causal or layer.window is not None:
        seen.append(_band(layer, call))
    if not seen:
        return added
    both = " & ".join(seen)
    return f"torch.where({both}, {added}, -torch.inf)" if added else both


def _band(layer: Attention, call: Call) -> str:
    """True near the diagonal."""
    query, length = call.inputs[0], call.type_of(1).shape[-2]
    text = f"torch.ones({call.size(call.type_of(0).shape[-2])}, {call.size(length)}"
    text += f", dtype=torch.bool, device={query}.device)"
    ahead: Size = 0 if layer.causal else (layer.window or 1) - 1
    near = "" if layer.window is None else f".triu({_diagonal(layer.offset + (1 - layer.window), call)})"
    return f"{text}.tril({_diagonal(layer.offset + ahead, call)}){near}"


def _diagonal(size: Size, call: Call) -> str:
    return "" if size == 0 else call.size(size)


@row(MultiheadAttention)
def _(layer: MultiheadAttention, call: Call) -> Submodule:
    types = layer.operands(*call.types)  # type: ignore[arg-type]
    features, keys, values = (given.shape[2] for given in types)
    options = changed(layer, "dropout", "bias")
    if not layer.packed(*types):
        options |= {"kdim": keys, "vdim": values}
    if layer.batch_first:
        options |= {"batch_first": True}
    key = "{1}" if call.types[1] is not None else "{0}"
    value = "{2}" if call.types[2] is not None else key
    masks = [*_padding(call), "need_weights=False", *_masks(layer, call)]
    use = f"{{module}}({written('{0}', key, value, *masks)})[0]"
    return Submodule("nn.MultiheadAttention", (features, layer.num_heads), options, call=use)


def _padding(call: Call) -> list[str]:
    """The argument for keys that are padding."""
    padding = call.types[3]
    if padding is None:
        return []
    return [f"key_padding_mask={'{3}' if padding.dtype == 'float' else _hiding('{3}')}"]


def _masks(layer: MultiheadAttention, call: Call) -> list[str]:
    """The arguments for a mask of the scores."""
    mask = call.types[4]
    if not layer.causal:
        return [] if mask is None else [f"attn_mask={'{4}' if mask.dtype == 'float' else _hiding('{4}')}"]
    time = f"{{0}}.shape[{int(layer.batch_first)}]"
    if mask is None:
        of = "{3}" if call.types[3] is not None and call.types[3].dtype == "float" else "{0}"  # both of one type
        later = f"nn.Transformer.generate_square_subsequent_mask({time}, {{0}}.device, {of}.dtype)"
        return [f"attn_mask={later}", "is_causal=True"]
    later = f"torch.ones({time}, {time}, dtype=torch.bool, device={{0}}.device).triu(1)"
    both = f"torch.where({later}, -torch.inf, {{4}})" if mask.dtype == "float" else _hiding(f"{{4}} | {later}")
    return [f"attn_mask={both}"]


def _hiding(mask: str) -> str:
    """A mask that is true where a key may not be seen, as numbers to add: with truth values, torch takes a way through
    its code for evaluation that gives NaN where a query sees no key."""
    return f"torch.where({mask}, -torch.inf, {{0}}.new_zeros(()))"
