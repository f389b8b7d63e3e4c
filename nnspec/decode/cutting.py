"""Convolutions that pad both ends of a sequence and have what looks ahead cut off again, as temporal networks often do.

`Conv1d(8, 3, padding = 2) -> _[..., :T]` gives what padding on the left alone gives, and that decoding can go on with.
"""

from __future__ import annotations

from nnspec.dims import Expression, Size, equal
from nnspec.ir import Call, Module, Program
from nnspec.layers.base import Layer
from nnspec.layers.families.convolution import Conv1d, Conv2d, Conv3d
from nnspec.layers.families.indexing import Subscript
from nnspec.layers.lookback import along_which
from nnspec.layers.tensor_type import LayerError, TensorType


def without_cuttings(program: Program, time: Expression) -> Program:
    """The program whose convolutions pad on the left alone where all else of them is cut off."""
    modules = {key: _uncut(module, time) for key, module in program.modules.items()}
    return program.model_copy(update={"modules": modules})


def _uncut(module: Module, time: Expression) -> Module:
    calls, values = list(module.calls), dict(module.values)
    for index, call in enumerate(module.calls):
        uses = [each for each in module.calls if call.outputs and call.outputs[0] in each.inputs]
        handed_on = any(port.value == call.outputs[0] for port in module.outputs if call.outputs)
        if handed_on or len(uses) != 1 or not isinstance(call.callee, (Conv1d, Conv2d, Conv3d)):
            continue
        types = [values[name] for name in (call.inputs[0], call.outputs[0], uses[0].outputs[0])]
        layer = _left_alone(call.callee, time, types[0])
        if layer is not None and _first_places(uses[0], types[1], types[2]) and layer.results(types[0])[0] == types[2]:
            calls[index] = call.model_copy(update={"callee": layer, "outputs": uses[0].outputs})
            calls.remove(uses[0])
            del values[call.outputs[0]]
            return _uncut(module.model_copy(update={"calls": tuple(calls), "values": values}), time)
    return module


def _left_alone(layer: Conv1d | Conv2d | Conv3d, time: Expression, input: TensorType) -> Layer | None:
    """A convolution that pads the sequence as before on the left, by all that it spans, and not on the right."""
    which = along_which(time, input, layer.dims)
    if which is None:
        return None
    try:
        windows = layer.windows(input)
    except LayerError:
        return None
    own = windows[which]
    if own.stride != 1 or own.end == 0 or own.begin != own.extent - 1 or layer.padding_mode != "zeros":
        return None
    pairs = tuple((each.begin, 0 if i == which else each.end) for i, each in enumerate(windows))
    return layer.model_copy(update={"padding": pairs})


def _first_places(call: Call, given: TensorType, made: TensorType) -> bool:
    """Whether a call takes the first places of one dimension, and all of the others."""
    layer = call.callee
    if not isinstance(layer, Subscript) or made.rank != given.rank:
        return False
    items = layer.expanded(given)
    shorter = [a for a, b in zip(given.shape, made.shape, strict=True) if not _same(a, b)]
    return len(shorter) == 1 and all(
        isinstance(item, tuple) and item[1] in (None, 0) and item[3] in (None, 1) for item in items
    )


def _same(left: Size, right: Size) -> bool:
    return bool(equal(left, right))
