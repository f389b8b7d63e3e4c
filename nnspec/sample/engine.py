"""A decoder at work: it is given new tokens, remembers what it must of them, and scores the tokens that may follow."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from nnspec.decode.continuation import PAST
from nnspec.decode.language import Decoder
from nnspec.decode.memory import MEMORY
from nnspec.diagnostics import SpecError
from nnspec.dims import Size, substitute, symbols
from nnspec.layers.tensor_type import TensorType
from nnspec.record import Record
from nnspec.sample.mistakes import FurtherInputs
from nnspec.weights.arrays import Array


class Source(Record):
    """What an encoder reads before the model writes: its input, the type of that, which dimension counts texts."""

    name: str
    type: TensorType
    samples: int

    @property
    def text(self) -> bool:
        """Whether it is a text, and no array of numbers."""
        return self.type.dtype == "int"


class DecoderPorts(Record):
    """The inputs and outputs of a program for decoding, whatever runs it; see decode/language.py."""

    tokens: str
    scores: str
    places: tuple[Size, ...]  # the shape of the tokens
    axis: int  # of time, in the tokens
    vocabulary: int
    context: int | None  # how many tokens it can take in all
    kept: Mapping[str, TensorType]  # what is kept before the new tokens, by the name of its input
    source: Source | None = None  # where there is an encoder

    def beginning(self, count: int) -> dict[str, tuple[int, ...]]:
        """The shapes of what is kept of no tokens of `count` texts."""
        known: dict[str, Size] = {}
        for given in self.kept.values():
            known |= {each.text: 0 for size in given.shape for each in symbols(size)}
        known |= {each.text: count for each in symbols(self.places[1 - self.axis])}
        shapes = {name: [substitute(size, known) for size in given.shape] for name, given in self.kept.items()}
        return {name: tuple(int(str(size)) for size in shape) for name, shape in shapes.items()}

    def last(self, scores: Array, tokens: Array) -> Array:
        """The scores of what follows the last token of each text, [N, vocabulary]."""
        taken: Array = scores.reshape(*tokens.shape, -1).take(-1, self.axis)
        return taken


def layout_of(made: Decoder) -> DecoderPorts:
    """The layout of a decoder.

    Raises:
        SpecError: it takes more than tokens, and than a text that an encoder reads.
    """
    main = made.program.main
    shapes = {port.name: main.values[port.value].shape for port in (*main.inputs, *main.outputs)}
    own = (PAST, MEMORY) if made.encoder else (PAST,)
    further = {port.name: None for port in main.inputs if port.name != made.tokens and not port.name.startswith(own)}
    source = None
    if made.encoder is not None:
        read = dict(zip((port.name for port in made.encoder.main.inputs), made.encoder.main.input_types, strict=True))
        source = source_of(read, shapes[made.tokens][1 - made.axis])
        further |= dict.fromkeys(read) if source is None else {}
    if further:
        raise SpecError.of(FurtherInputs(None, tuple(further)))
    vocabulary = shapes[made.scores][-1]
    assert isinstance(vocabulary, int), "scores of a decoder are as many as its tokens"
    places = shapes[made.tokens]
    return DecoderPorts(made.tokens, made.scores, places, made.axis, vocabulary, made.context, made.kept, source)


def source_of(inputs: Mapping[str, TensorType], samples: Size) -> Source | None:
    """The text, or the array of numbers, that an encoder reads; None where it reads anything else, or more."""
    (name, given), *others = inputs.items()
    if others or samples not in given.shape:
        return None
    if given.dtype == "float" and given.shape[0] == samples:
        return Source(name, given, 0)
    return Source(name, given, given.shape.index(samples)) if given.dtype == "int" and given.rank == 2 else None


class Engine(ABC):
    """A language model at some place in some texts."""

    def __init__(self, layout: DecoderPorts) -> None:
        self.layout = layout

    @abstractmethod
    def encode(self, source: Array) -> None:
        """Run the encoder on a text that lies as it takes it: what it gives is remembered."""

    @abstractmethod
    def begin(self, count: int) -> None:
        """Forget what has been written: `count` new texts begin."""

    @abstractmethod
    def run(self, tokens: Array) -> Array:
        """All scores for new tokens that lie as the model takes them; what they leave is kept."""

    def remember(self, texts: Array) -> None:
        """Read a source for each of the texts, [N, S]."""
        assert self.layout.source is not None
        self.encode(np.ascontiguousarray(texts if self.layout.source.samples == 0 else texts.T))

    def read(self, tokens: Array) -> Array:
        """The scores of the tokens that may follow, [N, vocabulary], for the next tokens of each text, [N, T]."""
        placed = np.ascontiguousarray(tokens if self.layout.axis == 1 else tokens.T)
        return self.layout.last(self.run(placed), placed)
