"""A use of a layer as its examples show it: the model of that one use, sizes for its symbols, and random inputs."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from nnspec.dims import Size, substitute, symbols
from nnspec.ir import Program
from nnspec.ir.indices import length_bounds
from nnspec.layers.base import Example, Layer
from nnspec.layers.tensor_type import TensorType
from nnspec.model import Model
from nnspec.text import loads

NAMES = "abcdefgh"
Inputs = dict[str, np.ndarray[Any, np.dtype[Any]]]


def spec(example: Example, shapes: Mapping[str, tuple[int, ...]] | None = None) -> Model:
    """A model that is one use of the layer.

    Raises:
        SpecError: the example is none of a sound use.
    """
    lines = [f"  input {name}: {type}" for name, type in zip(NAMES, example.inputs, strict=False)]
    given = ", ".join(NAMES[: len(example.inputs)])
    applied = example.text[:1].isupper()
    chain = f"({given}) -> layer: {example.text}" if applied and given else example.text
    if example.text.startswith(("Split(", "Chunk(")):  # the first of several results, none of which is the main one
        lines += [f"  parts = {chain}", "  output result = parts[0]"]
    else:
        lines += [f"  result = {chain}", "  output result"]
    return loads("model Example {\n" + "\n".join(lines) + "\n}", inputs=shapes)


def sizes(program: Program, example: Example) -> dict[str, int]:
    """A number for every symbol: that of the example, 2 for N, or one between 8 and 16."""
    found = {symbol.text for type in program.main.input_types for size in type.shape for symbol in symbols(size)}
    chosen = {name: 2 if name == "N" else 8 + zlib.crc32(name.encode()) % 9 for name in found}
    return {**chosen, **example.sizes}


def concrete(shape: tuple[Size, ...], numbers: Mapping[str, int]) -> tuple[int, ...]:
    """A shape with numbers for its symbols."""
    values = tuple(substitute(size, dict(numbers)) for size in shape)
    assert all(isinstance(value, int) for value in values), values
    return values  # type: ignore[return-value]


def make_inputs(program: Program, numbers: Mapping[str, int]) -> Inputs:
    """Random inputs: normal floats, whole numbers below 3, lengths within their sequences."""
    random = np.random.default_rng(0)
    made: Inputs = {}
    lengths = length_bounds(program)
    for port, type in zip(program.main.inputs, program.main.input_types, strict=True):
        shape = concrete(type.shape, numbers)
        if port.name in lengths:
            made[port.name] = random.integers(1, concrete((lengths[port.name],), numbers)[0] + 1, shape)
        elif type.dtype == "int":
            made[port.name] = random.integers(0, 3, shape)
        elif type.dtype == "bool":
            made[port.name] = random.random(shape) > 0.5
        else:
            made[port.name] = random.standard_normal(shape).astype(np.float32)
    return made


def results(program: Program) -> dict[str, TensorType]:
    """The types of the outputs by name."""
    return dict(zip((port.name for port in program.main.outputs), program.main.output_types, strict=True))


def called_layer(program: Program, cls: type[Layer]) -> Layer:
    """The layer of a class in a model of one use.

    Raises:
        StopIteration: the model does not use it.
    """
    return next(call.callee for call in program.main.calls if isinstance(call.callee, cls))
