"""The packages that training needs, and the manner in which its user wants it; imports nothing heavy."""

from __future__ import annotations

from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.record import Record

TRAINING = ("torch", "numpy", "safetensors", "rich", "PIL")


def packages(tensorboard: bool) -> tuple[str, ...]:
    """The packages that must be installed."""
    return (*TRAINING, "tensorboard") if tensorboard else TRAINING


class Manner(Record):
    """Where training runs, and what is shown of it."""

    device: str | None = None  # a GPU where there is one
    quiet: bool = False
    limits: Limits = DEFAULT_LIMITS
    strategy: str | None = None  # of several processes: "ddp" or "fsdp"
    tensorboard: bool = False  # whether its events are written as well
