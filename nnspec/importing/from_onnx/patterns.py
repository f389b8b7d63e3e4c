"""`improved`: drafts with what exporters write in several operators as the layer that it is.

Rules are small and build on each other: a norm is recognised without its parameters, then takes the factor behind it,
then what is added. What a rule leaves without use goes.
"""

from __future__ import annotations

from collections.abc import Callable

from nnspec.importing.from_onnx import activations, merging, norms
from nnspec.importing.from_onnx.builder import Draft, GraphBuilder
from nnspec.importing.from_onnx.drafts import Drafts
from nnspec.importing.network import Stored

Rule = Callable[[Drafts, Draft], Draft | None]
RULES: dict[str, tuple[Rule, ...]] = {
    "Add": (merging.bias, merging.shifted_norm, norms.shifted),
    "Multiply": (
        activations.gated,
        activations.gelu,
        norms.root_mean,
        norms.layer_norm,
        merging.scaled_norm,
        norms.scaled,
    ),
    "Divide": (activations.hard_swish, norms.layer_norm, norms.root_mean),
    "Flatten": (norms.group,),
    "Unflatten": (norms.group, merging.rows),
    "Reshape": (norms.group, merging.rows),
    "MatMul": (merging.attention,),
}


def improved(builder: GraphBuilder, outputs: set[str]) -> list[Draft]:
    """The drafts of a builder, improved; `outputs` are the values that must stay."""
    drafts = Drafts(builder, outputs)
    for place in range(len(builder.drafts)):
        while True:
            draft = drafts.at(place)
            if draft is None or isinstance(draft.layer, Stored):
                break
            found = next((made for rule in RULES.get(draft.layer.kind, ()) if (made := rule(drafts, draft))), None)
            if found is None:
                break
            drafts.put(place, found)
    return drafts.kept()
