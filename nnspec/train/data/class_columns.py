"""Columns of classes in data sets of Hugging Face, numbered by their names as training has numbered them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnspec.diagnostics import Span
from nnspec.train.data.fail import refuse
from nnspec.train.data.known import Known

SHOWN = 10  # names in a message


def values_of(feature: Any) -> Any:
    """What a column has at each place: the innermost feature of lists."""
    while hasattr(feature, "feature"):
        feature = feature.feature
    return feature


def names_of(feature: Any) -> tuple[str, ...]:
    """The names of the classes in a column, by their numbers there; none in a column of another kind."""
    values = values_of(feature)
    return tuple(values.names or ()) if type(values).__name__ == "ClassLabel" else ()


class ClassColumns:
    """The names that numbers of classes stand for: those that are known, or those of the training part."""

    def __init__(self, name: str, features: Mapping[str, Any], known: Known | None, span: Span | None) -> None:
        """Find the columns.

        Args:
            name: of the data set, for messages.
            features: of the training part.
            known: what the numbers stand for, where they are those of another data set.
            span: of the recipe.
        """
        self.name = name
        self.span = span
        own = {column: names_of(feature) for column, feature in features.items()}
        plain = [column for column, names in own.items() if names and values_of(features[column]) is features[column]]
        first = plain[0] if plain else None
        self.names = {column: names for column, names in own.items() if names}
        self.notes: list[str] = []
        if known is not None:
            for column in self.names:
                names = known.vocabularies.get(column) or (known.classes if column == first else ())
                if names:
                    self.names[column] = names
                else:
                    self.notes.append(
                        f"the model does not know the names of {column}: its numbers are taken as they are"
                    )
            if first is None and known.classes:
                some = ", ".join(f"{number} {name}" for number, name in enumerate(known.classes[:SHOWN]))
                self.notes.append(f"no column has names of classes: numbers are taken for those of the model, {some}")
        self.classes = self.names[first] if first is not None else known.classes if known is not None else ()
        self.others = {column: names for column, names in self.names.items() if column != first}

    def numbered(self, column: str, feature: Any, numbers: Tensor) -> Tensor:
        """The numbers of a column of a part by the names that they have there.

        Raises:
            SpecError: one has a name that is not known.
        """
        own, wanted = names_of(feature), self.names.get(column, ())
        if not own or own == wanted or numbers.is_floating_point() or not numbers.numel():
            return numbers
        places = {name: number for number, name in enumerate(wanted)}
        there = (numbers >= 0) & (numbers < len(own))  # -1 is a sample without a class
        unknown = [own[number] for number in np.unique(numbers[there].numpy()).tolist() if own[number] not in places]
        if unknown:
            some = ", ".join(unknown[:SHOWN])
            refuse(
                self.name, f"the model does not know {some}", f"its classes are {', '.join(wanted[:SHOWN])}", self.span
            )
        table = torch.tensor([places.get(name, -1) for name in own])
        return torch.where(there, table[numbers.clamp(0, len(own) - 1)], numbers)
