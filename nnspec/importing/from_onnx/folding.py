"""`folded`: the results of a node whose inputs are all known: by numpy where sizes may be symbols, else by onnx."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper
from onnx.reference import ReferenceEvaluator

from nnspec.dims import Expression, Size, Undecidable, bounds, equal, exact_divide
from nnspec.importing.from_onnx.known import Known, of_sizes
from nnspec.importing.from_onnx.node import Node
from nnspec.weights.arrays import Array

RANDOM = frozenset(
    "RandomNormal RandomNormalLike RandomUniform RandomUniformLike Bernoulli Multinomial Dropout".split()
)
SEQUENCES = frozenset("SequenceConstruct SequenceEmpty SplitToSequence".split())  # what they give is no tensor
FILLED = 16  # elements from which on a tensor of one number is held to be a weight
LARGE = 1 << 28  # elements of a result that is not computed


TEXTS = "OSU"  # the kinds of arrays of texts


class NotFolded(Exception):
    """A node cannot be computed here."""


def folded(node: Node, inputs: Sequence[Known | None], opset: int) -> list[Known] | None:
    """The results of a node; None where they are not known."""
    if node.operator in RANDOM | SEQUENCES or not all(isinstance(each, Known) or each is None for each in inputs):
        return None
    stored = [each for each in inputs if each is not None and each.stored and each.array.dtype.kind == "f"]
    if node.operator == "DequantizeLinear" and inputs[0] is not None:
        stored, name = [inputs[0]], inputs[0].name.removesuffix("_quantized")
    else:
        name = stored[0].name if len(stored) == 1 else node.outputs[0]
    try:
        arrays = _arrays(node, inputs, opset)
    except (NotFolded, Undecidable):
        return None
    filled = node.operator == "ConstantOfShape" and arrays[0].size > FILLED
    return [Known(each, name, bool(stored) or filled) for each in arrays]


def _arrays(node: Node, inputs: Sequence[Known | None], opset: int) -> list[Array]:
    if node.operator == "Constant":
        made = np.asarray(_constant(node))
        if made.dtype.kind in TEXTS:
            raise NotFolded
        return [made]
    if node.operator == "ConstantOfShape":
        sizes = inputs[0].sizes()  # type: ignore[union-attr]
        if any(isinstance(each, Expression) for each in sizes):
            raise NotFolded
        value = node.attributes.get("value", np.zeros(1, np.float32))
        return [np.broadcast_to(value.reshape(()), sizes)]  # type: ignore[arg-type]
    if not inputs:
        raise NotFolded
    if any(each is not None and each.symbolic for each in inputs):
        function = SYMBOLIC.get(node.operator)
        if function is None:
            raise NotFolded
        arguments = [None if each is None else each.array for each in inputs]
        try:
            made = function(*arguments, **node.attributes)
        except (TypeError, ValueError, IndexError):
            raise NotFolded from None
        return [of_sizes(each) for each in (made if isinstance(made, list) else [made])]
    if node.operator == "Transpose":  # a view: weights that are one array stay so
        return [np.transpose(inputs[0].array, node.attributes.get("perm"))]  # type: ignore[union-attr]
    if node.operator == "Identity":
        return [inputs[0].array]  # type: ignore[union-attr]
    return _by_onnx(node, [None if each is None else each.array for each in inputs], opset)


def _constant(node: Node) -> Array:
    for name, value in node.attributes.items():
        if name == "value":
            return value  # type: ignore[no-any-return]
        if name in ("value_float", "value_floats"):
            return np.array(value, np.float32)
        if name in ("value_int", "value_ints"):
            return np.array(value, np.int64)
    raise NotFolded


def _by_onnx(node: Node, arrays: Sequence[Array | None], opset: int) -> list[Array]:
    names = [name for name, each in zip(node.inputs, arrays, strict=True) if each is not None]
    if sum(each.size for each in arrays if each is not None) > LARGE:
        raise NotFolded
    ports = [helper.make_tensor_value_info(name, onnx.TensorProto.UNDEFINED, None) for name in dict.fromkeys(names)]
    outputs = [helper.make_tensor_value_info(name, onnx.TensorProto.UNDEFINED, None) for name in node.outputs if name]
    graph = helper.make_graph([node.proto], "one", ports, outputs)
    given = {name: each for name, each in zip(node.inputs, arrays, strict=True) if each is not None}
    found = None
    for version in (
        opset,
        onnx.defs.onnx_opset_version(),
    ):  # the reference knows some operators in their last form only
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)])
        try:
            found = ReferenceEvaluator(model).run(None, given)
            break
        except Exception:
            continue
    if found is None:
        raise NotFolded
    made = iter(found)
    results = [np.asarray(next(made)) if name else np.zeros(0) for name in node.outputs]
    if any(each.dtype.kind in TEXTS for each in results):
        raise NotFolded
    return results


# --- on arrays of sizes


def _gather(data: Array, indices: Array, axis: int = 0) -> Any:
    return np.take(data, indices.astype(np.int64), axis)


def _slice(data: Array, starts: Array, ends: Array, axes: Array | None = None, steps: Array | None = None) -> Any:
    if data.ndim != 1 or len(starts) != 1:
        raise NotFolded
    return data[int(starts[0]) : int(ends[0]) : 1 if steps is None else int(steps[0])]


def _concat(*parts: Array, axis: int = 0) -> Any:
    return np.concatenate([each.astype(object) for each in parts], axis)


def _unsqueeze(data: Array, axes: Any = None) -> Any:
    return np.expand_dims(data, tuple(int(each) for each in np.asarray(axes).reshape(-1)))


def _squeeze(data: Array, axes: Any = None) -> Any:
    return np.squeeze(data, None if axes is None else tuple(int(each) for each in np.asarray(axes).reshape(-1)))


def _reshape(data: Array, shape: Array, allowzero: int = 0) -> Any:
    return data.reshape(tuple(int(each) for each in shape))


def _cast(data: Array, to: int, **_: Any) -> Any:
    if to == onnx.TensorProto.BOOL:
        raise NotFolded
    return data


def _divide(left: Array, right: Array) -> Any:
    def one(a: Size, b: Size) -> Size:
        if isinstance(b, float):
            b = int(b) if float(b).is_integer() else b
        if isinstance(b, (int, np.integer)) and not isinstance(a, float):
            return a // int(b)
        return exact_divide(a, b)

    return np.frompyfunc(one, 2, 1)(left, right)


def _scaled(left: Any, right: Any) -> Any:
    """A product; a factor that is no whole number leaves no size."""
    for each in (left, right):
        if isinstance(each, float) and not each.is_integer():
            raise NotFolded
    return _number(left) * _number(right)


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, (float, np.number)) and float(value).is_integer() else value


def _pairwise(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda left, right, **_: np.frompyfunc(lambda a, b: function(_number(a), _number(b)), 2, 1)(left, right)


def _decided(compare: Callable[[Size, Size], bool | None]) -> Callable[..., Any]:
    def one(a: Any, b: Any) -> bool:
        found = compare(_number(a), _number(b))
        if found is None:
            raise NotFolded
        return found

    return lambda left, right: np.frompyfunc(one, 2, 1)(left, right)


def _less(a: Size, b: Size) -> bool | None:
    low, high = bounds(b - a)
    return True if low > 0 else False if high is not None and high <= 0 else None


def _least(a: Size, b: Size) -> Size:
    found = _less(b, a)
    if found is None:
        raise NotFolded
    return b if found else a


def _greatest(a: Size, b: Size) -> Size:
    found = _less(a, b)
    if found is None:
        raise NotFolded
    return b if found else a


def _where(condition: Array, left: Array, right: Array) -> Any:
    return np.where(condition.astype(bool), left.astype(object), right.astype(object))


def _total(data: Array, axes: Any = None, keepdims: int = 1, **_: Any) -> Any:
    return np.sum(data.astype(object), keepdims=bool(keepdims))


def _product(data: Array, axes: Any = None, keepdims: int = 1, **_: Any) -> Any:
    return np.prod(data.astype(object), keepdims=bool(keepdims))


def _split(data: Array, split: Any = None, axis: int = 0, num_outputs: int | None = None) -> Any:
    if data.ndim != 1:
        raise NotFolded
    sizes = (
        [int(each) for each in split] if split is not None else [len(data) // (num_outputs or 1)] * (num_outputs or 1)
    )
    return [*np.split(data, np.cumsum(sizes)[:-1])]


SYMBOLIC: dict[str, Callable[..., Any]] = {
    "Identity": lambda data: data,
    "Gather": _gather,
    "Slice": _slice,
    "Concat": _concat,
    "Unsqueeze": _unsqueeze,
    "Squeeze": _squeeze,
    "Reshape": _reshape,
    "Flatten": lambda data, axis=1: data.reshape(1, -1),
    "Cast": _cast,
    "Floor": lambda data: data,
    "Ceil": lambda data: data,
    "Round": lambda data: data,
    "Add": _pairwise(lambda a, b: a + b),
    "Sub": _pairwise(lambda a, b: a - b),
    "Mul": _pairwise(_scaled),
    "Div": _divide,
    "Mod": _pairwise(lambda a, b: a % b),
    "Neg": lambda data: -data,
    "Min": _pairwise(_least),
    "Max": _pairwise(_greatest),
    "Equal": _decided(equal),
    "Less": _decided(_less),
    "Greater": _decided(lambda a, b: _less(b, a)),
    "Where": _where,
    "ReduceSum": _total,
    "ReduceProd": _product,
    "Split": _split,
}
