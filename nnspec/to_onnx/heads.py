"""The last product of a model of sequences, such as the scores of all words, is written where the caller finds it.

A Gemm makes a matrix, and the Reshape behind it would copy what is the largest tensor of a language model. MatMul takes
further dimensions; the weight that it wants transposed stays as it is in the file, so that it can be the table of the
tokens too, and onnxruntime takes the Transpose into the product.
"""

from __future__ import annotations

from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.node import Node


def write_heads(graph: Graph) -> None:
    """Replace products that are outputs, in place."""
    producers = {name: node for node in graph.nodes for name in node.outputs}
    for output in graph.outputs:
        last = producers.get(output)
        product = producers.get(last.inputs[0]) if last is not None and last.op == "Reshape" else None
        rows = producers.get(product.inputs[0]) if product is not None and product.op == "Gemm" else None
        if last is None or product is None or rows is None or rows.op != "Reshape":
            continue
        if not rows.path == product.path == last.path:  # shapes of the spec's own
            continue
        if product.attributes == {"transB": 1} and graph.uses()[product.outputs[0]] == 1:
            place = graph.nodes.index(last)
            graph.nodes[place : place + 1] = _head(graph, rows.inputs[0], product, last)
    graph.prune()


def _head(graph: Graph, given: str, product: Node, last: Node) -> list[Node]:
    """`given @ weight.T + bias` of any rank, under the names of the product and of the output."""
    weight, *bias = product.inputs[1:]
    before, graph.nodes = graph.nodes, []
    with graph.within(product):
        scores = graph.node("MatMul", [given, graph.node("Transpose", [weight], perm=[1, 0])])
        if bias:
            graph.node("Add", [scores, *bias])
    nodes, graph.nodes = graph.nodes, before
    nodes[-1].outputs = last.outputs
    return nodes
