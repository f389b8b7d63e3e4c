"""PyTorch row of attention of several heads: torch's own module."""

from __future__ import annotations

from nnspec.layers.families.multihead_attention import MultiheadAttention
from nnspec.to_torch.operands import written
from nnspec.to_torch.row import LayerUse, Submodule, changed, row


@row(MultiheadAttention)
def _(layer: MultiheadAttention, use: LayerUse) -> Submodule:
    types = layer.operands(*use.types)  # type: ignore[arg-type]
    features, keys, values = (given.shape[2] for given in types)
    options = changed(layer, "dropout", "bias")
    if not layer.packed(*types):
        options |= {"kdim": keys, "vdim": values}
    if layer.batch_first:
        options |= {"batch_first": True}
    key = "{1}" if use.types[1] is not None else "{0}"
    value = "{2}" if use.types[2] is not None else key
    masks = [*_padding(use), "need_weights=False", *_masks(layer, use)]
    template = f"{{module}}({written('{0}', key, value, *masks)})[0]"
    return Submodule("nn.MultiheadAttention", (features, layer.num_heads), options, call=template)


def _padding(use: LayerUse) -> list[str]:
    """The argument for keys that are padding."""
    padding = use.types[3]
    if padding is None:
        return []
    return [f"key_padding_mask={'{3}' if padding.dtype == 'float' else _hiding('{3}')}"]


def _masks(layer: MultiheadAttention, use: LayerUse) -> list[str]:
    """The arguments for a mask of the scores."""
    mask = use.types[4]
    if not layer.causal:
        return [] if mask is None else [f"attn_mask={'{4}' if mask.dtype == 'float' else _hiding('{4}')}"]
    time = f"{{0}}.shape[{-2 if layer.batch_first else 0}]"
    if mask is None:
        of = "{3}" if use.types[3] is not None and use.types[3].dtype == "float" else "{0}"  # both of one type
        later = f"nn.Transformer.generate_square_subsequent_mask({time}, {{0}}.device, {of}.dtype)"
        return [f"attn_mask={later}", "is_causal=True"]
    later = f"torch.ones({time}, {time}, dtype=torch.bool, device={{0}}.device).triu(1)"
    both = f"torch.where({later}, -torch.inf, {{4}})" if mask.dtype == "float" else _hiding(f"{{4}} | {later}")
    return [f"attn_mask={both}"]


def _hiding(mask: str) -> str:
    """A mask that is true where a key may not be seen, as numbers to add: with truth values, torch takes a way through
    its code for evaluation that gives NaN where a query sees no key."""
    return f"torch.where({mask}, -torch.inf, {{0}}.new_zeros(()))"
