"""Decoding in onnxruntime: a file that was exported with its caches; what it keeps stays on the device."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec.decode.continuation import PAST, PRESENT
from nnspec.decode.memory import MEMORY
from nnspec.diagnostics import SpecError
from nnspec.dims import symbols
from nnspec.infer.binding import Binding
from nnspec.infer.metadata import SIZES, stored
from nnspec.infer.ports import TensorPort, pattern
from nnspec.infer.session import Session
from nnspec.layers.tensor_type import DType, TensorType
from nnspec.sample.engine import DecoderPorts, Engine, source_of
from nnspec.sample.mistakes import FurtherInputs, NoCaches
from nnspec.weights.arrays import Array


class OnnxEngine(Engine):
    """A session of a model with caches, and one of its encoder."""

    def __init__(self, session: Session, encoder: Session | None = None) -> None:
        """Raises SpecError: the file has no caches, or takes more than tokens."""
        super().__init__(_layout(session, encoder))
        self.session, self.encoder = session, encoder
        self.memory: dict[str, Any] = {}
        self.types = {port.name: port.dtype for port in session.inputs}
        self.binding: Binding | None = None
        self.past: dict[str, Any] = {}

    def encode(self, source: Array) -> None:
        assert self.encoder is not None and self.layout.source is not None
        self.memory = dict(self.encoder.bind({self.layout.source.name: source}).run())

    def begin(self, count: int) -> None:
        shapes = self.layout.beginning(count)
        self.past = {name: np.zeros(shape, self.types[name]) for name, shape in shapes.items()}
        self.past |= {name: self.memory[name] for name in shapes if name in self.memory}
        self.binding = None

    def run(self, tokens: Array) -> Array:
        given = {self.layout.tokens: tokens, **self.past}
        if self.binding is None:
            memory = {name: value for name, value in self.memory.items() if name in self.types and name not in given}
            self.binding = self.session.bind({**memory, **given})
        else:
            self.binding.put(**given)
        results = self.binding.run()
        self.past = {name: results[PRESENT + name.removeprefix(PAST)] for name in self.past}
        scores: Array = results[self.layout.scores].numpy()
        return scores


def _layout(session: Session, encoder: Session | None) -> DecoderPorts:
    """The layout of a file, from its names and shapes: time is the size of the tokens that nothing kept has.

    Raises:
        SpecError: the file has no caches, or takes more than tokens.
    """
    kept = {port.name: _type(port) for port in session.inputs if port.name.startswith(PAST)}
    others = [port for port in session.inputs if port.name not in kept and not port.name.startswith(MEMORY)]
    tokens = next((port for port in others if port.dtype.kind == "i" and len(port.shape) == 2), None)
    scores = next(iter(session.outputs))
    if not kept or tokens is None or not isinstance(scores.shape[-1], int):
        reason = "it keeps nothing of the tokens that it has read" if tokens else "it takes no tokens"
        raise SpecError.of(NoCaches(None, session.path, reason))
    read = {port.name: _type(port) for port in encoder.inputs} if encoder else {}
    further = [port.name for port in others if port is not tokens]
    known = {each for given in kept.values() for size in given.shape for each in symbols(size)}
    places = _type(tokens).shape
    axis = next((axis for axis in (1, 0) if symbols(places[axis]) - known), 1)
    source = source_of(read, places[1 - axis]) if encoder else None
    if further or (encoder and source is None):
        raise SpecError.of(FurtherInputs(None, (*further, *read)))
    largest = stored(session.metadata, "nnspec.largest", SIZES) or {}
    context = next((largest[each.text] for each in symbols(places[axis]) if each.text in largest), None)
    return DecoderPorts(tokens.name, scores.name, places, axis, scores.shape[-1], context, kept, source)


def _type(port: TensorPort) -> TensorType:
    kinds: dict[str, DType] = {"f": "float", "i": "int", "b": "bool"}
    return TensorType(kinds[port.dtype.kind], tuple(pattern(x) if isinstance(x, str) else x or 1 for x in port.shape))
