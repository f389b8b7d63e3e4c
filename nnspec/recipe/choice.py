"""A choice in a recipe: a word with arguments, checked by pydantic.

A class registers itself under the word that it gives, `class SGD(Optimizer, word="SGD")`, for the key of its base. The
name of the class is then that word, so that messages show it.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from nnspec.registration import check_free

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Below1 = Annotated[float, Field(ge=0.0, lt=1.0)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Pixels = Annotated[int, Field(gt=0, le=16_384)]
Size = Pixels | tuple[Pixels, Pixels]


class Configured(BaseModel):
    """Something with arguments, which messages show as they show those of layers."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    @classmethod
    def in_order(cls) -> tuple[str, ...]:
        """All arguments, in order; each may be given by position."""
        return tuple(cls.model_fields)


class Choice(Configured):
    """One thing that a key of the recipe may be."""

    key: ClassVar[str] = ""  # of the recipe
    nested: ClassVar[dict[str, str]] = {}  # arguments that are choices themselves, and the key whose choices they are

    def __init_subclass__(cls, word: str | None = None, key: str | None = None, **options: Any) -> None:
        """A class with a `word` is a choice for the key of its base; one with a `key` is the base for that key.

        Raises:
            SpecError: the word is that of another class.
        """
        super().__init_subclass__(**options)
        if key is not None:
            cls.key = key
            CHOICES[key] = {}
        if word is not None:
            check_free(f"word for `{cls.key}`", word, cls, CHOICES[cls.key])
            cls.__name__ = word
            CHOICES[cls.key][word] = cls

    def __str__(self) -> str:
        return self.word

    @property
    def word(self) -> str:
        """The word that a spec writes."""
        return type(self).__name__

    def to_json(self) -> dict[str, Any]:
        """The choice as plain data."""
        inner = {name: plain(getattr(self, name)) for name in self.nested}
        return {self.word: self.model_dump(mode="json", exclude=set(inner)) | inner}


CHOICES: dict[str, dict[str, type[Choice]]] = {}  # of each key, by their words


def plain(value: Any) -> Any:
    """A value of a recipe as plain data."""
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value.to_json() if isinstance(value, Choice) else value
