"""Further columns of a summary, on request: what stands in them for a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from nnspec.arguments import WrongArgument
from nnspec.diagnostics import SpecError, nearest
from nnspec.layers.base import LONG
from nnspec.record import Record
from nnspec.summary.figures import Figures
from nnspec.summary.row import Row

if TYPE_CHECKING:
    from nnspec.ir.reach import Seen
    from nnspec.layers.tensor_type import TensorType

NOTHING = "-"


class Column(Record):
    """A column: its heading, and its text for a row."""

    heading: str
    text: Callable[[Row, Figures], str]
    number: bool = True  # it stands to the right


def joined(sizes: Iterable[object]) -> str:
    """Sizes along several dimensions: `3` where they are the same, else `7x3`."""
    texts = [str(size) for size in sizes]
    return "x".join(texts[:1] if len(set(texts)) == 1 else texts) or NOTHING


def _kernel(row: Row, summary: Figures) -> str:
    return joined(window.kernel for window in row.windows)


def _stride(row: Row, summary: Figures) -> str:
    return joined(window.stride for window in row.windows)


def _field(row: Row, summary: Figures) -> str:
    shown = [f"{size:,}" if isinstance(size, int) else size or NOTHING for size in sizes(summary.field(row))]
    return joined(shown)


def sizes(field: Seen) -> list[int | str | None]:
    """A receptive field in whole places along each axis; "all" of them, or None where it is not known."""
    shown: list[int | str | None] = []
    for each in field or ():
        shown.append(None if isinstance(each.extent, int) and each.extent > LONG else each.extent)
    return shown


def _dtype(row: Row, summary: Figures) -> str:
    return ", ".join(dict.fromkeys(type.dtype for type in row.outputs))


def _trainable(row: Row, summary: Figures) -> str:
    return f"{row.trainable:,}"


def _input(row: Row, summary: Figures) -> str:
    return shapes(row.inputs) or NOTHING


def shapes(types: Iterable[TensorType]) -> str:
    """Shapes; the element type where it is not float."""
    return ", ".join(f"{'' if type.dtype == 'float' else type.dtype}{type}" for type in types)


COLUMNS = {
    "kernel": Column("Kernel", _kernel),
    "stride": Column("Stride", _stride),
    "field": Column("Field", _field),
    "dtype": Column("Type", _dtype, number=False),
    "trainable": Column("Trainable", _trainable),
    "input": Column("Input", _input, number=False),
}


def chosen(names: Iterable[str]) -> list[Column]:
    """The columns of these names.

    Raises:
        SpecError: there is no such column.
    """
    wanted = list(names)
    unknown = [name for name in wanted if name not in COLUMNS]
    if unknown:
        reason = f"there is no column {unknown[0]!r}: the columns are {', '.join(COLUMNS)}"
        close = nearest(unknown[0], COLUMNS)
        raise SpecError.of(WrongArgument(None, reason, f"did you mean {close}?" if close else "name some of these"))
    return [COLUMNS[name] for name in wanted]
