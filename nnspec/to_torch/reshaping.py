"""A tensor in another shape, as a person writes it: by what changes, and by all sizes only where much does.

`x.flatten(2)`, `x.unflatten(2, (12, 64))` and `x[:, :, None]` need none of the sizes that stay.
"""

from __future__ import annotations

from collections.abc import Callable

from nnspec.dims import Size
from nnspec.to_torch.number import Whole
from nnspec.to_torch.operands import tuple_text

Sizes = tuple[Size, ...]


def reshaped(text: str, before: Sizes, after: Sizes, size: Callable[[Size], str]) -> str:
    """The expression for a tensor of the sizes `before` in those of `after`."""
    if before == after:
        return text
    start = _alike(before, after)
    end = _alike(before[start:][::-1], after[start:][::-1])
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    if tuple(each for each in new if each != 1) == old:
        items = [":"] * start + ["None" if each == 1 else ":" for each in new]
        while items[-1] == ":":
            items.pop()
        return f"{text}[{', '.join(items)}]"
    if old == (1,) and not new:
        return f"{text}.squeeze({start})"
    if len(new) == 1 and old:
        last = "" if not end else f", {len(before) - end - 1}"
        return f"{text}.flatten({start}{last})" if start or last else f"{text}.flatten()"
    if len(old) == 1 and new:
        return f"{text}.unflatten({start}, {_parts(new, size)})"
    return f"{text}.reshape({', '.join(map(size, after)) or '()'})"


def _alike(left: Sizes, right: Sizes) -> int:
    """The number of sizes at the start that are the same."""
    pairs = list(zip(left, right, strict=False))
    return next((index for index, (one, other) in enumerate(pairs) if one != other), len(pairs))


def _parts(sizes: Sizes, size: Callable[[Size], str]) -> str:
    """The sizes of the parts of a dimension; one that is no number, or not said to be one, follows from the others."""
    symbolic = [place for place, each in enumerate(sizes) if not isinstance(each, int)]
    silent = [place for place, each in enumerate(sizes) if not isinstance(each, Whole)]
    if not symbolic and 0 < len(silent) < len(sizes):
        symbolic = silent[-1:]
    return tuple_text("-1" if symbolic == [place] else size(each) for place, each in enumerate(sizes))
