"""The heartbeat of a process among several: when another one is silent, all end, from whose state the run goes on.

A process that is killed closes its connections, and PyTorch tells. A host that is gone, or cut off, closes nothing: the
others would wait in a sum of gradients for as long as PyTorch waits, half an hour. So each process counts in the store
that they found each other by, and looks whether the one before it does.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from torch.distributed import PrefixStore, Store, TCPStore  # type: ignore[attr-defined]  # no list of names there

from nnspec.train.launch import Process

INTERVAL = 2.0  # seconds between beats
SILENT = 20.0  # seconds after which a process that does not count is taken for lost
DONE, LOST = "done", "lost"


@contextmanager
def heartbeat(process: Process, place: str, lost: Callable[[], None]) -> Iterator[None]:
    """Count while the block runs, and end this process after `lost` when another one is silent.

    Args:
        process: this one.
        place: where they count, which all of them know and no other run.
        lost: tells it.
    """
    host, port = os.environ.get("MASTER_ADDR"), os.environ.get("MASTER_PORT", "")
    if process.count < 2 or not host or not port.isdecimal():
        yield
        return
    wait = timedelta(seconds=SILENT / 2)
    store = TCPStore(host, int(port), is_master=False, timeout=wait, wait_for_workers=False)
    beat = _Beat(PrefixStore(f"nnspec/{place}", store), process, lost)
    beat.start()
    try:
        yield
    except BaseException:
        beat.ended.set()
        raise
    beat.finish()


class _Beat:
    """Two threads: one counts and looks, the other sees that the first one gets its answers from the store."""

    def __init__(self, store: Store, process: Process, lost: Callable[[], None]) -> None:
        self.store = store
        self.process = process
        self.lost = lost
        self.ended = threading.Event()
        self.answered = time.monotonic()
        work = (self._beat, self._watch)
        self.threads = [threading.Thread(target=each, name="heartbeat", daemon=True) for each in work]

    def start(self) -> None:
        """Begin."""
        for thread in self.threads:
            thread.start()

    def finish(self) -> None:
        """Say that this process is done, which is no silence."""
        self.ended.set()
        self.threads[0].join(INTERVAL * 2)
        if not self.threads[0].is_alive():
            with suppress(RuntimeError, OSError):
                self.store.set(str(self.process.rank), DONE)

    def _beat(self) -> None:
        before = str((self.process.rank - 1) % self.process.count)
        own, seen, heard = 0, b"", time.monotonic()
        while not self.ended.wait(INTERVAL):
            began, own = time.monotonic(), own + 1
            try:
                self.store.set(str(self.process.rank), str(own))
                found = self.store.get(before) if self.store.check([before]) else b""
                gone = self.store.check([LOST])
            except (RuntimeError, OSError):  # the host of the store is gone
                return
            self.answered = now = time.monotonic()
            if found != seen or now - began > INTERVAL or found == DONE.encode():
                seen, heard = found, now  # where this process itself was slow, the other one has its time again
            if gone or now - heard > SILENT:
                with suppress(RuntimeError, OSError):
                    self.store.set(LOST, "")
                self._end()

    def _watch(self) -> None:
        while not self.ended.wait(INTERVAL):
            if time.monotonic() - self.answered > SILENT:
                self._end()

    def _end(self) -> None:
        if not self.ended.is_set():
            self.ended.set()
            self.lost()
            sys.stderr.flush()
            os._exit(1)  # the main thread waits for the process that is lost
