"""A mixture of experts in PyTorch: the tokens in the order of their experts, so that each expert runs once."""

from __future__ import annotations

# The choice is read on the host, as a list of lengths: torch.compile would compile anew for each, and lets it be.
MIXTURE = '''\
@torch.compiler.disable
def mixture(experts, x, chosen, weights):
    """The weighted sum of what the chosen experts make of each token; an expert runs once, over all of its tokens."""
    pairs = chosen.flatten()
    order = pairs.argsort(stable=True)
    counts = pairs.bincount(minlength=len(experts)).tolist()
    rows = x.flatten(0, -2).index_select(0, order // chosen.shape[-1]).split(counts)
    # experts without tokens are left out; where gradients are taken, theirs are zero
    every = torch.is_grad_enabled() or not pairs.numel()
    found = torch.cat([expert(x) for expert, x in zip(experts, rows, strict=True) if every or len(x)])
    found = found.index_select(0, order.argsort()).unflatten(0, chosen.shape)
    return (weights.unsqueeze(-2) @ found).squeeze(-2)
'''
