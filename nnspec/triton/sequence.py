"""A model for decoding as Triton serves sequences: what it keeps stays in the server, and a client sends tokens only.

Source: "Implicit State Management" of Triton's user guide, and SequenceStates in sequence_state.cc of its core. The one
thing to know: a state begins with zeros and with length 1 wherever its size is free. A past begins with length 0; so
the file gets one more input, which Triton sets to 1 at the start of a sequence, and skips as many places of each past.
One sequence is run at a time, since those of a batch would have to be as long as one another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from nnspec.decode.continuation import PAST, PRESENT
from nnspec.decode.language import Decoder
from nnspec.dims import Size, substitute, symbols
from nnspec.infer.ports import pattern
from nnspec.record import Record

START = "sequence.start"  # the input that is 1 at the start of a sequence and 0 later; no input of a spec has a dot
STATE = "state."  # how the inputs begin that take the place of `past.PATH`
_END, _AXIS = "sequence.end", "sequence.axis"
FREE = -1


class State(Record):
    """What is kept: its input and output, and its dimensions, of which FREE is the length of the past."""

    input: str
    output: str
    element: int  # its type, as ONNX numbers it
    dims: tuple[int, ...]


class Sequences(Record):
    """How sequences are served: what stays in the server, and the sizes of the other inputs for one sequence."""

    states: tuple[State, ...]
    sizes: dict[str, int]  # of the symbols of one sequence


def unserved(made: Decoder) -> str:
    """Why what a model keeps cannot stay in the server, in words; nothing where it can."""
    begun = [port.name for port in made.encoder.main.outputs if port.name.startswith(PAST)] if made.encoder else []
    if begun:
        return f"{begun[0]} begins with what the encoder gives, and Triton begins with zeros"
    for name, kept in made.kept.items():
        if sum(_is_past(size, made) for size in kept.shape) > 1:
            return f"{name} {kept} grows along two dimensions"
        for size in kept.shape:
            if not _is_past(size, made) and not isinstance(substitute(size, _one(made)), int):
                return f"{name} {kept} has the size {size}, which Triton cannot begin with"
    return "" if made.kept else "it keeps nothing"


def serve_sequences(model: Path, made: Decoder) -> Sequences:
    """Change the ONNX file of a decoder to one that begins as Triton does.

    Its weights may lie in a file beside it, which stays as it is.
    """
    proto = onnx.load(str(model), load_external_data=False)
    _begin(proto.graph, {name: [_is_past(size, made) for size in kept.shape] for name, kept in made.kept.items()})
    onnx.save(proto, str(model))
    onnx.checker.check_model(str(model))
    types = {each.name: each.type.tensor_type.elem_type for each in proto.graph.input}
    one = _one(made)
    states = tuple(
        State(_state(name), PRESENT + name.removeprefix(PAST), types[_state(name)], tuple(_dims(kept.shape, made, one)))
        for name, kept in made.kept.items()
    )
    return Sequences(states, one)


def dims_of(value: onnx.ValueInfoProto, known: Mapping[str, int]) -> list[int]:
    """The dimensions of an input or output for these sizes; FREE where they are not known."""
    sizes = [pattern(dim.dim_param) if dim.dim_param else dim.dim_value for dim in value.type.tensor_type.shape.dim]
    found = [substitute(size, known) for size in sizes]
    return [size if isinstance(size, int) else FREE for size in found]


def _is_past(size: Size, made: Decoder) -> bool:
    return str(size) == str(made.past)


def _one(made: Decoder) -> dict[str, int]:
    """The sizes of one sequence that are known: one sample."""
    tokens = next(port for port in made.program.main.inputs if port.name == made.tokens)
    samples = made.program.main.values[tokens.value].shape[1 - made.axis]
    return dict.fromkeys((each.text for each in symbols(samples)), 1)


def _dims(shape: Sequence[Size], made: Decoder, one: Mapping[str, int]) -> Iterator[int]:
    for size in shape:
        known = FREE if _is_past(size, made) else substitute(size, one)
        assert isinstance(known, int), "what has other sizes is not served as a sequence"
        yield known


def _state(name: str) -> str:
    return f"{STATE}{name.removeprefix(PAST)}"


def _begin(graph: onnx.GraphProto, kept: Mapping[str, Sequence[bool]]) -> None:
    """Have each past made from a state, without its first START places along the dimensions that are free.

    All are renamed: Triton finds the input of an output by its place in the order of names.
    """
    for value in graph.input:
        if value.name in kept:
            value.name = _state(value.name)
    axes = {name: free.index(True) for name, free in kept.items() if any(free)}
    begun = [
        helper.make_node("Slice", [_state(name), START, _END, f"{_AXIS}{axes[name]}"], [name])
        if name in axes
        else helper.make_node("Identity", [_state(name)], [name])
        for name in kept
    ]
    if axes:
        numbers = {_END: np.iinfo(np.int32).max} | {f"{_AXIS}{axis}": axis for axis in sorted({*axes.values()})}
        graph.initializer.extend(numpy_helper.from_array(np.array([n], np.int32), name) for name, n in numbers.items())
        graph.input.append(helper.make_tensor_value_info(START, TensorProto.INT32, [1]))
    nodes = [*begun, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
