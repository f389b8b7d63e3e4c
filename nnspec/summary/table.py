"""A summary as text: a tree with columns of numbers, and the totals below it."""

from __future__ import annotations

import re

from nnspec.dims import Size, symbols
from nnspec.elaborate.describe import describe
from nnspec.layers.base import TensorType
from nnspec.summary.figures import Figures
from nnspec.summary.rows import Row

HEADINGS = ("Layer", "Output", "Parameters", "MACs")
LONGEST = 100  # characters of an expression
_GAP = "  "
_LEAST = (20, 14, 10, 10)  # what a column keeps where the terminal is narrow


def table(summary: Figures, width: int | None = None) -> str:
    """The whole summary, at most `width` columns wide if one is given: what does not fit goes on below."""
    rows = [cells(row) for row in summary.rows]
    widths = _fit([max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)], width)
    rule = "─" * (sum(widths) + len(_GAP) * 3)
    body = [line for row, texts in zip(summary.rows, rows, strict=True) for line in _lines(texts, widths, row.branch)]
    return "\n".join([*head(summary), "", *_lines(HEADINGS, widths), rule, *body, rule, *_totals(summary)])


def head(summary: Figures) -> list[str]:
    """The model with its arguments, inputs and outputs, as a spec writes them."""
    arguments = ", ".join(f"{name} = {describe(value)}" for name, value in summary.arguments.items())
    ports = [f"  input {name}: {type.dtype}{type}" for name, type in summary.inputs.items()]
    ports += [f"  output {name}: {type.dtype}{type}" for name, type in summary.outputs.items()]
    return [f"{summary.name}({arguments})" if arguments else summary.name, *ports]


def cells(row: Row) -> tuple[str, str, str, str]:
    """The texts of a row's columns."""
    trunk = "".join("   " if last else "│  " for last in row.branch[:-1])
    corner = "└─ " if row.branch[-1] else "├─ "
    wiring = f"  ← {', '.join(row.sources)}" if row.sources else ""
    return trunk + corner + row.title + wiring, shapes(row.outputs), f"{row.parameters:,}", count(row.macs)


def shapes(types: tuple[TensorType, ...]) -> str:
    """Shapes; the element type where it is not float."""
    return ", ".join(f"{'' if type.dtype == 'float' else type.dtype}{type}" for type in types)


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
        ("Activation memory", f"{memory(summary.activation_bytes)}{many}, the outputs of all layers"),
    ]


def _totals(summary: Figures) -> list[str]:
    return [f"{what:<22}{amount}" for what, amount in totals(summary)]


def _fit(widths: list[int], width: int | None) -> list[int]:
    """Column widths for a terminal: what is too wide is taken from the widest column that can give some."""
    room = None if width is None else width - len(_GAP) * 3
    while room is not None and sum(widths) > room:
        spare, index = max(
            (have - least, index) for index, (have, least) in enumerate(zip(widths, _LEAST, strict=True))
        )
        if spare <= 0:
            break
        widths[index] -= 1
    return widths


def _lines(texts: tuple[str, ...], widths: list[int], branch: tuple[bool, ...] = ()) -> list[str]:
    """A row of the table; what is too long for its column goes on in the lines below, the tree beside it."""
    trunk = "".join("   " if last else "│  " for last in branch)
    columns = [_wrapped(texts[0], widths[0], trunk)]
    columns += [_wrapped(text, width) for text, width in zip(texts[1:], widths[1:], strict=True)]
    made = []
    for index in range(max(map(len, columns))):
        first, output, *numbers = (column[index] if index < len(column) else "" for column in columns)
        parts = [(first or trunk).ljust(widths[0]), output.ljust(widths[1])]
        parts += [text.rjust(width) for text, width in zip(numbers, widths[2:], strict=True)]
        made.append(_GAP.join(parts).rstrip())
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
