"""The strategy that a run asks for by its name, in a group of all processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import torch

from nnspec.diagnostics import SpecError
from nnspec.train.launch import Process
from nnspec.train.strategy import Strategy


@contextmanager
def joined(name: str | None, process: Process, device: torch.device) -> Iterator[Strategy]:
    """The strategy of this name, in a group of all processes while the block runs.

    Raises:
        SpecError: the processes do not find each other.
    """
    if name is None:
        yield Strategy()
        return
    from nnspec.train.data_parallel import DataParallel  # here: torch.distributed takes half a second to import
    from nnspec.train.group import ProcessLost, join, tell_loss
    from nnspec.train.heartbeat import heartbeat
    from nnspec.train.sharded import Sharded

    join(process, device)
    strategy = {each.name: each for each in (DataParallel, Sharded)}[name](device)
    try:
        with heartbeat(process, strategy.agree(uuid4().hex if strategy.leads else ""), tell_loss):
            yield strategy
    except RuntimeError as error:
        if strategy.lost(error):
            raise SpecError.of(ProcessLost(None)) from error
        raise
