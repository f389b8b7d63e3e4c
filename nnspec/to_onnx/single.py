"""Single samples: ONNX's operators take batches only, so the dimension of samples is put before them and taken out."""

from __future__ import annotations

from nnspec.layers.base import Layer
from nnspec.layers.batched import Batched
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import ROWS, LayerUse


def as_batch(layer: Layer, use: LayerUse, graph: Graph) -> tuple[str, ...]:
    """The results of a layer for a single sample; none where it gets a batch."""
    if not isinstance(layer, Batched) or not layer.single(*use.types):
        return ()
    of_inputs, of_results = layer.sample_dims(*use.types)
    inputs = tuple(
        graph.node("Unsqueeze", [name, graph.constant([dim])]) if name and dim is not None else name
        for name, dim in zip(use.inputs, of_inputs, strict=True)
    )
    types, results = layer.in_batches(use.types, use.results)
    made = ROWS[type(layer)](layer, LayerUse(inputs, types, results, use.weights, use.opset), graph)
    names = [made] if isinstance(made, str) else made
    squeezed = zip(names, of_results, strict=True)
    return tuple(graph.node("Squeeze", [name, graph.constant([dim])]) for name, dim in squeezed)
