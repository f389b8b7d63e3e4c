"""ONNX rows of the layers that make a value as large as another one; sizes are read from the graph's inputs."""

from __future__ import annotations

from nnspec.layers.families.fitting import CenterCrop, PadTo
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import AxisSlice, cut
from nnspec.to_onnx.row import Call, row


@row(CenterCrop)
def _(layer: CenterCrop, call: Call, graph: Graph) -> str:
    input, like = call.types
    assert input is not None
    cuts = [
        AxisSlice(dim, begin, begin + want)
        for dim, (begin, want) in enumerate(layer.crops(input, like), start=2)
        if want != input.shape[dim]
    ]
    return cut(call.inputs[0], cuts, graph)


@row(PadTo)
def _(layer: PadTo, call: Call, graph: Graph) -> str:
    input = call.types[0]
    assert input is not None
    if call.results[0] == input:
        return call.inputs[0]
    missing = [want - have for have, want in zip(input.shape, call.results[0].shape, strict=True)]
    begins = [size // 2 for size in missing]
    ends = [size - begin for size, begin in zip(missing, begins, strict=True)]
    return graph.node("Pad", [call.inputs[0], graph.shape([*begins, *ends])])
