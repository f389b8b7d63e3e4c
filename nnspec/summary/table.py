"""A summary as text: a tree with columns of numbers, and the totals below it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nnspec.dims import Size, symbols
from nnspec.elaborate.describe import describe
from nnspec.summary.columns import Column, chosen, shapes
from nnspec.summary.figures import Figures
from nnspec.summary.row import Row

LAYER = Column("Layer", lambda row, summary: row.wired, number=False)
OUTPUT = Column("Output", lambda row, summary: shapes(row.outputs), number=False)
PARAMETERS = Column("Parameters", lambda row, summary: f"{row.parameters:,}")
MACS = Column("MACs", lambda row, summary: count(row.macs))
LONGEST = 100  # characters of an expression
_GAP = "  "
_LEAST = {LAYER: 20, OUTPUT: 14, PARAMETERS: 10, MACS: 10}  # what a column keeps where the terminal is narrow


def columns(names: Iterable[str] = ()) -> list[Column]:
    """The columns of a table, with those that are asked for.

    Raises:
        ValueError: there is no such column.
    """
    return [LAYER, OUTPUT, *chosen(names), PARAMETERS, MACS]


def table(summary: Figures, width: int | None = None, names: Iterable[str] = ()) -> str:
    """The whole summary, at most `width` characters wide if that is given: what does not fit goes on below."""
    shown = columns(names)
    rows = [(_tree(row) + row.wired, *(column.text(row, summary) for column in shown[1:])) for row in summary.rows]
    headings = tuple(column.heading for column in shown)
    widths = _fit([max(map(len, texts)) for texts in zip(headings, *rows, strict=True)], shown, width)
    rule = "─" * (sum(widths) + len(_GAP) * (len(shown) - 1))
    body = [
        line for row, texts in zip(summary.rows, rows, strict=True) for line in _lines(texts, shown, widths, row.branch)
    ]
    return "\n".join([*head(summary), "", *_lines(headings, shown, widths), rule, *body, rule, *_totals(summary)])


def head(summary: Figures) -> list[str]:
    """The model with its arguments, inputs and outputs, as a spec writes them."""
    arguments = ", ".join(f"{name} = {describe(value)}" for name, value in summary.arguments.items())
    ports = [f"  input {name}: {type.dtype}{type}" for name, type in summary.inputs.items()]
    ports += [f"  output {name}: {type.dtype}{type}" for name, type in summary.outputs.items()]
    return [f"{summary.name}({arguments})" if arguments else summary.name, *ports]


def _tree(row: Row) -> str:
    """The branches of the tree before a row."""
    trunk = "".join("   " if last else "│  " for last in row.branch[:-1])
    return trunk + ("└─ " if row.branch[-1] else "├─ ")


def count(size: Size) -> str:
    """A number with separators, or an expression; one that nobody would read is named by what it depends on."""
    if isinstance(size, int):
        return f"{size:,}"
    text = re.sub(r"\d{4,}", lambda digits: f"{int(digits[0]):,}", str(size))
    names = ", ".join(sorted(symbol.text for symbol in symbols(size)))
    return text if len(text) <= LONGEST else f"depends on {names}: --input gives it a number"


def memory(size: Size) -> str:
    """Bytes as a person reads them."""
    if not isinstance(size, int):
        return count(size) if count(size).startswith("depends") else f"{count(size)} bytes"
    if size < 1024:
        return f"{size} bytes"
    amount = float(size)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        amount /= 1024
        if amount < 1024:
            return f"{amount:,.1f} {unit}"
    return f"{amount / 1024:,.1f} PiB"


def totals(summary: Figures) -> list[tuple[str, str]]:
    """The totals: what, and how much."""
    one = f" ({summary.batch_symbol} = 1)" if summary.batch_symbol else ""
    many = f" ({summary.batch_symbol} = {summary.batch:,})" if summary.batch_symbol else ""
    return [
        ("Trainable parameters", f"{summary.trainable:,}"),
        ("Frozen parameters", f"{summary.frozen:,}"),
        *([("Active parameters", f"{summary.active:,}, for one token")] if summary.active < summary.parameters else []),
        ("Buffers", f"{summary.buffers:,}"),
        ("Model size", memory(summary.model_bytes)),
        ("Multiply-accumulates", f"{count(summary.macs)}{one}, of convolutions and matrix products"),
        ("Activation memory", f"{memory(summary.activation_bytes)}{many}, the outputs of all layers, without views"),
    ]


def _totals(summary: Figures) -> list[str]:
    return [f"{what:<22}{amount}" for what, amount in totals(summary)]


def _fit(widths: list[int], shown: list[Column], width: int | None) -> list[int]:
    """Column widths for a terminal: what is too wide is taken from the widest column that can give some."""
    room = None if width is None else width - len(_GAP) * (len(shown) - 1)
    least = [_LEAST.get(column, len(column.heading)) for column in shown]
    while room is not None and sum(widths) > room:
        spare, index = max((have - kept, index) for index, (have, kept) in enumerate(zip(widths, least, strict=True)))
        if spare <= 0:
            break
        widths[index] -= 1
    return widths


def _lines(texts: tuple[str, ...], shown: list[Column], widths: list[int], branch: tuple[bool, ...] = ()) -> list[str]:
    """A row of the table; what is too long for its column goes on in the lines below, the tree beside it."""
    trunk = "".join("   " if last else "│  " for last in branch)
    wrapped = [_wrapped(texts[0], widths[0], trunk)]
    wrapped += [_wrapped(text, width) for text, width in zip(texts[1:], widths[1:], strict=True)]
    made = []
    for index in range(max(map(len, wrapped))):
        first, *others = (lines[index] if index < len(lines) else "" for lines in wrapped)
        parts = zip((first or trunk, *others), shown, widths, strict=True)
        placed = (text.rjust(width) if column.number else text.ljust(width) for text, column, width in parts)
        made.append(_GAP.join(placed).rstrip())
    return made


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """A text in lines that are at most `width` long; all but the first begin with `indent`."""
    made = [text]
    while len(made[-1]) > width:
        line = made.pop()
        space = max(line.rfind(" ", len(indent) + 1, width + 1), line.rfind("*", len(indent) + 1, width))
        end = space if line[:space].strip(" │├└─") and space > len(indent) else width
        made += [line[:end].rstrip(), indent + line[end:].lstrip()]
        if len(made[-1]) >= len(line):  # too narrow for the tree beside it
            made[-1] = line[end:].lstrip()
    return made
