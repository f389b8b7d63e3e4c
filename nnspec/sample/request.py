"""A request for texts, and the texts that answer it."""

from __future__ import annotations

from nnspec.infer.language import Language
from nnspec.record import Record
from nnspec.sample.choose import Sampling
from nnspec.weights.arrays import Array

LENGTH = 200  # tokens of a text, where neither the user nor the model says how many


class Request(Record):
    """A request for texts: prompts, tokens behind each, texts of each, way of choosing, seed, sources.

    What is None is as the model has it stored, or else drawn at temperature 1, and 200 tokens.
    """

    prompt: str | tuple[str, ...] = ""
    length: int | None = LENGTH
    count: int = 1
    choice: Sampling | None = Sampling()
    seed: int = 0
    source: str | tuple[str, ...] = ""  # what an encoder reads first, such as the text to translate
    arrays: Array | None = None  # what an encoder reads first that reads no text, such as a sound; one, or one a prompt
    conversation: bool = False  # whether prompts have their special tokens written in them, and only answers are wanted

    @property
    def prompts(self) -> tuple[str, ...]:
        """The prompts; where there is but one, it stands for each source."""
        given = (self.prompt,) if isinstance(self.prompt, str) else self.prompt
        read = len(self.sources) if self.arrays is None else len(self.arrays)
        return given * read if len(given) == 1 else given

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources as they are given."""
        return (self.source,) if isinstance(self.source, str) else self.source


class Text(str):
    """A text that a model has written; `tokens` are those behind the prompt, with the one that ends it, if `ended`."""

    tokens: tuple[int, ...]
    ended: bool

    def __new__(cls, text: str, tokens: tuple[int, ...] = (), ended: bool = False) -> Text:
        made = super().__new__(cls, text)
        made.tokens, made.ended = tokens, ended
        return made


def stored_choice(language: Language | None) -> Sampling:
    """The way of choosing that is stored with a model."""
    if language is None:
        return Sampling()
    if not language.drawn:
        return Sampling(temperature=0.0)
    return Sampling(language.temperature, language.top_k, language.top_p)


def choice_of(
    language: Language | None, temperature: float | None, top_k: int | None, top_p: float | None
) -> Sampling | None:
    """The way of choosing that a user asks for; None for the stored one. What is asked for is drawn."""
    if temperature is None and top_k is None and top_p is None:
        return None
    stored = stored_choice(language)
    drawn = stored if stored.temperature else Sampling()
    return Sampling(
        drawn.temperature if temperature is None else temperature,
        drawn.top_k if top_k is None else top_k,
        drawn.top_p if top_p is None else top_p,
    )
