"""Ctrl-C, SIGTERM and SIGUSR1 end a run when its state is written, not before; one that has not begun at once.

SIGTERM and SIGUSR1 are what queues of clusters send when the time of a job is over. The program then ends with
`RESUMABLE`, EX_TEMPFAIL of sysexits.h: the same command again goes on.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

RESUMABLE = 75
# By their numbers; Windows has no SIGUSR1.
TO_SAVE = tuple(int(getattr(signal, name)) for name in ("SIGTERM", "SIGUSR1") if hasattr(signal, name))
Handler = Callable[[int, FrameType | None], Any] | int | None


@contextmanager
def kept_signals() -> Iterator[list[int]]:
    """The signals are kept in a list instead of ending the program; a second one ends it as ever."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():  # Python handles signals in the main thread only
        yield received
        return
    before: dict[int, Handler] = {}

    def receive(number: int, frame: FrameType | None) -> None:
        received.append(number)
        signal.signal(number, before[number])

    for each in (signal.SIGINT, *TO_SAVE):
        before[each] = signal.signal(each, receive)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def immediate_end() -> Iterator[None]:
    """The signals end the program at once, without an exception: imports of large packages may swallow one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[int, Handler] = {signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    for each in TO_SAVE:
        before[each] = signal.signal(each, lambda number, frame: os._exit(RESUMABLE))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
