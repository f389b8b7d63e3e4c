"""ONNX rows of the convolutions: one operator each, after a Pad where the padding is not of zeros."""

from __future__ import annotations

from nnspec.layers.families.convolution import Conv1d, Conv2d, Conv3d
from nnspec.layers.families.transposed_convolution import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.padding import MODES, onnx_pads, pad
from nnspec.to_onnx.row import LayerUse, row


@row(Conv1d, Conv2d, Conv3d)
def _(layer: Conv2d, use: LayerUse, graph: Graph) -> str:
    input = use.types[0]
    assert input is not None
    windows = layer.windows(input)
    pairs = tuple((window.begin, window.end) for window in windows)
    value = use.inputs[0]
    if layer.padding_mode != "zeros":
        value = pad(graph, value, input.rank, pairs, MODES[layer.padding_mode])
        pairs = ((0, 0),) * layer.dims
    return graph.node(
        "Conv",
        [value, *use.weights.values()],
        kernel_shape=[window.kernel for window in windows],
        strides=[window.stride for window in windows],
        dilations=[window.dilation for window in windows],
        pads=onnx_pads(pairs),
        group=layer.groups,
    )


@row(ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)
def _(layer: ConvTranspose2d, use: LayerUse, graph: Graph) -> str:
    windows = layer.windows()
    # What torch adds at the end is less of the padding that cuts it off, as far as there is any. Where the rest is a
    # stride or more, which onnxruntime refuses, it is what further zeros at the end of the input give.
    kept = [max(window.end - extra, 0) for window, extra in zip(windows, layer.extra(), strict=True)]
    rest = [extra - window.end + end for window, extra, end in zip(windows, layer.extra(), kept, strict=True)]
    zeros = tuple((0, more // window.stride) for more, window in zip(rest, windows, strict=True))
    return graph.node(
        "ConvTranspose",
        [pad(graph, use.inputs[0], use.results[0].rank, zeros), *use.weights.values()],
        kernel_shape=[window.kernel for window in windows],
        strides=[window.stride for window in windows],
        dilations=[window.dilation for window in windows],
        pads=onnx_pads(tuple((window.begin, end) for window, end in zip(windows, kept, strict=True))),
        output_padding=[more % window.stride for more, window in zip(rest, windows, strict=True)],
        group=layer.groups,
    )
