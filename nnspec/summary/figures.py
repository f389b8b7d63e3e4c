"""The figures of a network: the rows of its summary, and what they add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnspec.cached import cached_property
from nnspec.dims import Size
from nnspec.ir import Program
from nnspec.ir.state import Totals
from nnspec.layers.tensor_type import TensorType
from nnspec.record import Record
from nnspec.summary.row import Row

if TYPE_CHECKING:
    from nnspec.ir.field import Fields
    from nnspec.ir.reach import Seen


class Figures(Record):
    """The layers of a network and their counts.

    `macs` are multiply-accumulates of convolutions and matrix products in evaluation, for one sample where a symbol is
    known to count samples (`nnspec/ir/batch.py`; then it is 1), else for the sizes that the shapes state.
    `activation_bytes` are the outputs of all layers for a batch of `batch`, each application on its own, those for
    training only included, views and what is computed from parameters alone left out (`nnspec/summary/memory.py`).
    """

    program: Program
    name: str
    arguments: dict[str, Any]
    inputs: dict[str, TensorType]
    outputs: dict[str, TensorType]
    rows: tuple[Row, ...]
    totals: Totals
    macs: Size
    activation_bytes: Size
    batch_symbol: str | None
    batch: int | None  # None where the batch is no symbol

    @cached_property
    def _fields(self) -> Fields:
        from nnspec.ir.field import Fields  # few tables show them

        return Fields(self.program)

    def field(self, row: Row) -> Seen:
        """The receptive field of a row, with respect to the first picture or sequence that the model takes."""
        return self._fields.after(row.within, row.call)

    @property
    def trainable(self) -> int:
        """The number of trainable parameters."""
        return self.totals.trainable

    @property
    def frozen(self) -> int:
        """The number of parameters that are not trained."""
        return self.totals.frozen

    @property
    def parameters(self) -> int:
        """The number of all parameters."""
        return self.totals.parameters

    @property
    def active(self) -> int:
        """The number of parameters that one token is computed with: of the experts of a mixture, those it chooses."""
        return self.totals.active

    @property
    def buffers(self) -> int:
        """The number of elements that are saved and are no parameters, such as running means."""
        return self.totals.buffers

    @property
    def model_bytes(self) -> int:
        """The size of parameters and buffers: 4 bytes for a float, 8 for an integer."""
        return self.totals.bytes
