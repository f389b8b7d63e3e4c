"""The product with a weight that PyTorch stores transposed, as the operator Gemm.

Gemm takes the weight as it is stored, so that nothing is transposed when a model is written or opened, and a weight
that is tied to an embedding stays one initializer. It multiplies matrices: further dimensions become rows for it.
"""

from __future__ import annotations

from nnspec.dims import Size, product
from nnspec.to_onnx.graph import Graph


def linear(name: str, given: tuple[Size, ...], weight: str, bias: str, graph: Graph) -> str:
    """`x @ weight.T + bias` for x of the shape `given`, [..., in], and a weight [out, in]; the bias may be ""."""
    *before, features = given
    matrix = (product(before), features)
    rows = name if len(before) == 1 else graph.reshape(name, given, matrix)
    made = graph.node("Gemm", [rows, weight, bias], transB=1)
    outputs = graph.initializers[weight].shape[0]
    return made if len(before) == 1 else graph.reshape(made, (matrix[0], outputs), (*before, outputs))
