"""ONNX rows of the layers that make a value as large as another one; sizes are read from the graph's inputs."""

from __future__ import annotations

from nnspec.layers.families.fitting import CenterCrop, PadTo
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import AxisSlice, cut
from nnspec.to_onnx.row import LayerUse, row


@row(CenterCrop)
def _(layer: CenterCrop, use: LayerUse, graph: Graph) -> str:
    input, like = use.types
    assert input is not None
    cuts = [
        AxisSlice(dim, begin, begin + want)
        for dim, (begin, want) in enumerate(layer.crops(input, like), start=2)
        if want != input.shape[dim]
    ]
    return cut(use.inputs[0], cuts, graph)


@row(PadTo)
def _(layer: PadTo, use: LayerUse, graph: Graph) -> str:
    input = use.types[0]
    assert input is not None
    if use.results[0] == input:
        return use.inputs[0]
    missing = [want - have for have, want in zip(input.shape, use.results[0].shape, strict=True)]
    begins = [size // 2 for size in missing]
    ends = [size - begin for size, begin in zip(missing, begins, strict=True)]
    return graph.node("Pad", [use.inputs[0], graph.shape([*begins, *ends])])
