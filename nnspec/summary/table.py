"""A summary as text: a tree with columns of numbers, and the totals below it."""

from __future__ import annotations

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
    """The whole summary, at most `width` columns wide if one is given."""
    lines = [HEADINGS, *(cells(row) for row in summary.rows)]
    widths = _fit([max(map(len, column)) for column in zip(*lines, strict=True)], width)
    rule = "─" * (sum(widths) + len(_GAP) * 3)
    body = [_line(line, widths) for line in lines]
    return "\n".join([*head(summary), "", body[0], rule, *body[1:], rule, *_totals(summary)])


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
    return trunk + corner + row.title, shapes(row.outputs), f"{row.parameters:,}", count(row.macs)


def shapes(types: tuple[TensorType, ...]) -> str:
    """Shapes; the element type where it is not float."""
    return ", ".join(f"{'' if type.dtype == 'float' else type.dtype}{type}" for type in types)


def count(size: Size) -> str:
    """A number with separators, or an expression; one that nobody would read is named by what it depends on."""
    if isinstance(size, int):
        return f"{size:,}"
    names = ", ".join(sorted(symbol.text for symbol in symbols(size)))
    return str(size) if len(str(size)) <= LONGEST else f"depends on {names}: --input gives it a number"


def memory(size: Size) -> str:
    """Bytes as a person reads them."""
    if not isinstance(size, int):
        return f"{count(size)} bytes" if len(str(size)) <= LONGEST else count(size)
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


def _line(texts: tuple[str, ...], widths: list[int]) -> str:
    cut = [text if len(text) <= width else text[: width - 1] + "…" for text, width in zip(texts, widths, strict=True)]
    layer, output, *numbers = cut
    parts = [layer.ljust(widths[0]), output.ljust(widths[1])]
    parts += [text.rjust(width) for text, width in zip(numbers, widths[2:], strict=True)]
    return _GAP.join(parts).rstrip()
