"""`fades`: whether minus infinity in a tensor only becomes a weight of zero, so that the lowest float may stand for it.

Scores of what is not to be attended to are set to minus infinity before a softmax. A spec holds no infinity; the lowest
number of float32 gives the same weights, but where all scores of a row are masked, which torch makes NaN. The greatest
of them is the same, too, where one is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch.fx import Node

LOWEST = -3.4028234663852886e38
_ENDS = frozenset("softmax _softmax exp sigmoid logsumexp argmax amax scaled_dot_product_attention".split())
_GOES_ON = frozenset(
    "add where masked_fill triu tril expand unsqueeze squeeze view reshape permute transpose slice select to _to_copy "
    "clone contiguous detach detach_ alias cat repeat type_as float lift_fresh_copy lift_fresh scatter copy_ "
    "masked_fill_ add_ triu_ tril_ maximum".split()
)


def operator_of(node: Node) -> str:
    """The name of the operator of ATen that a node calls, without overload; nothing for others."""
    schema = getattr(node.target, "_schema", None)
    return "" if schema is None else str(schema.name).removeprefix("aten::")


def fades(node: Node, known: Mapping[Node, bool] | None = None) -> bool:
    """Whether all that comes of minus infinity in the result of a node are zeros, or an order in which it is last."""
    found = dict(known or {})
    if node in found:
        return found[node]
    found[node] = True
    users = list(node.users)
    return bool(users) and all(_user_fades(user, node, found) for user in users)


def _user_fades(user: Node, node: Node, known: Mapping[Node, bool]) -> bool:
    name = operator_of(user)
    if name == "scaled_dot_product_attention":
        return node not in user.args[:3]
    if name == "nnspec::apply":  # attention of several heads, whose last two inputs are masks
        inputs: Any = user.args[0]
        return node not in inputs[:3]
    if name == "max":
        return len(user.args) > 1  # of the scores of a row, of which one is left
    if name == "topk":  # only the order counts
        return all(each.args[1] == 1 or not each.users for each in user.users)
    if name == "div":
        return user.args[0] is node and not isinstance(user.args[1], Node) and fades(user, known)
    return name in _ENDS or (name in _GOES_ON and fades(user, known))
