"""The generators of random numbers that belong to others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def own_randomness(device: torch.device) -> Iterator[None]:
    """Random numbers may be drawn in the block; after it the generators are as they were."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        yield
