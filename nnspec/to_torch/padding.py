"""Padding as torch writes it: one number, one for each dimension, or F.pad's order with the last dimension first."""

from __future__ import annotations

from nnspec.layers.window import Pairs


def symmetric(pairs: Pairs) -> int | tuple[int, ...] | None:
    """Padding that is the same at both ends as a `padding` argument: a number if it is one; None if it is not."""
    if any(begin != end for begin, end in pairs):
        return None
    sizes = tuple(begin for begin, _ in pairs)
    return sizes[0] if len(set(sizes)) == 1 else sizes


def pad_order(pairs: Pairs) -> tuple[int, ...]:
    """The padding as `F.pad` takes it."""
    return tuple(size for pair in reversed(pairs) for size in pair)
