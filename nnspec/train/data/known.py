"""The meanings of the numbers of data: by them a further data set is read with the same numbers as the first one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnspec.infer.metadata import FILLED, NAMES, TEXT, VOCABULARIES, class_names, stored
from nnspec.infer.tokens import FORM, TEXTS
from nnspec.record import Record
from nnspec.train.data.dataset import DataSet


class Known(Record):
    """The meanings of numbers, as they are stored with weights."""

    classes: tuple[str, ...] = ()
    vocabularies: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - records do not change
    tokenizer: str | None = None
    columns: tuple[str, ...] = ()
    filled: dict[str, float | str] = {}  # noqa: RUF012 - see above
    texts: dict[str, dict[str, Any]] = {}  # noqa: RUF012 - of fields of texts: the column, and the most tokens

    @classmethod
    def of(cls, data: DataSet) -> Known:
        """Those of a data set."""
        return cls(data.classes, data.vocabularies, data.tokenizer, data.columns, data.filled, data.texts)

    @classmethod
    def stored(cls, metadata: Mapping[str, str]) -> Known:
        """Those that training has stored.

        Raises:
            SpecError: they cannot be used.
        """
        vocabularies = stored(metadata, "nnspec.vocabularies", VOCABULARIES) or {}
        columns = stored(metadata, "nnspec.columns", NAMES)
        return cls(
            tuple(class_names(metadata)),
            {name: tuple(tokens) for name, tokens in vocabularies.items()},
            stored(metadata, "nnspec.tokenizer", TEXT),
            tuple(columns or ()),
            stored(metadata, "nnspec.filled", FILLED) or {},
            {name: each.model_dump() for name, each in (stored(metadata, TEXTS, FORM) or {}).items()},
        )

    def metadata(self) -> dict[str, Any]:
        """What is stored with weights, by key; None where there is nothing."""
        return {
            "nnspec.classes": list(self.classes) or None,
            "nnspec.vocabularies": self.vocabularies or None,
            "nnspec.tokenizer": self.tokenizer,
            "nnspec.columns": list(self.columns) or None,
            "nnspec.filled": self.filled or None,
            "nnspec.texts": self.texts or None,
        }

    def names(self, field: str) -> tuple[str, ...]:
        """What the numbers of a field stand for; none where that is not known."""
        return self.vocabularies.get(field) or (self.classes if field == "label" else ())
