"""One row of the ONNX lowering: the operators a layer becomes.

A row is a function `(layer, call, graph) -> name | tuple of names`, registered under its layer classes:

    @row(Linear)
    def _(layer, call, graph):
        return graph.node("Gemm", [call.inputs[0], call.weights["weight"]], transB=1)

A layer without a row has a reason instead: `no_row("ONNX has no operator for it", CTCLoss)`.

`graph` is the `Graph` of graph.py: `node` adds an operator and returns its output name(s), `constant` an
initializer, `size` and `shape` turn sizes (symbolic ones read the graph's inputs) into int64 tensors. Rows describe
inference: what is only done in training is absent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnspec.arguments import typed
from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import LayerError, TensorType
from nnspec.raised import guarded
from nnspec.record import Record
from nnspec.registration import check_classes, check_row


class LayerUse(Record):
    """One use of a layer, as its row sees it: names of the input tensors, names of its weights, all types."""

    inputs: tuple[str, ...]  # "" for an absent optional input
    types: tuple[TensorType | None, ...]
    results: tuple[TensorType, ...]
    weights: dict[str, str]  # the layer's weight name -> initializer name
    opset: int

    def type_of(self, index: int = 0) -> TensorType:
        """The type of an input that cannot be absent."""
        given = self.types[index]
        if given is None:
            raise ValueError(f"input {index} is absent")
        return given


Row = Callable[[Any, LayerUse, Any], "str | tuple[str, ...]"]
ROWS: dict[type[Layer], Row] = {}
UNSUPPORTED: dict[type[Layer], str] = {}  # layers without a row, with the reason


def row(*layers: type[Layer]) -> Callable[[Row], Row]:
    """Register a row for these layers: a decorator for a function, as this module shows.

    Args:
        layers: their classes.

    Raises:
        SpecError: one is no layer, or the row no function.
    """
    check_classes(layers, Layer, "layer")

    def register(function: Row) -> Row:
        check_row(function, layers)
        own = guarded(function, lambda line: LayerError(f"its row fails: {line}"))
        ROWS.update(dict.fromkeys(layers, own))
        return function

    return register


@typed
def no_row(reason: str, *layers: type[Layer]) -> None:
    """Register the reason why ONNX cannot express these layers: `check` warns of it, and `export` refuses them.

    Args:
        reason: the end of a sentence, such as "ONNX has no operator for it".
        layers: their classes.

    Raises:
        SpecError: one is no layer.
    """
    check_classes(layers, Layer, "layer")
    UNSUPPORTED.update(dict.fromkeys(layers, reason))
