"""Rows of recurrent layers, whose gates stand in another order in ONNX, and whose results have a dimension more."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec.importing.from_onnx.builder import GraphBuilder, constant, layer, need_size
from nnspec.importing.from_onnx.known import Known
from nnspec.importing.from_onnx.operators.row import row
from nnspec.importing.from_torch.builder import Unsaid, Value

ORDER = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2), "RNN": (0,)}  # of torch's gates, in those of ONNX: iofc, zrh
USUAL = {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}


@row("LSTM", "GRU", "RNN")
def _(b: GraphBuilder, x: Any, w: Any, r: Any, bias: Any = None, lengths: Any = None, h: Any = None, c: Any = None,
      peepholes: Any = None, activation_alpha: Any = None, activation_beta: Any = None, activations: Any = None,
      clip: float | None = None, direction: str = "forward", hidden_size: int = 0, input_forget: int = 0,
      layout: int = 0, linear_before_reset: int = 0) -> Any:  # fmt: skip
    assert b.node is not None
    kind = b.node.operator
    x = b.tensor(x)
    w, r = constant(w, "matrix of inputs"), constant(r, "matrix of states")
    known = None if bias is None else constant(bias, "bias")
    directions = w.array.shape[0]
    need_size(x.shape[-1], int(w.array.shape[-1]))
    nonlinearity = _checked(
        kind, directions, activations, clip, input_forget, peepholes, activation_alpha, activation_beta
    )
    if kind == "GRU" and not linear_before_reset:
        raise Unsaid("its reset gate is applied before the matrix (linear_before_reset = 0); GRU applies it behind")
    if layout:
        h, c = (None if each is None else b(layer("Transpose", dim0=0, dim1=1), b.tensor(each)) for each in (h, c))
    h, c = (None if _is_zero(b, each) else each for each in (h, c))
    size = hidden_size or r.array.shape[-1]
    made = layer(
        kind, hidden_size=size, bias=None if known is not None else False, batch_first=True if layout else None,
        bidirectional=True if direction == "bidirectional" else None, nonlinearity=nonlinearity,
    )  # fmt: skip
    time = 1 if layout else 0
    lengths = None if _is_whole(lengths, x.shape[time]) else lengths
    if direction == "reverse":
        if lengths is not None:
            raise Unsaid("it reads sequences of several lengths backwards")
        x = b(layer("Flip", dims=time), x)
    states = (h, c, lengths) if kind == "LSTM" else (h, lengths)
    results = b.draft(made, (x, *states), _weights(kind, directions, w, r, known))
    output, last = results[0], list(results[1:])
    if direction == "reverse":
        output = b(layer("Flip", dims=time), output)
    if layout:
        last = [b(layer("Transpose", dim0=0, dim1=1), each) for each in last]
        output = b(layer("Unflatten", dim=-1, unflattened_size=(directions, size)), output)
    elif directions == 1:
        output = b(layer("Unsqueeze", dim=1), output)
    else:
        output = b(layer("Unflatten", dim=-1, unflattened_size=(directions, size)), output)
        output = b(layer("Transpose", dim0=1, dim1=2), output)
    return (output, *last)


def _checked(kind: str, directions: int, activations: Any, clip: Any, input_forget: int, peepholes: Any,
             alpha: Any, beta: Any) -> str | None:  # fmt: skip
    """The function of a plain recurrent layer, unless it is tanh.

    Raises:
        Unsaid: the layer does what torch's does not.
    """
    for what, there in (("clips its cells", clip), ("couples its gates", input_forget), ("has peepholes", peepholes)):
        if there is not None and there != 0:
            raise Unsaid(f"it {what}")
    wanted = USUAL[kind] * directions
    names = tuple(activations or wanted)
    if kind == "RNN" and set(names) == {"Relu"}:
        return "relu"
    if tuple(each.lower() for each in names) != tuple(each.lower() for each in wanted) or alpha or beta:
        raise Unsaid(f"its functions are {', '.join(dict.fromkeys(names))}")
    return None


def _is_zero(b: GraphBuilder, value: Any) -> bool:
    """Whether a state is known to be zeros, as it is without one."""
    if isinstance(value, Known):
        return not value.symbolic and not value.array.any()
    while isinstance(value, Value):
        made = b.made_by(value, "Zeros", "Subscript", "Slice", "Expand", "Transpose", "Unsqueeze", "Squeeze")
        if made is None:
            return False
        if made.layer.kind == "Zeros":
            return True
        source = made.inputs[0] or ""
        value = Value(source, b.types[source])
    return False


def _is_whole(lengths: Any, time: Any) -> bool:
    return lengths is None or (isinstance(lengths, Known) and bool((lengths.array == time).all()))


def _weights(kind: str, directions: int, w: Known, r: Known, bias: Known | None) -> dict[str, Known]:
    found: dict[str, Known] = {}
    for place in range(directions):
        suffix = "_reverse" if place else ""
        found[f"weight_ih_l0{suffix}"] = _ordered(kind, w, w.array[place])
        found[f"weight_hh_l0{suffix}"] = _ordered(kind, r, r.array[place])
        if bias is not None:
            for name, half in zip(("bias_ih", "bias_hh"), np.split(bias.array[place], 2), strict=True):
                found[f"{name}_l0{suffix}"] = _ordered(kind, bias, half)
    return found


def _ordered(kind: str, known: Known, array: Any) -> Known:
    gates = np.split(array, len(ORDER[kind]))
    return Known(np.concatenate([gates[place] for place in ORDER[kind]]), known.name, True)
