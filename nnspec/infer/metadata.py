"""What training has stored with a model, as JSON by key: the names of classes, statistics, vocabularies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from nnspec.diagnostics import SpecError
from nnspec.infer.mistakes import BadMetadata

T = TypeVar("T")

NAMES = TypeAdapter(list[str])
NUMBERS = TypeAdapter(list[float])
TEXT = TypeAdapter(str)
VOCABULARIES = TypeAdapter(dict[str, list[str]])
SIZES = TypeAdapter(dict[str, int])


def stored(metadata: Mapping[str, str], key: str, form: TypeAdapter[T]) -> T | None:
    """What is stored under a key; None where nothing is.

    Raises:
        SpecError: it does not have this form.
    """
    if key not in metadata:
        return None
    try:
        return form.validate_json(metadata[key])
    except ValidationError as error:
        raise SpecError.of(BadMetadata(None, key, str(error.errors()[0]["msg"]))) from None


def class_names(metadata: Mapping[str, str]) -> list[str]:
    """The names of the classes; none where they are not known.

    Raises:
        SpecError: what is stored is no list of names.
    """
    return stored(metadata, "nnspec.classes", NAMES) or []


def statistics(metadata: Mapping[str, str], count: int) -> tuple[list[float], list[float]]:
    """Mean and deviation of each of `count` channels (or columns), by which the training data was normalised.

    They are 0 and 1 where nothing is stored.

    Raises:
        SpecError: what is stored is not one number, or one for each.
    """
    found = []
    for key, otherwise in (("nnspec.mean", 0.0), ("nnspec.std", 1.0)):
        numbers = stored(metadata, key, NUMBERS)
        numbers = [otherwise] if numbers is None else numbers
        if len(numbers) not in (1, count) or (key == "nnspec.std" and min(numbers) <= 0):
            raise SpecError.of(BadMetadata(None, key, f"{numbers} does not fit {count} channels or columns"))
        found.append(numbers if len(numbers) == count else numbers * count)
    return found[0], found[1]
