"""The vocabulary of a language model, as training has stored it with the weights: texts as numbers, and back.

A model knows the characters of a text (its classes), or counted words or characters for each input, or a tokenizer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from nnspec.diagnostics import SpecError
from nnspec.extras import need
from nnspec.infer.language import language_of
from nnspec.infer.metadata import TEXT, VOCABULARIES, class_names, stored
from nnspec.infer.mistakes import BadMetadata, CharacterNotTrained

PADDING, RARE = "<padding>", "<rare>"  # as training names them in the vocabularies that it counts


class Vocabulary(ABC):
    """Tokens by number; `padding` is the number of the token that fills shorter texts up, if there is one."""

    padding: int | None = None

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def encode(self, text: str) -> list[int]:
        """The numbers of a text's tokens.

        Raises:
            SpecError: a character is none of the vocabulary.
        """

    @abstractmethod
    def decode(self, numbers: Sequence[int]) -> str:
        """The text of tokens by their numbers."""


class Characters(Vocabulary):
    """A token for each character."""

    def __init__(self, characters: Sequence[str]) -> None:
        self.characters = characters
        self.index = _index(characters)

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> list[int]:
        unknown = next((character for character in text if character not in self.index), None)
        if unknown is not None:
            raise SpecError.of(CharacterNotTrained(None, unknown, "".join(self.characters)))
        return [self.index[character] for character in text]

    def decode(self, numbers: Sequence[int]) -> str:
        return "".join(self.characters[number] for number in numbers)


class Counted(Vocabulary):
    """Words, characters or a tokenizer's tokens that were found in the data; one token stands for all others."""

    def __init__(self, tokens: Sequence[str], tokenizer: Any = None) -> None:
        self.tokens = tokens
        self.index = _index(tokens)
        self.tokenizer = tokenizer
        self.padding = self.index.get(PADDING)

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, text: str) -> list[int]:
        return [self.index.get(token, self.index.get(RARE, 0)) for token in self._split(text)]

    def _split(self, text: str) -> Sequence[str]:
        """Words; or characters, where the vocabulary is made of them and has one for the space between words."""
        if self.tokenizer is not None:
            return list(_encoded(self.tokenizer, text).tokens)
        return list(text) if " " in self.index else text.split()

    def decode(self, numbers: Sequence[int]) -> str:
        tokens = [self.tokens[number] for number in numbers]
        if self.tokenizer is not None and self.tokenizer.decoder is not None:
            return str(self.tokenizer.decoder.decode(tokens))
        return ("" if " " in self.index else " ").join(tokens)


class Tokens(Vocabulary):
    """The tokens of a tokenizer file."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer

    def __len__(self) -> int:
        return int(self.tokenizer.get_vocab_size())

    def encode(self, text: str) -> list[int]:
        return list(_encoded(self.tokenizer, text).ids)

    def decode(self, numbers: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(numbers), skip_special_tokens=False))


class SurroundedTokens(Tokens):
    """The tokens of a model of others: its tokenizer puts special ones around a text, which are not shown again."""

    def __init__(self, tokenizer: Any, padding: int | None) -> None:
        super().__init__(tokenizer)
        self.padding = padding

    def encode(self, text: str) -> list[int]:
        return list(_encoded(self.tokenizer, text, special=True).ids)

    def encode_inner(self, text: str) -> list[int]:
        """The numbers of a text that has its special tokens written in it, or that stands within another."""
        return super().encode(text)

    def decode(self, numbers: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(numbers), skip_special_tokens=True))


def read_vocabulary(name: str, metadata: Mapping[str, str]) -> Vocabulary | None:
    """The vocabulary of an input; None where the model was stored without one.

    Raises:
        SpecError: what is stored cannot be used.
    """
    counted = (stored(metadata, "nnspec.vocabularies", VOCABULARIES) or {}).get(name)
    text = stored(metadata, "nnspec.tokenizer", TEXT)
    tokenizer = None if text is None else _tokenizer(text)
    if counted is not None:
        return Counted(counted, tokenizer)
    if tokenizer is not None:
        language = language_of(metadata)
        return Tokens(tokenizer) if language is None else SurroundedTokens(tokenizer, language.padding)
    characters = class_names(metadata)
    known = characters and all(len(character) == 1 for character in characters)
    return Characters(characters) if known else None


def _index(tokens: Sequence[str]) -> dict[str, int]:
    return {token: number for number, token in enumerate(tokens)}


def _encoded(tokenizer: Any, text: str, *, special: bool = False) -> Any:
    """The encoding of a text by a tokenizer.

    Raises:
        SpecError: it lacks what it needs.
    """
    try:
        return tokenizer.encode(text, add_special_tokens=special)
    except Exception as error:  # the package has no class of its own for this
        raise SpecError.of(BadMetadata(None, "nnspec.tokenizer", str(error))) from None


def _tokenizer(text: str) -> Any:
    need("the tokenizer that the model was trained with", "tokenizers")
    from tokenizers import Tokenizer  # here: it comes with an extra of its own

    try:
        return Tokenizer.from_str(text)
    except Exception as error:  # the package has no class of its own for this
        raise SpecError.of(BadMetadata(None, "nnspec.tokenizer", str(error))) from None
