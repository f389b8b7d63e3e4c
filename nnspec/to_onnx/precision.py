"""16-bit models: which operators compute in 16 bits, and the casts between them and those that keep 32.

The rule is that of mixed-precision training: products and convolutions take 16 bits, what sums or exponentiates keeps
32, and the others do as their inputs do. What is made from constants alone, and what becomes an angle, is exact, too:
it keeps 32 bits until it meets 16. Inputs and outputs of the model stay float32. On onnxruntime's processor,
which has no bfloat16 kernels, bfloat16 is a way of storing the weights only: everything computes in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import onnx
from ml_dtypes import bfloat16, finfo
from onnx import helper

from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.node import Initializer, Node, Use
from nnspec.to_onnx.proto import SMALL, Description, is_large, outline, with_inputs
from nnspec.weights.arrays import Array

HALVES: dict[str, Any] = {"float16": np.dtype(np.float16), "bfloat16": np.dtype(bfloat16)}

# Operators that keep 32 bits: sums over many elements, powers, logarithms, angles, places in a picture; bodies that are
# applied again and again; and those that ONNX (Einsum, TopK) or onnxruntime (ScatterElements) has not in all 16 bits.
# Softmax and the normalisations with a scale sum in 32 bits by themselves.
SINGLE = frozenset({
    "Cos", "CumSum", "Einsum", "Exp", "GridSample", "InstanceNormalization", "LRN", "Log", "LogSoftmax",
    "NegativeLogLikelihoodLoss", "Pow", "RandomNormalLike", "RandomUniformLike", "Range", "Reciprocal", "ReduceL1",
    "ReduceL2", "ReduceLogSumExp", "ReduceMean", "ReduceProd", "ReduceSum", "ReduceSumSquare", "Scan",
    "ScatterElements", "Sin", "Sqrt", "TopK",
})  # fmt: skip
HALF = frozenset({
    "Attention", "Conv", "ConvTranspose", "Gemm", "GRU", "LSTM", "LayerNormalization", "MatMul", "RMSNormalization",
    "RNN",
})  # fmt: skip
ANGULAR = frozenset({"Cos", "Sin", "Tan"})  # what is computed for these keeps 32 bits from where it begins
# Operators that only move elements: of constants that 16 bits hold, they may be in 16 bits from the start.
MOVING = frozenset({"Concat", "Expand", "Gather", "Reshape", "Slice", "Squeeze", "Tile", "Transpose", "Unsqueeze"})
_ALWAYS_SINGLE = {"Resize": (1, 2)}  # inputs that the operator takes in float32 only

Kind = Literal["single", "half"]


def in_half_precision(graph: Graph, opset: int, half: Any, computing: bool) -> None:
    """Store the weights of a graph in 16 bits, in place, and compute in them too if asked.

    Args:
        graph: the graph, folded.
        opset: the version of the operators, which infers the types of the values.
        half: NumPy's type of 16 bits.
        computing: whether operators take 16 bits; all keep 32 if not.
    """
    _Halving(graph, _floats(graph, opset), half, computing).apply()


def _floats(graph: Graph, opset: int) -> set[str]:
    """The tensors of type float32."""
    model = with_inputs(outline(graph, opset, Description("types")), graph)
    inferred = onnx.shape_inference.infer_shapes(model).graph
    values = [*inferred.value_info, *inferred.input, *inferred.output]
    found = {value.name for value in values if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT}
    return found | {name for name, value in graph.initializers.items() if value.dtype == np.float32}


def _angles(graph: Graph) -> set[str]:
    """The values of which sines and cosines are taken, and what they are computed from."""
    found: set[str] = set()
    for node in reversed(graph.nodes):
        if node.op in ANGULAR or (node.op not in HALF and not found.isdisjoint(node.outputs)):
            found.update(node.inputs)
    return found


class _Halving:
    def __init__(self, graph: Graph, floats: set[str], half: Any, computing: bool) -> None:
        self.graph = graph
        self.floats = floats
        self.half = half
        self.computing = computing
        self.homes: dict[str, Kind] = {}  # of the floating-point values: the type in which they are made
        self.made = graph.constants & floats  # from constants alone
        self.angles = _angles(graph)
        self.versions: dict[tuple[str, Kind], str] = {}
        self.nodes: list[Node] = []
        self.blocks: tuple[Use, ...] = ()  # of the blocks that the node is in

    def apply(self) -> None:
        for name in self.floats & self.graph.inputs.keys():
            self.homes[name] = "single"
        for node in self.graph.nodes:
            self._node(node)
        self.graph.nodes = self.nodes
        self._store()

    def _node(self, node: Node) -> None:
        self.blocks = node.blocks
        kind = self._kind(node)
        exact = kind == "single" and node.op != "Cast" and node.body is None and self._is_made(node)
        fixed = {node.inputs[i] for i in _ALWAYS_SINGLE.get(node.op, ()) if i < len(node.inputs)}
        read = [name for name in dict.fromkeys(node.reads()) if name in self.floats]
        node.rename({name: self._version(name, "single" if name in fixed else kind) for name in read})
        self.nodes.append(node)
        for index, name in enumerate(node.outputs):
            if name in self.floats:
                self.homes[name] = kind
                if exact:
                    self.made.add(name)
                if name in self.graph.outputs and kind == "half":
                    node.outputs[index] = self._as_output(name)

    def _kind(self, node: Node) -> Kind:
        """In which type a node computes."""
        if not self.computing or node.single or node.op in SINGLE or node.op == "Cast" or node.body is not None:
            return "single"
        if node.op in HALF:
            return "half"
        square = node.op == "Mul" and len(set(node.inputs)) == 1
        if square or not self.angles.isdisjoint(node.outputs) or self._is_made(node):
            return "single"
        if any(map(self._vanishes, node.inputs)):
            return "single"
        gives = not self.floats.isdisjoint(node.outputs)  # a shape, or a comparison, is no reason to cast an input
        read = [name for name in node.reads() if name in self.homes and name not in self.made]
        read = [name for name in read if not (gives and name in self.graph.inputs)]
        return "single" if any(self.homes[name] == "single" for name in read) else "half"

    def _is_made(self, node: Node) -> bool:
        """Whether a node computes from constants alone, and not the same in 16 bits."""
        read = [name for name in node.reads() if name in self.floats]
        if not read or not all(name in self.made for name in read):
            return False
        return node.op not in MOVING or not all(map(self._fits, read))

    def _fits(self, name: str) -> bool:
        """Whether a value is a constant that 16 bits hold."""
        value = self.graph.initializers.get(name)
        array = value.make() if value is not None else None
        with np.errstate(over="ignore"):
            return array is not None and bool(np.array_equal(array.astype(self.half).astype(array.dtype), array))

    def _vanishes(self, name: str) -> bool:
        """Whether a value is a number that is zero in 16 bits, and keeps a divisor from being that."""
        value = self.graph.initializers.get(name) if name in self.made else None
        array = value.make() if value is not None and value.shape in ((), (1,)) else None
        with np.errstate(over="ignore"):
            return array is not None and bool(array.any()) and not array.astype(self.half).any()

    def _as_output(self, name: str) -> str:
        """The name under which an output of the model is made in 16 bits, before it is cast."""
        made = self._fresh(name, "half")
        self.versions[name, "half"] = made
        self.nodes.append(
            Node("Cast", [made], [name], {"to": onnx.TensorProto.FLOAT}, self._cast_of(name), blocks=self.blocks)
        )
        self.homes[name] = "single"
        return made

    def _version(self, name: str, kind: Kind) -> str:
        """A value in one of the types, cast where it is made in the other; weights are taken care of at the end."""
        if name in self.graph.initializers:
            return self._weight(name, kind)
        if self.homes.get(name, "single") == kind:
            return name
        return self._cast(name, kind)

    def _cast(self, name: str, kind: Kind) -> str:
        if (name, kind) not in self.versions:
            made = self._fresh(name, kind)
            to = onnx.TensorProto.FLOAT if kind == "single" else helper.np_dtype_to_tensor_dtype(self.half)
            blocks = () if name in self.graph.initializers else self.blocks
            self.nodes.append(Node("Cast", [name], [made], {"to": to}, self._cast_of(name), blocks=blocks))
            self.versions[name, kind] = made
        return self.versions[name, kind]

    def _weight(self, name: str, kind: Kind) -> str:
        """A large weight is stored in 16 bits, and cast where 32 are asked for; a small one is exact in 32."""
        if is_large(self.graph.initializers[name]):
            self.versions.setdefault((name, "half"), name)
            return name if kind == "half" else self._cast(name, "single")
        if kind == "single":
            return name
        if (name, "half") not in self.versions:
            self.versions[name, "half"] = self._fresh(name, "half")
        return self.versions[name, "half"]

    def _cast_of(self, name: str) -> str:
        """The name of a node that casts a value."""
        self.graph.scope = ""
        return self.graph.fresh(f"{name}.Cast")

    def _fresh(self, name: str, kind: Kind) -> str:
        self.graph.scope = ""
        return self.graph.fresh(f"{name}.{'float32' if kind == 'single' else self.half.name}")

    def _store(self) -> None:
        """Make the arrays of the weights that are read in 16 bits."""
        for (name, kind), version in self.versions.items():
            value = self.graph.initializers.get(name)
            if kind == "half" and value is not None:
                if version != name:
                    self.graph.stand_for(version, name)
                self.graph.initializers[version] = Initializer(value.shape, self.half, _halved(value.make, self.half))
        self.graph.prune()


def _halved(make: Callable[[], Array], half: Any) -> Callable[[], Array]:
    """The array in 16 bits; a constant beyond their range is half of their largest number, which masks as well."""
    largest = float(finfo(half).max)  # type: ignore[no-untyped-call]

    def halved() -> Array:
        array = make()
        if array.nbytes < SMALL:
            beyond = np.isfinite(array) & (np.abs(array) > largest)
            array = np.where(beyond, np.copysign(np.float32(largest / 2), array), array)
        return array.astype(half)

    return halved
