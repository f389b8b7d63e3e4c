"""Further columns of a summary, on request: what stands in them for a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from nnspec.record import Record
from nnspec.summary.rows import Row

if TYPE_CHECKING:
    from nnspec.layers.tensor_type import TensorType

NOTHING = "-"


class Column(Record):
    """A column: its heading, and its text for a row."""

    heading: str
    text: Callable[[Row], str]
    number: bool = True  # it stands to the right


def joined(sizes: Iterable[object]) -> str:
    """Sizes along several dimensions: `3` where they are the same, else `7x3`."""
    texts = [str(size) for size in sizes]
    return "x".join(texts[:1] if len(set(texts)) == 1 else texts) or NOTHING


def _kernel(row: Row) -> str:
    return joined(window.kernel for window in row.windows)


def _stride(row: Row) -> str:
    return joined(window.stride for window in row.windows)


def _dtype(row: Row) -> str:
    return ", ".join(dict.fromkeys(type.dtype for type in row.outputs))


def _trainable(row: Row) -> str:
    return f"{row.trainable:,}"


def _input(row: Row) -> str:
    return shapes(row.inputs) or NOTHING


def shapes(types: Iterable[TensorType]) -> str:
    """Shapes; the element type where it is not float."""
    return ", ".join(f"{'' if type.dtype == 'float' else type.dtype}{type}" for type in types)


COLUMNS = {
    "kernel": Column("Kernel", _kernel),
    "stride": Column("Stride", _stride),
    "dtype": Column("Type", _dtype, number=False),
    "trainable": Column("Trainable", _trainable),
    "input": Column("Input", _input, number=False),
}


def chosen(names: Iterable[str]) -> list[Column]:
    """The columns of these names.

    Raises:
        ValueError: there is no such column.
    """
    wanted = list(names)
    unknown = [name for name in wanted if name not in COLUMNS]
    if unknown:
        raise ValueError(f"there is no column {unknown[0]!r}: the columns are {', '.join(COLUMNS)}")
    return [COLUMNS[name] for name in wanted]
