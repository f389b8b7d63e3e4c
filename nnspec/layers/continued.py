"""Layers that do a sequence part by part: the layer for the next part, and the tensors kept for the one after it.

Decoding needs it: a language model reads the tokens it has just written, not all of them again. Most layers need
nothing here, because they treat the places of a sequence apart (`Layer.mixed`); those that look back override
`Layer.continued`, and say what they keep.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nnspec.dims import Expression, Size, symbols
from nnspec.layers.base import Continued, Layer
from nnspec.layers.batched import Batched
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType


def continued(layer: Layer, time: Expression, past: Expression, *inputs: TensorType | None) -> Continued:
    """The continuation of a layer behind `past` places of a sequence when `time` more come.

    Raises:
        LayerError: it needs all of the sequence at once.
    """
    if isinstance(layer, Batched) and layer.single(*inputs):
        _need_no_steps(time, *inputs)
        return Continued(layer)
    own = layer.continued(time, past, *inputs)
    if own is not None:
        return own
    for name, value in layer.settings().items():
        if name not in layer.sizes_of_result and any(along(time, size) for size in sizes_in(value)):
            message = f"has {time}, the length of the whole sequence, in its {name}"
            advice = f"compute with what is known of each place alone; a table of places is looked up by Range({time})"
            raise ArgumentError(name, message, help=advice)
    for index, (given, mixed) in enumerate(zip(inputs, layer.mixed(*inputs), strict=True)):
        if given is not None and any(along(time, given.shape[dim]) for dim in mixed):
            message = f"mixes places along {time}, and may look at those that are yet to come"
            raise InputError(message, "look back only: attention(..., causal = true), or an LSTM or a GRU", index)
    return Continued(layer)


def _need_no_steps(time: Expression, *inputs: TensorType | None) -> None:
    """Check that a single sample is not the sequence.

    Raises:
        InputError: it is.
    """
    for index, given in enumerate(inputs):
        if given is not None and any(along(time, size) for size in given.shape):
            help = "begin the shapes of the inputs with the number of samples"
            raise InputError(
                f"takes a single sample {given}, and what is kept of {time} is that of a batch", help, index
            )


def along(time: Expression, size: Size) -> bool:
    """Whether a size depends on the length of the sequence."""
    return not symbols(time).isdisjoint(symbols(size))


def sizes_in(value: Any) -> Iterator[Expression]:
    """The symbolic sizes in an argument."""
    if isinstance(value, Expression):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from sizes_in(part)
