"""The rules of a `rename` line; nnspec/weights/renames.py carries it out."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic

_LENGTH = 500  # characters of a pattern


class BadRename(Diagnostic):
    """The patterns of a `rename` line do not fit each other.

    `rename "published" -> "own"` says how published files of weights spell a key of the model. A `*` stands for any
    run of characters, and both sides have equally many, which are the same in order: `rename "*.gamma" -> "*.weight"`.
    An empty right side passes over what a file holds beside the weights: `rename "*.position_ids" -> ""`.
    """

    code = "E0231"
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return f"the patterns of this `rename` do not fit: {self.reason}"


def bad_rename(published: str, own: str) -> tuple[str, str] | None:
    """The mistake in a line, and the way out; None if there is none."""
    if not published:
        return "the published key is empty", 'write it, such as "*.gamma"; a `*` stands for any run of characters'
    if max(len(published), len(own)) > _LENGTH:
        return f"a pattern has more than {_LENGTH} characters", "a `*` stands for any run of characters"
    if "**" in published:
        return "two `*` stand side by side, and nothing says where one ends", "write one `*`"
    if own and published.count("*") != own.count("*"):
        left, right = published.count("*"), own.count("*")
        return f"there are {left} `*` on the left and {right} on the right", 'write equally many, or "" on the right'
    if published == own:
        return "both sides are the same", "leave the line out"
    return None
