"""Several texts written side by side by one engine, whose prompts need not be equally long.

All texts stand at the same place: what the shortest prompt has is read at once, and from there on each text takes its
own next token, of the prompt as long as there is one, and of the model from then on. So nothing is filled up, every
token has its true place, and a text is what it would be alone.

Where the model can take a bounded number of tokens only and they are all used, it forgets what it keeps and goes on
from the last half of them, which it reads again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nnspec.infer.language import Language
from nnspec.sample.choose import Sampling
from nnspec.sample.engine import Engine
from nnspec.sample.rules import ruled
from nnspec.weights.arrays import Array


class Writer:
    """The texts at work.

    `known` is how many tokens may be chosen: scores of others are cut away.
    """

    def __init__(
        self,
        engine: Engine,
        starts: Sequence[Sequence[int]],
        length: int,
        choice: Sampling,
        seeds: Sequence[Sequence[int]],
        language: Language | None = None,
        known: int | None = None,
    ) -> None:
        context = engine.layout.context
        self.engine, self.length, self.choice = engine, length, choice
        self.language, self.known = language or Language(), known
        self.starts = [list(start[-(context or len(start)) :]) for start in starts]
        self.written = [list(start[: self._shortest]) for start in self.starts]
        self.fresh = [0] * len(starts)
        self.ended = [False] * len(starts)
        self.randoms = [np.random.default_rng(list(seed)) for seed in seeds]

    @property
    def _shortest(self) -> int:
        return min(map(len, self.starts))

    def tokens(self) -> Iterator[list[int | None]]:
        """The next token of every text; None for one whose prompt is still read, or that has ended."""
        engine, context = self.engine, self.engine.layout.context
        half = 1 if context is None else max(1, context // 2)
        engine.begin(len(self.written))
        new, read = np.array(self.written, np.int64), 0  # [N, T]
        while not all(map(self._done, range(len(self.written)))):
            if context is not None and read + new.shape[1] > context:
                engine.begin(len(self.written))
                new, read = np.array([text[-half:] for text in self.written], np.int64), 0
            scores = engine.read(new)[:, : self.known]
            read += new.shape[1]
            chosen = [self._next(index, row) for index, row in enumerate(scores)]
            yield chosen
            new = np.array([text[-1:] for text in self.written], np.int64)

    def _done(self, index: int) -> bool:
        return self.ended[index] or self.fresh[index] >= self.length

    def _next(self, index: int, scores: Array) -> int | None:
        """Let a text go on by a token; the one that was chosen, if one was."""
        written, start = self.written[index], self.starts[index]
        if len(written) < len(start) and not self.fresh[index]:
            written.append(start[len(written)])
            return None
        if self._done(index):
            written.append(written[-1])  # it is read beside the others, and nothing looks at it
            return None
        allowed = ruled(scores, self.language, written, self.fresh[index], self.length)
        token = self.choice.token(allowed, self.randoms[index])
        written.append(token)
        self.fresh[index] += 1
        self.ended[index] = token in self.language.end
        return token
