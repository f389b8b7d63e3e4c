"""Shapes as comments, where a line alone does not tell them: `# [N, heads, T, 64]` behind a permutation.

A comment is written only if it is true of every module of a class.
"""

from __future__ import annotations

from collections.abc import Sequence

from nnspec.dims import Size
from nnspec.to_torch.breaking import WIDTH
from nnspec.to_torch.parameters import Parameters

RANK = 4  # of fewer dimensions one keeps track
LENGTH = 36
INDENT = 8
_REARRANGED = (".permute(", ".reshape(", ".unflatten(")

Shape = tuple[Size, ...]


def helps(expression: str, before: Shape | None, after: Shape) -> bool:
    """Whether the shape of what an expression gives is worth a comment; `before` is that of what a block was given."""
    if len(after) < RANK:
        return False
    if before is not None:
        return before[2:] != after[2:] and len(before) == len(after)
    return any(word in expression for word in _REARRANGED) and not expression.startswith("torch.")


def remark(shapes: Sequence[Shape], parameters: Parameters) -> str:
    """The shape in the modules of a class as a comment; "" where there is none that is true of all."""
    if not shapes or any(len(shape) != len(shapes[0]) for shape in shapes):
        return ""
    sizes = [parameters.spoken(column) for column in zip(*shapes, strict=True)]
    comment = f"# [{', '.join(sizes)}]"
    return comment if "" not in sizes and len(comment) <= LENGTH else ""


def remarked(line: str, comment: str) -> list[str]:
    """A line with a comment behind it, or before it where it is long."""
    whole = f"{line}  {comment}"
    return [whole] if len(whole) <= WIDTH - INDENT else [comment, line]
