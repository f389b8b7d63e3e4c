"""A row of a summary: a step with its shapes and counts, and how it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnspec.dims import Size
from nnspec.ir import Call
from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import TensorType
from nnspec.record import Record

if TYPE_CHECKING:
    from nnspec.layers.window import Window


class Row(Record):
    """One line of a summary: a call, with the activation that follows it."""

    path: str | None  # of the module in the network; None for an operation, which owns nothing
    label: str  # how the tree names it: `conv1`, `h`, `1..5`, or nothing
    value: str  # the name of its result, where a row below asks for it by another name than the label; else nothing
    kind: str  # `Conv2d + ReLU`, `Bottleneck`, `{ ... }`
    count: int  # applications
    chosen: int | None  # of a mixture: how many of these experts a token has
    layer: Layer | None  # None for a block
    inputs: tuple[TensorType, ...]  # without absent ones
    outputs: tuple[TensorType, ...]
    parameters: int  # of all applications, trainable and frozen
    trainable: int
    buffers: int
    macs: Size  # multiply-accumulates of all applications
    sources: tuple[str, ...]  # the values that it is given, where they are not just the result of the row above
    notes: tuple[str, ...]  # `reused`, `training only`, ...
    within: tuple[Call, ...]  # the blocks and groups that it is in, the outermost first
    call: Call  # what gives the result: the last of those that it stands for
    branch: tuple[bool, ...]  # for its ancestors below the model and itself: whether it is the last of its siblings

    @property
    def depth(self) -> int:
        """1 for a step of the model itself."""
        return len(self.branch)

    @property
    def windows(self) -> tuple[Window, ...]:
        """The windows of its layer, one along each dimension that they slide along."""
        return self.layer.windows(*self.inputs) if self.layer else ()

    @property
    def title(self) -> str:
        """The step as the language writes it: `h: 12 x Block`."""
        label = f"{self.label}: " if self.label else ""
        value = f"{self.value} = " if self.value else ""
        repeat = f"{self.count:,} x " if self.count > 1 else ""
        if self.chosen is not None:
            repeat = f"{self.chosen:,} of {self.count:,} x "
        notes = f" ({', '.join(self.notes)})" if self.notes else ""
        return f"{value}{label}{repeat}{self.kind}{notes}"

    @property
    def wired(self) -> str:
        """The title, and where the step has its input from unless it is the row above: `up: Up  ← second, first`."""
        return f"{self.title}  ← {', '.join(self.sources)}" if self.sources else self.title
