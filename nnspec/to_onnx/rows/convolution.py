"""ONNX rows of the convolutions: one operator each, after a Pad where the padding is not of zeros."""

from __future__ import annotations

from nnspec.layers.families.convolution import Conv1d, Conv2d, Conv3d
from nnspec.layers.families.transposed_convolution import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.padding import MODES, onnx_pads, pad
from nnspec.to_onnx.row import Call, row


@row(Conv1d, Conv2d, Conv3d)
def _(layer: Conv2d, call: Call, graph: Graph) -> str:
    input = call.types[0]
    assert input is not None
    windows = layer.windows(input)
    pairs = tuple((window.begin, window.end) for window in windows)
    value = call.inputs[0]
    if layer.padding_mode != "zeros":
        value = pad(graph, value, input.rank, pairs, MODES[layer.padding_mode])
        pairs = ((0, 0),) * layer.dims
    return graph.node(
        "Conv",
        [value, *call.weights.values()],
        kernel_shape=[window.kernel for window in windows],
        strides=[window.stride for window in windows],
        dilations=[window.dilation for window in windows],
        pads=onnx_pads(pairs),
        group=layer.groups,
    )


@row(ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)
def _(layer: ConvTranspose2d, call: Call, graph: Graph) -> str:
    windows = layer.windows()
    return graph.node(
        "ConvTranspose",
        [call.inputs[0], *call.weights.values()],
        kernel_shape=[window.kernel for window in windows],
        strides=[window.stride for window in windows],
        dilations=[window.dilation for window in windows],
        pads=onnx_pads(tuple((window.begin, window.end) for window in windows)),
        output_padding=list(layer.extra()),
        group=layer.groups,
    )
