"""Rows of a mixture of experts, whose operators are two by now; see mixtures.py."""

from __future__ import annotations

from typing import Any

from nnspec.importing.from_onnx.builder import Draft, GraphBuilder
from nnspec.importing.from_onnx.mixtures import EXPERTS, MIXTURE
from nnspec.importing.from_onnx.operators.row import row
from nnspec.importing.from_torch.builder import Unsaid, Value
from nnspec.layers.mixture import Mixture


@row(EXPERTS)
def _(b: GraphBuilder, tokens: Any, chosen: Any) -> Any:
    assert b.node is not None
    tokens, chosen = b.tensor(tokens), b.tensor(chosen)
    count = len(b.node.outputs)
    weights = chosen.type.replace(dtype="float")
    (rows,) = Mixture(num_experts=count, expert=None).results(tokens.type, chosen.type, weights)
    return tuple(b.fresh(rows) for _ in range(count))


@row(MIXTURE)
def _(b: GraphBuilder, tokens: Any, chosen: Any, weights: Any, *results: Any) -> Value:
    assert b.node is not None
    given = [b.tensor(each) for each in (tokens, chosen, weights, *results)]
    widths = {each.shape[-1] for each in given[3:]}
    if len(widths) > 1:
        raise Unsaid("its experts give rows of several widths")
    made = b.fresh(given[0].type.with_shape(*given[0].shape[:-1], widths.pop()))
    layer = Mixture(num_experts=len(results), expert=None)
    b.drafts.append(Draft(layer, tuple(each.name for each in given), (made.name,), b.node))
    b.makers[made.name] = b.drafts[-1]  # type: ignore[assignment]
    return made
