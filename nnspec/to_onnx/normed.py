"""Weight norm and spectral norm in ONNX: inference has the weight that they compute, made when it is written."""

from __future__ import annotations

from nnspec.layers.normed import STORED, Normed
from nnspec.to_onnx.graph import Graph
from nnspec.weights.arrays import Array
from nnspec.weights.normed import spectral_normed, weight_normed


def computed(layer: Normed, stored: dict[str, str], graph: Graph) -> dict[str, str]:
    """The initializers of the weight and the bias, from those of what the layer stores."""
    if layer.norm is None:
        return stored
    weight = _weight_normed(layer, stored, graph) if layer.norm == "weight" else _spectral(layer, stored, graph)
    return {"weight": weight} | {name: key for name, key in stored.items() if name == "bias"}


def _weight_normed(layer: Normed, stored: dict[str, str], graph: Graph) -> str:
    direction, wanted = stored[f"{STORED}original1"], graph.initializers[stored[f"{STORED}original0"]]
    shape = graph.initializers[direction].shape

    def make(array: Array) -> Array:
        return weight_normed(wanted.make(), array, layer.norm_dim)

    made = graph.derived(direction, ".normed", shape, make)
    return graph.stand_for(made, direction.removesuffix(f"{STORED}original1") + "weight")


def _spectral(layer: Normed, stored: dict[str, str], graph: Graph) -> str:
    given = stored[f"{STORED}original"]
    left, right = (graph.initializers[stored[f"{STORED}0.{name}"]] for name in ("_u", "_v"))

    def make(array: Array) -> Array:
        return spectral_normed(array, left.make(), right.make(), layer.rows_dim)

    made = graph.derived(given, ".normed", graph.initializers[given].shape, make)
    return graph.stand_for(made, given.removesuffix(f"{STORED}original") + "weight")
