"""`summarise`: a program to its `Summary`, which prints as a table and carries every number as an attribute."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nnspec.arguments import typed
from nnspec.diagnostics import SpecError
from nnspec.dims import Size
from nnspec.elaborate.mistakes import BadSetting
from nnspec.ir import Module, Port, Program
from nnspec.ir.batch import Obstacle, batch_of, find_batch
from nnspec.layers.tensor_type import TensorType
from nnspec.recipe.frozen import Frozen
from nnspec.summary.columns import sizes
from nnspec.summary.figures import Figures
from nnspec.summary.memory import activation_bytes
from nnspec.summary.row import Row
from nnspec.summary.rows import Rows
from nnspec.summary.table import table


class Summary(Figures):
    """The figures of a network, which print as a table, as a page or as JSON."""

    def __str__(self) -> str:
        return self.table()

    __repr__ = __str__  # what an interactive Python shows

    @typed
    def table(self, width: int | None = None, columns: Iterable[str] = ()) -> str:
        """The summary as text.

        Args:
            width: the most characters of a line; as wide as it gets if it is left out.
            columns: further columns: `kernel`, `stride`, `field`, `dtype`, `trainable`, `input`.

        Raises:
            SpecError: there is no such column.
        """
        return table(self, width, columns)

    def _repr_html_(self) -> str:
        from nnspec.summary.notebook import page  # for notebooks only

        return page(self)

    @typed
    def to_json(self, indent: int | None = None) -> str:
        """The summary as JSON; sizes are numbers, or texts where they are symbolic."""
        form = {
            "model": self.name,
            "arguments": self.arguments,
            "inputs": {name: _type(type) for name, type in self.inputs.items()},
            "outputs": {name: _type(type) for name, type in self.outputs.items()},
            "rows": [{**_row(row), "field": sizes(self.field(row))} for row in self.rows],
            "trainable": self.trainable,
            "frozen": self.frozen,
            "active": self.active,
            "buffers": self.buffers,
            "model_bytes": self.model_bytes,
            "macs": _size(self.macs),
            "macs_for": {self.batch_symbol: 1} if self.batch_symbol else {},
            "activation_bytes": _size(self.activation_bytes),
            "activation_bytes_for": {self.batch_symbol: self.batch} if self.batch_symbol else {},
        }
        import json  # a table needs none

        return json.dumps(form, indent=indent)


def summarise(
    program: Program, frozen: Frozen | None = None, *, depth: int | None = None, batch: int | None = None
) -> Summary:
    """Count a program.

    Args:
        program: what to count.
        frozen: what its recipe freezes.
        depth: how many levels of the tree become rows; all of them if it is left out.
        batch: the number of samples for the activation memory, 1 if it is left out.

    Raises:
        SpecError: a batch is given, and no symbol is known to count samples.
    """
    main = program.main
    counted = batch_of(program)
    symbol = counted.symbol if counted else None
    if batch is not None and symbol is None:
        raise SpecError.of(no_batch(program))
    one: dict[str, Size] = {symbol: 1} if symbol else {}
    many: dict[str, Size] = {symbol: batch or 1} if symbol else {}
    rows = Rows(program, one, frozen)
    return Summary(
        program=program,
        name=main.name,
        arguments=main.arguments,
        inputs=_types(main, main.inputs),
        outputs=_types(main, main.outputs),
        rows=tuple(rows.all(depth)),
        totals=rows.total,
        macs=rows.macs[program.entry],
        activation_bytes=activation_bytes(program, many),
        batch_symbol=symbol,
        batch=(batch or 1) if symbol else None,
    )


def no_batch(program: Program) -> BadSetting:
    """The mistake of giving a batch to a model no symbol of which is known to count samples."""
    main, found = program.main, find_batch(program)
    advice = "leave the batch out, and give sizes by --input"
    if isinstance(found, Obstacle):
        return BadSetting(None, f"{main.name} has no batch to set: {found.reason}", advice)
    shape = str(main.input_types[0]) if main.inputs else "missing"
    reason = f"{main.name} has no batch to set: no dimension of its first input is a symbol ({shape})"
    return BadSetting(None, reason, "leave the batch out, or write a symbol: input image: float[N, 3, 224, 224]")


def _types(module: Module, ports: tuple[Port, ...]) -> dict[str, TensorType]:
    return {port.name: module.values[port.value] for port in ports}


def _size(size: Size) -> int | str:
    return size if isinstance(size, int) else str(size)


def _type(type: TensorType) -> dict[str, Any]:
    return {"dtype": type.dtype, "shape": [_size(size) for size in type.shape]}


def _row(row: Row) -> dict[str, Any]:
    return {
        "path": row.path,
        "kind": row.kind,
        "count": row.count,
        **({} if row.chosen is None else {"chosen": row.chosen}),
        "depth": row.depth,
        "inputs": [_type(type) for type in row.inputs],
        "outputs": [_type(type) for type in row.outputs],
        "kernel": [window.kernel for window in row.windows],
        "stride": [window.stride for window in row.windows],
        "parameters": row.parameters,
        "trainable": row.trainable,
        "buffers": row.buffers,
        "macs": _size(row.macs),
        "value": row.value,
        "sources": list(row.sources),
        "notes": list(row.notes),
    }
