"""The packages that training needs, and the manner in which its user wants it; imports nothing heavy."""

from __future__ import annotations

from nnspec.callbacks.callback import Callback
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.record import Record

TRAINING = ("torch", "numpy", "safetensors", "rich", "PIL")


class Manner(Record):
    """Where training runs, and what is shown of it."""

    device: str | None = None  # a GPU where there is one
    quiet: bool = False
    limits: Limits = DEFAULT_LIMITS
    strategy: str | None = None  # of several processes: "ddp" or "fsdp"
    callbacks: tuple[Callback, ...] = ()  # that see the run
