"""Data of labelled texts: rows of tokens, how many each has, and what is wanted of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from nnspec.diagnostics import Span
from nnspec.recipe.data import Texts
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.fail import need_room, read_from
from nnspec.train.data.known import Known
from nnspec.train.data.rows import Rows
from nnspec.train.data.vocabulary import PADDING, TokenList, counted, pieces, read_tokenizer, recounted, restored

TOKENS, LENGTHS = "tokens", "lengths"


def read_texts(base: Path, choice: Texts, span: Span | None, known: Known | None = None) -> DataSet:
    """`tokens` [N, T], `lengths` [N], and what is wanted, of CSV, Parquet or JSON lines.

    Args:
        base: the folder that paths start from.
        choice: which columns are texts, and how they become tokens.
        span: of the recipe.
        known: what the numbers stand for; the tokens are counted if it is left out.

    Raises:
        SpecError: a file is missing, is no table, or has no such column; or a row has no text.
    """
    path = base / choice.path
    with read_from(path, span):
        return _Reading(path, base, choice, span, known).data()


class _Reading(Rows):
    """The columns of texts, and the fields that they become."""

    def __init__(self, path: Path, base: Path, choice: Texts, span: Span | None, known: Known | None) -> None:
        super().__init__(path, choice.rows, known, span)
        self.texts = choice
        left = [name for name in self.names if name not in self.wanted]
        names = choice.columns or tuple(left[:1])
        if not names:
            self.fail("it has one column only", "it needs a column of texts and what is wanted")
        for name in names:
            self.need(name)
            if name in self.wanted:
                self.fail(f"{name} is a text and wanted at once", "write it once")
        self.columns = {name: self.table.texts(name) for name in names}
        unused = [name for name in left if name not in names]
        self.notes = [f"columns that are left out: {', '.join(unused)}"] if unused else []
        self.settle()
        file = None if choice.tokenizer is None else base / choice.tokenizer
        stored = known.tokenizer if known else None
        self.tokenizer = restored(stored, span) if stored else read_tokenizer(file, span) if file else None

    def ways(self, name: str) -> str:
        """The way out where a row has no text, or not what is wanted."""
        return 'leave such rows out: missing = "drop"'

    def data(self) -> DataSet:
        """The fields."""
        fields: dict[str, Tensor] = {}
        vocabularies: dict[str, tuple[str, ...]] = {}
        fed: dict[str, str] = {}
        for name, column in self.columns.items():
            assert isinstance(column, list)
            field, lengths = (name, f"{name}_{LENGTHS}") if len(self.columns) > 1 else (TOKENS, LENGTHS)
            tokens = self._tokens(field, column)
            fields[field], fields[lengths] = self._padded(name, column, tokens)
            vocabularies[field] = tokens.tokens
            fed[name] = field
        return self.data_set(fields, vocabularies).replace(
            texts={field: {"column": name, "length": self.texts.length} for name, field in fed.items()},
            tokenizer=self.tokenizer.to_str() if self.tokenizer else None,
        )

    def _tokens(self, field: str, column: list[str]) -> TokenList:
        """The tokens of a column: those of the tokenizer, those that are known, or the most frequent ones."""
        if self.tokenizer is not None:
            return pieces(self.tokenizer, self.span)
        if self.known is not None:
            return recounted(self.known.vocabularies.get(field, ()))
        return counted(column[: self.trained], self.texts.unit == "character", self.texts.vocabulary)

    def _padded(self, name: str, column: Sequence[str], tokens: TokenList) -> tuple[Tensor, Tensor]:
        """[N, T] with the longest text of at most `length` tokens, and the number of tokens of each."""
        rows = [tokens.encode(text) for text in column]
        empty = next((index for index, row in enumerate(rows) if not row), None)
        if empty is not None:
            self.fail(f"{self.place(empty)} has no tokens in {name}: {column[empty][:40]!r}", "remove the row")
        long = sum(len(row) > self.texts.length for row in rows)
        if long:
            self.notes.append(f"{long:,} texts of more than {self.texts.length} tokens are cut")
        rows = [row[: self.texts.length] for row in rows]
        longest = max(map(len, rows))
        need_room(self.path, 8 * len(rows) * longest, self.span)
        made = torch.full((len(rows), longest), PADDING)
        for index, row in enumerate(rows):
            made[index, : len(row)] = torch.tensor(row)
        return made, torch.tensor([len(row) for row in rows])
