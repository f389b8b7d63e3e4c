"""`decomposed`: an operator without a row of its own, as the graph of those that torch itself takes it apart into.

The rows are of the operators that networks use; the many others, from `outer` to `cdist`, torch defines by them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensor
from torch.fx import Graph, Node
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils import _pytree as pytree

from nnspec.importing.from_torch.fading import operator_of


@cache
def _definitions() -> Any:
    return torch.export.default_decompositions()


def decomposed(node: Node) -> tuple[Graph, list[Node]] | None:
    """The graph of a node's operator, and the nodes that its inputs are; None where torch does not define it by others.

    The nodes of the graph stand where that of the operator does: in the same modules, at the same line of code.
    """
    table = _definitions()
    if node.target not in table:
        return None
    define = table[node.target]
    leaves, form = pytree.tree_flatten((node.args, node.kwargs))
    places = [place for place, leaf in enumerate(leaves) if isinstance(leaf, Node)]
    given = [leaves[place].meta.get("val") for place in places]
    fake = next((each.fake_mode for each in given if isinstance(each, FakeTensor)), None)
    fake = fake or getattr(pytree.tree_leaves(node.meta.get("val"))[0], "fake_mode", None)
    if fake is None:
        return None

    def called(*values: Any) -> Any:
        filled = list(leaves)
        for place, value in zip(places, values, strict=True):
            filled[place] = value
        arguments, named = pytree.tree_unflatten(filled, form)
        return define(*arguments, **named)

    for whole in (True, False):  # whether what it is defined by may be defined by others again
        with fake, torch.no_grad():
            graph = make_fx(called, pre_dispatch=whole)(*given).graph
        graph.eliminate_dead_code()
        if operator_of(node) not in {operator_of(each) for each in graph.nodes}:
            break
    else:
        return None  # torch defines it by itself
    if graph.find_nodes(op="get_attr"):
        return None
    for each in graph.nodes:
        each.meta |= {key: node.meta[key] for key in ("nn_module_stack", "stack_trace") if key in node.meta}
    return graph, [leaves[place] for place in places]
