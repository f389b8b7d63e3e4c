"""Padding as ONNX writes it: all beginnings, then all ends, first dimension first."""

from __future__ import annotations

from nnspec.layers.window import Pairs
from nnspec.to_onnx.graph import Graph

# torch's names of the ways to pad -> those of the operator Pad
MODES = {"constant": "constant", "zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def onnx_pads(pairs: Pairs) -> list[int]:
    """The attribute `pads` of windows."""
    return [begin for begin, _ in pairs] + [end for _, end in pairs]


def pad(graph: Graph, value: str, rank: int, pairs: Pairs, mode: str = "constant", fill: str = "") -> str:
    """Pad the last dimensions; nothing is added where there is nothing to pad. `fill` is a scalar constant's name."""
    if not any(map(any, pairs)):
        return value
    whole = ((0, 0),) * (rank - len(pairs)) + pairs
    return graph.node("Pad", [value, graph.constant(onnx_pads(whole)), fill], mode=mode)
