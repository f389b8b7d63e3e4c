"""Facts about data that is not read yet: its fields, their element types, and the sizes of a sample."""

from __future__ import annotations

from nnspec.layers.tensor_type import DType
from nnspec.record import Record


class Field(Record):
    """One field of a data set. A size is None where only the data itself knows it."""

    dtype: DType
    sizes: tuple[int | None, ...] = ()  # of a sample
    picture: bool = False  # it may be resized, and its channels changed
    mask: bool = False  # it has a class for every pixel
    aligned: str | None = None  # the field that its places are those of
    range: tuple[int, int] | None = None  # the least and the greatest of its integers

    @property
    def shape(self) -> str:
        """Its type as messages show it."""
        return f"[{', '.join(['N', *('?' if size is None else str(size) for size in self.sizes)])}]"


class Fields(Record):
    """The fields of a data set by name; None stands for a type that only the data itself knows."""

    known: dict[str, Field | None]
    complete: bool = True  # there are no others

    def __str__(self) -> str:
        return ", ".join(self.known)


UNKNOWN = Fields({}, complete=False)


def pictures(size: int | tuple[int, int] | None, channels: int | None = None) -> Field:
    """A field of pictures [channels, height, width] of this size."""
    height, width = size if isinstance(size, tuple) else (size, size)
    return Field("float", (channels, height, width), picture=True)


def classes(count: int | None = None) -> Field:
    """A field of `count` classes."""
    return Field("int", (), range=None if count is None else (0, count - 1))
