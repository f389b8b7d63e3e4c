"""`dequantised`: a model that computes with whole numbers of 8 bits as one that computes in floats.

A value that a file rounds is held as the float that it stands for, within the bounds that 8 bits give it, and not
rounded; weights are the floats that they stand for. What works on such values otherwise is refused.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper

from nnspec.diagnostics import SpecError
from nnspec.importing.from_onnx.floats.blocks import matrix_of_blocks
from nnspec.importing.from_onnx.floats.rewriter import QUANTISED, Refused, Rewriter, Sum, along, rewrite
from nnspec.importing.from_onnx.mistakes import CannotSayNodes
from nnspec.importing.from_onnx.node import operator_of
from nnspec.weights.arrays import Array

UNROUNDED = "values that the file rounds are not rounded"
ADVICE = "export the model without quantising it"


def dequantised(model: ModelProto, opset: int, path: str) -> tuple[ModelProto, list[str]] | None:
    """The model in floats, and what its user should know of it; None where nothing in it is quantised.

    Raises:
        SpecError: it does with quantised numbers what cannot be said of floats.
    """
    if not any(operator_of(node) in QUANTISED for node in model.graph.node):
        return None
    rewriter = Rewriter(model, opset)
    for node in model.graph.node:
        rewriter.read(node)
    for port in model.graph.output:
        if port.name in rewriter.held:
            rewriter.refused.append(("output", "it gives quantised numbers", port.name))
    if rewriter.refused:
        by_reason: dict[tuple[str, str], list[str]] = {}
        for operator, reason, name in rewriter.refused:
            by_reason.setdefault((operator, reason), []).append(name)
        found = tuple((operator, reason, tuple(names)) for (operator, reason), names in by_reason.items())
        raise SpecError.of(CannotSayNodes(None, path, found, ADVICE))
    return rewriter.model(), ["its quantised weights are held as floats", *rewriter.notes]


def _attributes(node: NodeProto, *without: str) -> dict[str, Any]:
    return {each.name: helper.get_attribute_value(each) for each in node.attribute if each.name not in without}


@rewrite("QuantizeLinear", "com.microsoft.QuantizeLinear")
def _(r: Rewriter, node: NodeProto) -> None:
    if node.input[0] in r.tensors:  # a weight: computed while reading
        r.nodes.append(node)
        return
    type = _attributes(node).get("output_dtype") or TensorProto.UINT8
    r.hold(node.input[0], node.output[0], node.input[1], r.given(node, 2), type)


@rewrite("DequantizeLinear", "com.microsoft.DequantizeLinear")
def _(r: Rewriter, node: NodeProto) -> None:
    if node.input[0] in r.tensors:
        r.emit("Identity", [r.kept(node.input[0], _stored(r, node))], node.output[0])
        return
    if node.input[0] not in r.held:
        plain = NodeProto()
        plain.CopyFrom(node)
        plain.domain = ""
        r.nodes.append(plain)
        return
    r.need_form(node.input[0], node.input[1], r.given(node, 2))
    r.emit("Identity", [node.input[0]], node.output[0])
    if node.input[0] in r.bounds:
        r.bounds[node.output[0]] = r.bounds[node.input[0]]


def _stored(r: Rewriter, node: NodeProto) -> Array:
    """A quantised weight as floats: with one scale, one for each place of an axis, or one for each block of it."""
    number, has = r.array(node.input[0]).astype(np.float32), _attributes(node)
    by = [r.array(node.input[1]), *([r.array(node.input[2])] if r.given(node, 2) else [])]
    axis, size = has.get("axis", 1), has.get("block_size", 0)
    if size:
        parts = [np.repeat(each.astype(np.float32), size, axis) for each in by]
        parts = [each.take(np.arange(number.shape[axis]), axis) for each in parts]
    else:
        parts = [along(each, axis, number.ndim) for each in by]
    return np.asarray((number - parts[1] if len(parts) > 1 else number) * parts[0], np.float32)


@rewrite("DynamicQuantizeLinear")
def _(r: Rewriter, node: NodeProto) -> None:
    r.emit("Identity", [node.input[0]], node.output[0])
    r.held[node.output[0]] = None
    r.notes[UNROUNDED] = None
    r.scales[node.output[1]] = np.ones((), np.float32)


@rewrite("MatMulInteger", "ConvInteger")
def _(r: Rewriter, node: NodeProto) -> None:
    value, weight, zero = node.input[0], node.input[1], r.given(node, 3)
    if value not in r.held:
        raise Refused("it takes quantised numbers that nothing quantised")
    numbers = r.array(weight).astype(np.float32)
    operator = "MatMul" if node.op_type == "MatMulInteger" else "Conv"
    if zero:
        numbers = numbers - along(r.array(zero), 0 if operator == "Conv" else None, numbers.ndim)
    r.sums[node.output[0]] = Sum(operator, value, weight, numbers, _attributes(node), r.name)


@rewrite("com.microsoft.DynamicQuantizeMatMul")
def _(r: Rewriter, node: NodeProto) -> None:
    r.notes[UNROUNDED] = None
    _product(r, node, node.input[0], node.input[1], node.input[2], r.given(node, 3), r.given(node, 4))


@rewrite("com.microsoft.MatMulIntegerToFloat")
def _(r: Rewriter, node: NodeProto) -> None:
    if node.input[0] not in r.held:
        raise Refused("it takes quantised numbers that nothing quantised")
    _product(r, node, node.input[0], node.input[1], node.input[3], r.given(node, 5), r.given(node, 6))


def _product(r: Rewriter, node: NodeProto, value: str, weight: str, scale: str, zero: str, bias: str) -> None:
    """A product with a weight, and a bias in floats."""
    output = node.output[0]
    product = r.emit("MatMul", [value, r.floats(weight, scale, zero)], f"{output}.product" if bias else output)
    if bias:
        r.emit("Add", [product, bias], output)


@rewrite("QLinearConv")
def _(r: Rewriter, node: NodeProto) -> None:
    x, x_scale, x_zero, w, w_scale, w_zero, scale, zero = node.input[:8]
    weight = r.floats(w, w_scale, w_zero, 0)
    inputs = [r.floats(x, x_scale, x_zero), weight]
    if bias := r.given(node, 8):
        inputs.append(r.kept(bias, r.array(bias) * r.array(x_scale) * r.array(w_scale)))
    r.hold(r.emit("Conv", inputs, f"{node.output[0]}.float", **_attributes(node)), node.output[0], scale, zero)


@rewrite("QLinearMatMul", "com.microsoft.QLinearAdd", "com.microsoft.QLinearMul")
def _(r: Rewriter, node: NodeProto) -> None:
    inputs = [r.floats(*node.input[:3]), r.floats(*node.input[3:6])]
    operator = node.op_type.removeprefix("QLinear")
    r.hold(r.emit(operator, inputs, f"{node.output[0]}.float"), node.output[0], node.input[6], r.given(node, 7))


@rewrite("com.microsoft.QGemm")
def _(r: Rewriter, node: NodeProto) -> None:
    attributes = _attributes(node)
    axis = 0 if attributes.get("transB") else 1
    inputs = [r.floats(*node.input[:3]), r.floats(node.input[3], node.input[4], node.input[5], axis)]
    if bias := r.given(node, 6):
        inputs.append(r.kept(bias, r.array(bias) * r.array(node.input[1]) * r.array(node.input[4])))
    output, scale = node.output[0], r.given(node, 7)
    made = r.emit("Gemm", inputs, f"{output}.float" if scale else output, **attributes)
    if scale:
        r.hold(made, output, scale, r.given(node, 8))


@rewrite(*(f"com.microsoft.QLinear{name}" for name in ("AveragePool", "GlobalAveragePool", "LeakyRelu", "Sigmoid",
                                                       "Softmax")))  # fmt: skip
def _(r: Rewriter, node: NodeProto) -> None:
    attributes = _attributes(node, "opset")
    if attributes.pop("channels_last", 0):
        raise Refused("its channels stand last")
    operator = node.op_type.removeprefix("QLinear")
    made = r.emit(operator, [r.floats(*node.input[:3])], f"{node.output[0]}.float", **attributes)
    r.hold(made, node.output[0], node.input[3], r.given(node, 4))


@rewrite("com.microsoft.QLinearConcat")
def _(r: Rewriter, node: NodeProto) -> None:
    parts = [r.floats(*node.input[place : place + 3]) for place in range(2, len(node.input), 3)]
    r.hold(r.emit("Concat", parts, f"{node.output[0]}.float", **_attributes(node)), node.output[0], *node.input[:2])


@rewrite("com.microsoft.MatMulNBits")
def _(r: Rewriter, node: NodeProto) -> None:
    has = _attributes(node)
    if order := r.given(node, 4):
        raise Refused(f"its blocks are in the order of {order}")
    zeros = r.array(node.input[3]) if r.given(node, 3) else None
    matrix = matrix_of_blocks(r.array(node.input[1]), r.array(node.input[2]), zeros, has["N"], has["K"],
                              has.get("bits", 4), has["block_size"])  # fmt: skip
    weight, bias, output = r.kept(node.input[1], matrix.T), r.given(node, 5), node.output[0]
    product = r.emit("MatMul", [node.input[0], weight], f"{output}.product" if bias else output)
    if bias:
        r.emit("Add", [product, bias], output)


@rewrite("com.microsoft.DynamicQuantizeLSTM")
def _(r: Rewriter, node: NodeProto) -> None:
    r.notes[UNROUNDED] = None
    inputs = [*node.input[:8], *[""] * (8 - len(node.input[:8]))]
    for place, scale, zero in ((1, 8, 9), (2, 10, 11)):  # [directions, inputs, gates], where LSTM has it turned
        number, by = r.array(node.input[place]).astype(np.float32), r.array(node.input[scale])
        middle = r.array(node.input[zero]).astype(np.float32)
        parts = [each.reshape(each.shape[0], 1, -1) for each in (middle, by)]
        inputs[place] = r.kept(node.input[place], ((number - parts[0]) * parts[1]).transpose(0, 2, 1))
    r.nodes.append(helper.make_node("LSTM", inputs, node.output, name=r.name, **_attributes(node)))
