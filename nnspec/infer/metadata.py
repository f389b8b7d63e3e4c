"""Metadata that training stores with a model, as JSON by key: the names of classes, statistics, vocabularies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from pydantic import FiniteFloat, TypeAdapter, ValidationError

from nnspec.diagnostics import SpecError
from nnspec.infer.mistakes import BadMetadata

T = TypeVar("T")

NAMES = TypeAdapter(list[str])
NUMBERS = TypeAdapter(list[FiniteFloat] | dict[str, list[FiniteFloat]])
TEXT = TypeAdapter(str)
VOCABULARIES = TypeAdapter(dict[str, list[str]])
FILLED = TypeAdapter(dict[str, float | str])
SIZES = TypeAdapter(dict[str, int])


def stored(metadata: Mapping[str, str], key: str, form: TypeAdapter[T]) -> T | None:
    """The value stored under a key; None where there is none.

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


def by_input(metadata: Mapping[str, str], key: str, first: Sequence[str]) -> dict[str, list[float]]:
    """Numbers by the name of the input that they are of; a list alone is of the first input of floats.

    Raises:
        SpecError: what is stored are no numbers.
    """
    found = stored(metadata, key, NUMBERS)
    if found is None or isinstance(found, dict):
        return found or {}
    if not first:
        raise SpecError.of(BadMetadata(None, key, "the model has no input of floats"))
    return {first[0]: found}


def statistics(metadata: Mapping[str, str], name: str, count: int) -> tuple[list[float], list[float]]:
    """Mean and deviation of each of `count` channels (or columns) by which an input is still to be normalised.

    They are 0 and 1 where nothing is stored, or the model itself normalises.

    Raises:
        SpecError: what is stored is not one number, or one for each.
    """
    found = []
    for key, otherwise in (("nnspec.mean", 0.0), ("nnspec.std", 1.0)):
        numbers = by_input(metadata, key, (name,)).get(name, [otherwise])
        if len(numbers) not in (1, count) or (key == "nnspec.std" and min(numbers) <= 0):
            raise SpecError.of(BadMetadata(None, key, f"{numbers} does not fit {count} channels or columns"))
        found.append(numbers if len(numbers) == count else numbers * count)
    return found[0], found[1]
