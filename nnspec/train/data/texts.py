"""Data of labelled texts: rows of tokens, how many each has, and what is wanted of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nnspec.diagnostics import Span
from nnspec.reading.many_texts import AT_ONCE
from nnspec.recipe.data import Texts
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.fail import need_room, read_from
from nnspec.train.data.known import Known
from nnspec.train.data.rows import Rows
from nnspec.train.data.staged import StagedTable
from nnspec.train.data.vocabulary import PADDING, TokenList, counted, pieces, read_tokenizer, recounted, restored
from nnspec.train.supply import Supply

TOKENS, LENGTHS = "tokens", "lengths"


def read_texts(
    base: Path, choice: Texts, span: Span | None, known: Known | None = None, supply: Supply | None = None
) -> DataSet:
    """`tokens` [N, T], `lengths` [N], and what is wanted, of CSV, Parquet or JSON lines.

    Args:
        base: the folder that paths start from.
        choice: which columns are texts, and how they become tokens.
        span: of the recipe.
        known: what the numbers stand for; the tokens are counted if it is left out.
        supply: where a large one is written, and who is told.

    Raises:
        SpecError: a file is missing, is no table, or has no such column; or a row has no text.
    """
    path = base / choice.path
    with read_from(path, span):
        return _Reading(path, base, choice, span, known, supply or Supply()).data()


class _Reading(Rows):
    """The columns of texts, and the fields that they become."""

    def __init__(
        self, path: Path, base: Path, choice: Texts, span: Span | None, known: Known | None, supply: Supply
    ) -> None:
        super().__init__(path, choice.rows, known, span, supply)
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
            assert not isinstance(column, np.ndarray)
            field, lengths = (name, f"{name}_{LENGTHS}") if len(self.columns) > 1 else (TOKENS, LENGTHS)
            tokens = self._tokens(field, column)
            fields[field], fields[lengths] = self._padded(name, column, tokens)
            vocabularies[field] = tokens.tokens
            fed[name] = field
        return self.data_set(fields, vocabularies).replace(
            texts={field: {"column": name, "length": self.texts.length} for name, field in fed.items()},
            tokenizer=self.tokenizer.to_str() if self.tokenizer else None,
        )

    def _tokens(self, field: str, column: Sequence[str]) -> TokenList:
        """The tokens of a column: those of the tokenizer, those that are known, or the most frequent ones."""
        if self.tokenizer is not None:
            return pieces(self.tokenizer, self.span)
        if self.known is not None:
            return recounted(self.known.vocabularies.get(field, ()))
        trained = islice(column, self.trained)
        return counted(trained, self.texts.unit == "character", self.texts.vocabulary)

    def _padded(self, name: str, column: Sequence[str], tokens: TokenList) -> tuple[Tensor, Tensor]:
        """[N, T] with the longest text of at most `length` tokens, and the number of tokens of each."""
        most, count, long = self.texts.length, len(column), 0
        mapped = isinstance(self.table, StagedTable)
        dtype = torch.int64 if not mapped else torch.int16 if len(tokens.tokens) < 1 << 15 else torch.int32
        if not mapped:
            need_room(self.path, 8 * count * most, self.span)
        lengths = np.empty(count, np.int64)
        whole = self.room(dtype, count, most)
        made = whole.numpy()
        for index, text in enumerate(column):
            row = tokens.encode(text)
            if not row:
                self.fail(f"{self.place(index)} has no tokens in {name}: {text[:40]!r}", "remove the row")
            long += len(row) > most
            lengths[index] = length = min(len(row), most)
            made[index, :length] = row[:length]
            made[index, length:] = PADDING
        if long:
            self.notes.append(f"{long:,} texts of more than {most} tokens are cut")
        longest = int(lengths.max())
        if longest < most:
            whole = self.room(dtype, count, longest)
            for start in range(0, count, AT_ONCE):
                whole.numpy()[start : start + AT_ONCE] = made[start : start + AT_ONCE, :longest]
        return whole, torch.from_numpy(lengths)
