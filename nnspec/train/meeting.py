"""The store by which processes find each other, in a place of its own for each start of them.

torchrun keeps one store while it starts processes again, with the addresses of those that are gone in it: PyTorch's
group would look for them there. So the first process makes up a place and tells it to the others, each of which asks
under a word that nobody had before.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import timedelta
from uuid import uuid4

from torch.distributed import PrefixStore, Store, TCPStore  # type: ignore[attr-defined]  # no list of names there

from nnspec.train.launch import Process

PATIENCE = timedelta(minutes=5)  # for all to come
PAUSE = 0.02  # seconds between looks at who has come


def meeting_place(process: Process, variables: Mapping[str, str] = os.environ) -> Store | None:
    """The place of this start; None where PyTorch finds the others without it.

    Raises:
        RuntimeError: somebody does not come.
    """
    if variables.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return None
    host, port = variables["MASTER_ADDR"], int(variables["MASTER_PORT"])
    store = TCPStore(host, port, is_master=False, timeout=PATIENCE, wait_for_workers=False)
    place = _told(store, process) if process.rank else _tell(store, process)
    return PrefixStore(place, store)


def _told(store: Store, process: Process) -> str:
    word = uuid4().hex
    store.set(f"nnspec/asks/{process.rank}", word)
    place = store.get(f"nnspec/answer/{word}").decode()
    store.set(f"{place}/came/{process.rank}", "")
    return place


def _tell(store: Store, process: Process) -> str:
    place, missing = f"nnspec/{uuid4().hex}", set(range(1, process.count))
    began = time.monotonic()
    while missing:
        if time.monotonic() - began > PATIENCE.total_seconds():
            raise RuntimeError(f"{len(missing)} of {process.count} processes did not come")
        for rank in sorted(missing):
            if store.check([f"nnspec/asks/{rank}"]):
                word = store.get(f"nnspec/asks/{rank}").decode()
                store.set(f"nnspec/answer/{word}", place)
            if store.check([f"{place}/came/{rank}"]):
                missing.discard(rank)
        time.sleep(PAUSE)
    return place
