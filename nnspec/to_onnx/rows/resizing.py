"""ONNX rows of the resizings.

onnxruntime's Resize interpolates as torch does, but picks the nearest element by a division that is rounded
otherwise: that is right for whole factors; for others, the elements are gathered by torch's own index.
"""

from __future__ import annotations

import numpy as np

from nnspec.dims import Size, Undecidable, exact_divide
from nnspec.layers.families.resizing import Upsample, UpsamplingBilinear2d, UpsamplingNearest2d
from nnspec.layers.tensor_type import TensorType
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import cast, scalar
from nnspec.to_onnx.row import LayerUse, row


@row(Upsample, UpsamplingNearest2d, UpsamplingBilinear2d)
def _(layer: Upsample, use: LayerUse, graph: Graph) -> str:
    input = use.types[0]
    assert input is not None
    if layer.way().startswith("nearest"):
        return _nearest(layer, use, graph, input)
    scales, sizes = _float_scales(layer, use, graph, input), ""
    if not scales:
        sizes = graph.shape(use.results[0].shape)
    return graph.node(
        "Resize",
        [use.inputs[0], "", scales, sizes],
        mode="cubic" if layer.way() == "bicubic" else "linear",
        cubic_coeff_a=-0.75 if layer.way() == "bicubic" else None,
        coordinate_transformation_mode="align_corners" if layer.corners() else "half_pixel",
    )


def _float_scales(layer: Upsample, use: LayerUse, graph: Graph, input: TensorType) -> str:
    """The factors, nudged so that their products with the sizes are not rounded down to less than torch's."""
    scales = layer.scales(input)
    if scales is None:
        return ""
    nudged = [np.float32(1), np.float32(1)]
    for have, want, scale in zip(input.shape[2:], use.results[0].shape[2:], scales, strict=True):
        factor = np.float32(scale)
        if isinstance(have, int) and isinstance(want, int):
            # onnxruntime takes the product in 32 bits, the inference of older opsets in 64
            while (least := min(int(np.float32(have) * factor), int(have * float(factor)))) != want:
                factor = np.nextafter(factor, np.float32(np.inf if least < want else 0))
        nudged.append(factor)
    return graph.constant(nudged, np.float32)


def _nearest(layer: Upsample, use: LayerUse, graph: Graph, input: TensorType) -> str:
    value, exact = use.inputs[0], layer.way() == "nearest-exact"
    target = use.results[0].shape
    scales = layer.scales(input)
    factors = scales or [_whole_factor(have, want) for have, want in zip(input.shape[2:], target[2:], strict=True)]
    if all(factor and factor == int(factor) for factor in factors):
        return graph.node(
            "Resize",
            [value, "", graph.constant([1, 1, *factors], np.float32)],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
    for dim, scale in enumerate(scales or (None,) * (input.rank - 2), start=2):
        have, want = input.shape[dim], target[dim]
        if scale not in (None, 1) or have != want:
            index = _index(graph, have, want, _step(graph, have, want, scale, exact), exact)
            value = graph.node("Gather", [value, index], axis=dim)
    return value


def _whole_factor(have: Size, want: Size) -> int:
    """The number of times that each element is repeated; 0 where that is no whole number."""
    try:
        factor = exact_divide(want, have)
    except Undecidable:
        return 0
    return factor if isinstance(factor, int) else 0


def _step(graph: Graph, have: Size, want: Size, scale: float | None, exact: bool) -> str:
    """The distance of two elements in the input, as a number without dimensions.

    Where as many or twice as many elements come out, torch's "nearest" takes or doubles each, whatever the factor.
    """
    if scale is not None:
        step = graph.constant(np.float32(1 / scale))
        for times in () if exact else (1, 2):
            if isinstance(have, int) and isinstance(want, int):
                step = graph.constant(np.float32(1 / times)) if want == times * have else step
            elif times < scale < times + 1:
                alike = graph.node("Equal", [scalar(want, "int", graph), scalar(times * have, "int", graph)])
                step = graph.node("Where", [alike, graph.constant(np.float32(1 / times)), step])
        return step
    if isinstance(have, int) and isinstance(want, int):
        return graph.constant(np.float32(have) / np.float32(want))
    lengths = [graph.node("Cast", [graph.node("Squeeze", [graph.size(size)])], to=1) for size in (have, want)]
    return graph.node("Div", lengths)


def _index(graph: Graph, have: Size, want: Size, step: str, exact: bool) -> str:
    """min(floor(place * step), have - 1) for each place; "nearest-exact" counts from the middle of the places."""
    count = graph.node("Range", [graph.constant(0), scalar(want, "int", graph), graph.constant(1)])
    places = cast(count, "int", "float", graph)
    if exact:
        places = graph.node("Add", [places, graph.constant(0.5)])
    index = cast(graph.node("Floor", [graph.node("Mul", [places, step])]), "float", "int", graph)
    return graph.node("Min", [index, graph.size(have - 1)])
