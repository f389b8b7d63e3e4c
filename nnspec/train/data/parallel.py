"""Data for translation: lines of one language with those of another."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from nnspec.diagnostics import Span
from nnspec.reading.texts import lines_of
from nnspec.recipe.data import Parallel
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.fail import need_room, refuse, text_of
from nnspec.train.data.known import Known
from nnspec.train.data.samples import Held
from nnspec.train.data.vocabulary import END, PADDING, START, TokenList, counted, pieces, read_tokenizer, recounted

ROOM = 64  # bytes of memory for each byte of a text
LINES = 'give two files of as many lines, or one .tsv: parallel("pairs.tsv")'


def read_parallel(base: Path, choice: Parallel, span: Span | None, known: Known | None = None) -> DataSet:
    """`source` [N, S], `target` [N, T] that ends in `END`, `given` [N, T], which is one place behind it, and lengths.

    The classes are the tokens of the target.

    Raises:
        SpecError: a file cannot be read, the lines do not match, or fewer than two pairs are short enough.
    """
    pairs = _pairs(base, choice, span)
    tokenizer = None if choice.tokenizer is None else read_tokenizer(base / choice.tokenizer, span)
    sides = dict(zip(("source", "target"), zip(*pairs, strict=True), strict=True))

    def tokens(field: str) -> TokenList:
        if tokenizer is not None:
            return pieces(tokenizer, span)
        if known is not None:
            return recounted(known.names(field))
        return counted(sides[field], choice.unit == "character", choice.vocabulary)

    source, target = tokens("source"), tokens("target")
    coded = [(source.encode(left), target.encode(right)) for left, right in pairs]
    kept = [pair for pair in coded if max(map(len, pair)) <= choice.length]
    left_out = len(coded) - len(kept)
    if len(kept) < 2:
        reason = f"{left_out:,} of its {len(coded):,} pairs are longer than {choice.length} tokens"
        refuse(base / choice.path, reason, "write a greater length", span)
    need_room(base / choice.path, 24 * len(kept) * (choice.length + 1), span)
    fields = {
        "source": _padded([left for left, _ in kept]),
        "target": _padded([[*right, END] for _, right in kept]),
        "given": _padded([[START, *right] for _, right in kept]),
        "source_lengths": torch.tensor([len(left) for left, _ in kept]),
        "target_lengths": torch.tensor([len(right) + 1 for _, right in kept]),
    }
    note = f"{left_out:,} pairs of more than {choice.length} tokens are left out"
    return DataSet(
        Path(choice.path).name,
        Held(fields),
        target.tokens,
        aligned={"target": "given"},
        vocabularies={"source": source.tokens, "target": target.tokens},
        tokenizer=tokenizer.to_str() if tokenizer else None,
        notes=(note,) if left_out else (),
    )


def _pairs(base: Path, choice: Parallel, span: Span | None) -> list[tuple[str, str]]:
    """Source and target of every line; a line may not be empty."""
    first = base / choice.path
    lines = _lines(first, span)
    if choice.target is not None:
        others = _lines(base / choice.target, span)
        if len(lines) != len(others):
            refuse(first, f"it has {len(lines):,} lines, and {choice.target} has {len(others):,}", LINES, span)
        pairs = list(zip(lines, others, strict=True))
    else:
        cells = [[*line.split("\t"), ""] for line in lines]  # whose further columns say who translated
        pairs = [(left, right) for left, right, *_ in cells]
    if len(pairs) < 2:
        refuse(first, f"it holds {len(pairs)} pairs of lines", LINES, span)
    for number, (left, right) in enumerate(pairs, 1):
        if not left.strip() or not right.strip():
            refuse(first, f"line {number} has no {'translation' if left.strip() else 'source'}", LINES, span)
    return pairs


def _lines(path: Path, span: Span | None) -> list[str]:
    """The lines of a file; nothing but a line break ends one."""
    return lines_of(text_of(path, span, ROOM))


def _padded(rows: list[list[int]]) -> Tensor:
    """[N, the length of the longest row]."""
    longest = max(map(len, rows))
    return torch.tensor([row + [PADDING] * (longest - len(row)) for row in rows])
