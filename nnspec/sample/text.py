"""Texts from a language model: a prompt, and what the model makes of it, piece by piece.

The one thing to know: where the model can take a bounded number of tokens only and they are all used, it forgets what
it keeps and goes on from the last half of them, which it reads again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nnspec.diagnostics import SpecError
from nnspec.infer.vocabulary import Vocabulary
from nnspec.record import Record
from nnspec.sample.choose import Sampling
from nnspec.sample.engine import Engine
from nnspec.sample.mistakes import NoSource, SourceMissing, VocabularyTooLarge
from nnspec.sample.pieces import pieces


class Request(Record):
    """A request for texts: tokens behind the prompt, number of texts, way of choosing, seed."""

    prompt: str = ""
    length: int = 200
    count: int = 1
    choice: Sampling = Sampling()
    seed: int = 0
    source: str = ""  # what an encoder reads first, such as the text to translate


class TextSampler:
    """A language model with its vocabulary, and with that of its encoder."""

    def __init__(self, engine: Engine, vocabulary: Vocabulary, source: Vocabulary | None = None) -> None:
        """Raises SpecError: the vocabulary has tokens that the model does not score."""
        scores = engine.layout.vocabulary
        if len(vocabulary) > scores:
            raise SpecError.of(VocabularyTooLarge(None, len(vocabulary), scores))
        self.engine = engine
        self.vocabulary = vocabulary
        self.source = source

    def slides(self, request: Request) -> int | None:
        """The number of tokens the model can take, where the request needs more; None where it does not."""
        context = self.engine.layout.context
        needed = len(self._start(request.prompt)) + request.length - 1
        return context if context is not None and needed > context else None

    def stream(self, request: Request) -> Iterator[str]:
        """The first text of a request, in pieces: the prompt, then every token as soon as it is chosen.

        Raises:
            SpecError: a character of the prompt is none of the vocabulary.
        """
        start = self._start(request.prompt)
        yield request.prompt
        first = (tokens[0] for tokens in self._tokens(start, request))
        yield from pieces(self.vocabulary, start[-1:], first)

    def texts(self, request: Request) -> list[str]:
        """All texts of a request, sampled side by side.

        Raises:
            SpecError: a character of the prompt is none of the vocabulary.
        """
        start = self._start(request.prompt)
        columns = zip(*self._tokens(start, request), strict=True) if request.length else [()] * request.count
        return [request.prompt + "".join(pieces(self.vocabulary, start[-1:], column)) for column in columns]

    def _start(self, prompt: str) -> list[int]:
        """The tokens of the prompt; without one, that of a new line, or else the first of the vocabulary."""
        if prompt:
            return self.vocabulary.encode(prompt)
        try:
            return self.vocabulary.encode("\n") or [0]
        except SpecError:  # it knows no new line
            return [0]

    def _read_source(self, request: Request) -> None:
        """Give the encoder its text.

        Raises:
            SpecError: there is none, or no encoder.
        """
        name = self.engine.layout.source.name if self.engine.layout.source else ""
        tokens = self.source.encode(request.source) if self.source else []
        if name and not tokens:
            raise SpecError.of(SourceMissing(None, name))
        if request.source and not name:
            raise SpecError.of(NoSource(None))
        if name:
            self.engine.remember(np.tile(np.array(tokens, np.int64), (request.count, 1)))

    def _tokens(self, start: Sequence[int], request: Request) -> Iterator[list[int]]:
        """The next token of every text, `length` times."""
        engine, context = self.engine, self.engine.layout.context
        half = 1 if context is None else max(1, context // 2)
        randoms = [np.random.default_rng([request.seed, text]) for text in range(request.count)]
        new = np.tile(np.array(start[-(context or len(start)) :], np.int64), (request.count, 1))  # [N, T]
        last, read = new, 0
        self._read_source(request)
        engine.begin(request.count)
        for _ in range(request.length):
            if context is not None and read + new.shape[1] > context:
                engine.begin(request.count)
                new, read = last, 0
            scores = engine.read(new)[:, : len(self.vocabulary)]
            read += new.shape[1]
            chosen = [request.choice.token(row, random) for row, random in zip(scores, randoms, strict=True)]
            yield chosen
            new = np.array(chosen, np.int64)[:, None]
            last = np.concatenate([last, new], 1)[:, -half:]
