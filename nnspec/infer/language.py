"""The way in which a model of a language is used, as others have stored it: what begins and ends texts, and more."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, TypeAdapter

from nnspec.infer.metadata import stored

LANGUAGE = "nnspec.language"


class Language(BaseModel):
    """The rules of a model beside its tokenizer. Tokens are numbers; scores are ruled in sample/rules.py."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: int | None = None  # what a text begins with that nothing else begins; behind an encoder, any text
    end: tuple[int, ...] = ()  # each of them ends a text
    padding: int | None = None  # what shorter texts of a batch are filled up with

    length: int | None = None  # how many tokens are written
    longest: int | None = None  # how many there are in all
    drawn: bool = False  # whether tokens are drawn, and not the likeliest taken
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0

    repetition_penalty: float = 1.0
    no_repeat_ngram: int = 0
    least_length: int = 0  # tokens in all before one may end the text
    least_new: int = 0  # tokens behind the prompt before one may
    forced_first: int | None = None
    forced_last: tuple[int, ...] = ()
    suppressed: tuple[int, ...] = ()
    suppressed_first: tuple[int, ...] = ()
    left: tuple[str, ...] = ()  # what is stored and not followed

    template: str | None = None  # of conversations
    names: dict[str, str] = {}  # special tokens by what the template calls them


FORM = TypeAdapter(Language)


def language_of(metadata: Mapping[str, str]) -> Language | None:
    """What is stored with the weights; None for a model of nnspec's own training.

    Raises:
        SpecError: it cannot be used.
    """
    return stored(metadata, LANGUAGE, FORM)
