"""Data that is given in Python, in place of what a recipe names: arrays, data sets of others, batches."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict, Field, SkipValidation

from nnspec.recipe.choice import Choice
from nnspec.recipe.data import Data
from nnspec.recipe.fields import UNKNOWN, Fields
from nnspec.weights.source import WeightChoice, given

KEYS = frozenset({"data", "validation", "test"})  # of a recipe that may be given so


class Given(Data):
    """Data as its user has it in Python. A spec cannot write it."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    paths: ClassVar[tuple[str, ...]] = ()

    value: SkipValidation[Any] = Field(exclude=True)

    def fields(self, base: Path | None) -> Fields:
        if isinstance(self.value, Mapping) and not hasattr(self.value, "column_names"):  # no splits of Hugging Face
            return Fields(dict.fromkeys(map(str, self.value)))
        return UNKNOWN

    def to_json(self) -> dict[str, Any]:
        """What kind of thing it was, which is all that can be written down."""
        return {self.word: {"kind": f"{type(self.value).__module__}.{type(self.value).__qualname__}"}}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Given) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


Given.__name__ = "the given data"


class GivenWeights(Choice):
    """Weights to start from as a `state_dict` in Python, or as one takes them. A spec cannot write them."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    value: SkipValidation[Mapping[str, Any] | WeightChoice] = Field(exclude=True)

    def to_json(self) -> dict[str, Any]:
        """How many there were, or the file, which is all that is written down."""
        held = given(self.value)
        return {self.word: {"tensors": len(held)} if isinstance(held, Mapping) else {"file": str(held)}}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GivenWeights) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


GivenWeights.__name__ = "the given weights"


def is_given(key: str, value: object) -> bool:
    """Whether the value of a key is an object of Python, and no text of the language, path, share or `none`."""
    if key == "weights":
        return isinstance(value, (Mapping, WeightChoice))
    written = (str, Data) if key == "data" else (str, Data, int, float)
    return key in KEYS and value is not None and not isinstance(value, written) and not hasattr(value, "__fspath__")
