"""ONNX rows of unfolding and folding.

ONNX has no im2col: a convolution whose kernels each pick one element of the window is one. Its col2im is Col2Im.
"""

from __future__ import annotations

from math import prod

import numpy as np

from nnspec.layers.families.folding import Fold, Unfold, windows_of
from nnspec.layers.tensor_type import LayerError
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.padding import onnx_pads
from nnspec.to_onnx.row import LayerUse, row

COL2IM_OPSET = 18  # brought Col2Im


@row(Unfold)
def _(layer: Unfold, use: LayerUse, graph: Graph) -> str:
    given, windows = use.types[0], windows_of(layer)
    assert given is not None
    kernel = [window.kernel for window in windows]
    channels = given.shape[1]
    assert isinstance(channels, int)
    pick = np.eye(prod(kernel), dtype=np.float32).reshape(-1, 1, *kernel)
    columns = graph.node(
        "Conv",
        [use.inputs[0], graph.constant(np.tile(pick, (channels, 1, 1, 1)))],
        kernel_shape=kernel,
        strides=[window.stride for window in windows],
        dilations=[window.dilation for window in windows],
        pads=onnx_pads(tuple((window.begin, window.end) for window in windows)),
        group=channels,
    )
    image = tuple(window.places(size) for window, size in zip(windows, given.shape[2:], strict=True))
    result = use.results[0].shape
    return graph.reshape(columns, (*result[:2], *image), result)


@row(Fold)
def _(layer: Fold, use: LayerUse, graph: Graph) -> str:
    if use.opset < COL2IM_OPSET:
        message = f"it is an operator of opset {COL2IM_OPSET} or more, and this is {use.opset}"
        raise LayerError(message, help=f"export with --opset {COL2IM_OPSET}, or leave --opset out")
    windows = windows_of(layer)
    return graph.node(
        "Col2Im",
        [
            use.inputs[0],
            graph.shape(use.results[0].shape[2:]),
            graph.constant([window.kernel for window in windows], np.int64),
        ],
        strides=[window.stride for window in windows],
        dilations=[window.dilation for window in windows],
        pads=onnx_pads(tuple((window.begin, window.end) for window in windows)),
    )
