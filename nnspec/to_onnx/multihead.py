"""The projections and masks of attention with several heads in ONNX operators, which its layers share."""

from __future__ import annotations

from collections.abc import Mapping

from nnspec.dims import Size
from nnspec.layers.multihead import Multihead
from nnspec.layers.tensor_type import TensorType, number
from nnspec.to_onnx.attention import Heads, Masks
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.linear import linear
from nnspec.to_onnx.row import LayerUse


def projected(sources: Mapping[int, str], features: int, layer: Multihead, use: LayerUse, graph: Graph) -> list[str]:
    """The heads of some of query (0), key (1) and value (2), [N, heads, T, d] each, from what they are made of.

    What has one source is one matrix product.
    """
    types = dict(zip(use.inputs, use.types, strict=False))
    turned = {name: _batch_first(name, types[name], layer, graph) for name in sources.values()}
    runs: list[list[int]] = []
    for index, name in sources.items():
        if runs and sources[runs[-1][0]] == name and "in_proj_weight" in use.weights:
            runs[-1].append(index)
        else:
            runs.append([index])
    made: list[str] = []
    for run in runs:
        bias = _bias(run, features, use, graph) if layer.bias else ""
        product = linear(*turned[sources[run[0]]], _weight(run, features, use, graph), bias, graph)
        many = len(run)
        made += graph.nodes_out("Split", [product], many, axis=2, num_outputs=many) if many > 1 else [product]
    return [_heads(name, layer.num_heads, features // layer.num_heads, graph) for name in made]


def joined(heads: str, layer: Multihead, use: LayerUse, graph: Graph) -> str:
    """The result of all heads, [N, heads, T, d], projected to [N, T, D]."""
    merged = graph.node("Transpose", [heads], perm=[0, 2, 1, 3])
    flat = graph.node("Reshape", [merged, graph.constant([0, 0, number(use.type_of().shape[2], "D")])])
    shape = layer.operands(use.type_of())[0].shape
    out = linear(flat, shape, use.weights["out_proj.weight"], use.weights.get("out_proj.bias", ""), graph)
    return out if layer.batch_first else graph.node("Transpose", [out], perm=[1, 0, 2])


def _batch_first(name: str, given: TensorType | None, layer: Multihead, graph: Graph) -> tuple[str, tuple[Size, ...]]:
    """A source and its shape, [N, T, D]."""
    assert given is not None
    if layer.batch_first:
        return name, given.shape
    time, batch, features = given.shape
    return graph.node("Transpose", [name], perm=[1, 0, 2]), (batch, time, features)


def _heads(name: str, heads: int, size: int, graph: Graph) -> str:
    """[N, T, heads * size] as [N, heads, T, size]."""
    split = graph.node("Reshape", [name, graph.constant([0, 0, heads, size])])
    return graph.node("Transpose", [split], perm=[0, 2, 1, 3])


def _weight(run: list[int], features: int, use: LayerUse, graph: Graph) -> str:
    """The weight of some of the projections, [n * D, D_in]."""
    packed = use.weights.get("in_proj_weight")
    if packed is None:
        return use.weights[f"{'qkv'[run[0]]}_proj_weight"]
    return packed if len(run) == 3 else _part(packed, run, features, graph)


def _bias(run: list[int], features: int, use: LayerUse, graph: Graph) -> str:
    return use.weights["in_proj_bias"] if len(run) == 3 else _part(use.weights["in_proj_bias"], run, features, graph)


def _part(packed: str, run: list[int], features: int, graph: Graph) -> str:
    """The rows of some of the projections."""
    start, end = run[0] * features, (run[-1] + 1) * features
    shape = (end - start, *graph.initializers[packed].shape[1:])
    return graph.derived(packed, f".{start}:{end}", shape, lambda array: array[start:end])


def torch_masks(use: LayerUse, causal: bool, sizes: Heads, graph: Graph) -> Masks:
    """The masks of torch, which are true where a key may not be seen, for the core."""
    made: dict[str, list[str]] = {"bool": [], "float": []}
    for index in (3, 4):
        given = use.types[index]
        if given is not None:
            made[given.dtype].append(_mask(use.inputs[index], given, index == 3, sizes, graph))
    return Masks(tuple(made["bool"]), tuple(made["float"]), causal)


def _mask(name: str, given: TensorType, padding: bool, sizes: Heads, graph: Graph) -> str:
    """A mask as one that stretches to [N, heads, T, S], true where a key may be seen; made once for all layers."""

    def make() -> str:
        seen = graph.node("Not", [name]) if given.dtype == "bool" else name
        if padding:  # [N, S]
            return graph.node("Unsqueeze", [seen, graph.constant([1, 2])])
        wanted: tuple[Size, ...] = (*sizes.batch, *sizes.heads, sizes.time, sizes.length)
        return graph.reshape(seen, given.shape, wanted) if given.rank == 3 else seen

    return graph.once(("mask", name, padding, sizes.heads), make)
