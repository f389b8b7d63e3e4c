"""Texts from a language model: prompts, and what the model makes of them, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nnspec.diagnostics import SpecError
from nnspec.infer.language import Language
from nnspec.infer.vocabulary import SurroundedTokens, Vocabulary
from nnspec.record import Record
from nnspec.sample.engine import Engine
from nnspec.sample.mistakes import (
    ArrayMissing,
    NoFirstToken,
    NoSource,
    SourceMissing,
    UnevenRequest,
    VocabularyTooLarge,
)
from nnspec.sample.pieces import pieces
from nnspec.sample.request import LENGTH, Request, Text, stored_choice
from nnspec.sample.writing import Writer
from nnspec.weights.arrays import Array


class _Row(Record):
    """A text that is asked for: its prompt, its tokens, those of its source, its number among all."""

    prompt: str
    start: tuple[int, ...]
    source: tuple[int, ...]
    number: int
    place: int  # of its prompt


class TextSampler:
    """A language model with its vocabulary, with that of its encoder, and with the rules that are stored with it."""

    def __init__(
        self,
        engine: Engine,
        vocabulary: Vocabulary,
        source: Vocabulary | None = None,
        language: Language | None = None,
    ) -> None:
        """Raises SpecError: the vocabulary has tokens that the model does not score."""
        scores = engine.layout.vocabulary
        if language is None and len(vocabulary) > scores:
            raise SpecError.of(VocabularyTooLarge(None, len(vocabulary), scores))
        self.engine = engine
        self.vocabulary = vocabulary
        self.source = source
        self.language = language

    def slides(self, request: Request) -> int | None:
        """The number of tokens the model can take, where the request needs more; None where it does not."""
        context = self.engine.layout.context
        if context is None:
            return None
        needed = max(len(row.start) + self._length(row, request) - 1 for row in self._rows(request))
        return context if needed > context else None

    def stream(self, request: Request) -> Iterator[str]:
        """The first text of a request, in pieces: the prompt, then every token as soon as it is chosen.

        Raises:
            SpecError: a character of the prompt is none of the vocabulary.
        """
        row = self._rows(request)[0]
        yield "" if request.conversation else row.prompt
        writer = self._writer([row], request)
        found = (tokens[0] for tokens in writer.tokens())
        yield from pieces(self.vocabulary, row.start[-1:], self._shown(token for token in found if token is not None))

    def texts(self, request: Request) -> list[Text]:
        """All texts of a request; those with sources of one length are sampled side by side.

        Raises:
            SpecError: a character of the prompt is none of the vocabulary.
        """
        rows = self._rows(request)
        groups: dict[tuple[int, int], list[_Row]] = {}
        for row in rows:
            groups.setdefault((len(row.source), self._length(row, request)), []).append(row)
        found: dict[int, Text] = {}
        for group in groups.values():
            writer = self._writer(group, request)
            chosen: list[list[int]] = [[] for _ in group]
            for tokens in writer.tokens():
                for own, token in zip(chosen, tokens, strict=True):
                    own += [] if token is None else [token]
            for row, own, ended in zip(group, chosen, writer.ended, strict=True):
                text = "".join(pieces(self.vocabulary, row.start[-1:], self._shown(own)))
                found[row.number] = Text(text if request.conversation else row.prompt + text, tuple(own), ended)
        return [found[row.number] for row in rows]

    def _rows(self, request: Request) -> list[_Row]:
        """The texts that are asked for: of each prompt with its source, `count`.

        Raises:
            SpecError: there are not as many prompts as sources; a source is missing, or there is no encoder.
        """
        prompts, sources = request.prompts, request.sources
        if len(sources) not in (1, len(prompts)):
            raise SpecError.of(UnevenRequest(None, len(prompts), len(sources)))
        starts = [tuple(self._start(prompt, request)) for prompt in prompts]
        read = [tuple(self._source(source)) for source in sources]
        pairs = zip(prompts, starts, read * len(prompts) if len(read) == 1 else read, strict=True)
        several = [(place, *each) for place, each in enumerate(pairs) for _ in range(request.count)]
        self._check_arrays(request, len(prompts))
        return [
            _Row(prompt, start, source, number, place) for number, (place, prompt, start, source) in enumerate(several)
        ]

    def _start(self, prompt: str, request: Request) -> list[int]:
        """The tokens of the prompt; without one, what is stored, a new line, or else the first of the vocabulary.

        Raises:
            SpecError: a token of it is none of the model's.
        """
        first = None if self.language is None else self.language.start
        if self.engine.layout.source is not None and self.language is not None:
            return [self._first(first), *(self._inner(prompt) if prompt else ())]
        if prompt:
            found = self._inner(prompt) if request.conversation else self.vocabulary.encode(prompt)
            self._check(found)
            return found
        if first is not None:
            return [self._first(first)]
        try:
            return self.vocabulary.encode("\n") or [0]
        except SpecError:  # it knows no new line
            return [0]

    def _first(self, token: int | None) -> int:
        """The token that a text begins with, as it is stored.

        Raises:
            SpecError: the model has none such.
        """
        layout = self.engine.layout
        if token is None or token >= layout.vocabulary:
            raise SpecError.of(NoFirstToken(None, token, layout.vocabulary, layout.source is None))
        return token

    def _inner(self, text: str) -> list[int]:
        """The tokens of a text around which nothing is put."""
        known = self.vocabulary
        found = known.encode_inner(text) if isinstance(known, SurroundedTokens) else known.encode(text)
        self._check(found)
        return found

    def _check(self, tokens: Sequence[int]) -> None:
        scores = self.engine.layout.vocabulary
        if self.language is not None and any(token >= scores for token in tokens):
            raise SpecError.of(VocabularyTooLarge(None, max(tokens) + 1, scores))

    def _source(self, text: str) -> list[int]:
        """The tokens of a text for the encoder.

        Raises:
            SpecError: there is none, or no encoder.
        """
        if self._hears:
            return []
        name = self.engine.layout.source.name if self.engine.layout.source else ""
        tokens = self.source.encode(text) if self.source and text else []
        if name and not tokens:
            raise SpecError.of(SourceMissing(None, name))
        if text and not name:
            raise SpecError.of(NoSource(None))
        return tokens

    @property
    def _hears(self) -> bool:
        """Whether an encoder reads an array of numbers, and no text."""
        return self.engine.layout.source is not None and not self.engine.layout.source.text

    def _check_arrays(self, request: Request, prompts: int) -> None:
        """Raises SpecError: the encoder lacks its array, or has more or fewer than there are prompts."""
        if not self._hears:
            return
        assert self.engine.layout.source is not None
        if request.arrays is None:
            raise SpecError.of(ArrayMissing(None, self.engine.layout.source.name))
        if len(request.arrays) not in (1, prompts):
            raise SpecError.of(UnevenRequest(None, prompts, len(request.arrays)))

    def _arrays(self, rows: Sequence[_Row], request: Request) -> Array:
        """The arrays that the encoder reads for the texts."""
        assert request.arrays is not None
        places = [row.place if len(request.arrays) > 1 else 0 for row in rows]
        return np.ascontiguousarray(request.arrays[places].astype(np.float32))

    def _length(self, row: _Row, request: Request) -> int:
        """How many tokens follow the prompt: as asked for, as stored, or 200."""
        if request.length is not None:
            return request.length
        stored = self.language
        if stored is None or (stored.length is None and stored.longest is None):
            return LENGTH
        return stored.length if stored.length is not None else max(1, (stored.longest or 0) - len(row.start))

    def _writer(self, rows: Sequence[_Row], request: Request) -> Writer:
        """The texts at work; their sources are read, which are equally long."""
        if self._hears:
            self.engine.encode(self._arrays(rows, request))
        elif self.engine.layout.source is not None:
            self.engine.remember(np.array([row.source for row in rows], np.int64))
        choice = request.choice or stored_choice(self.language)
        seeds = [(request.seed, row.number) for row in rows]
        length = self._length(rows[0], request)
        known = len(self.vocabulary) if self.language is None else None
        return Writer(self.engine, [row.start for row in rows], length, choice, seeds, self.language, known)

    def _shown(self, tokens: Iterator[int] | Sequence[int]) -> Iterator[int]:
        """The tokens but for one that ends the text."""
        ends = self.language.end if self.language else ()
        return (token for token in tokens if token not in ends)
