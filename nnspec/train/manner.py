"""The packages that training needs, and the manner in which its user wants it; imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.record import Record

if TYPE_CHECKING:
    import torch

    from nnspec.callbacks.callback import Callback

Part = Literal["training", "validation", "test", "all"]  # of the data: what is judged
Device: TypeAlias = "str | torch.device"
TRAINING = ("torch", "numpy", "safetensors", "rich", "PIL")


class Manner(Record):
    """Where training runs, and what is shown of it."""

    device: Device | None = None  # a GPU where there is one
    quiet: bool = False
    limits: Limits = DEFAULT_LIMITS
    strategy: str | None = None  # of several processes: "ddp" or "fsdp"
    callbacks: tuple[Callback, ...] = ()  # that see the run
    memory: str | None = None  # that data may take: a share, or bytes; a modest amount where nothing is said
    workers: int | None = None  # processes that read samples; one a core where nothing is said
