"""Ctrl-C and SIGTERM end a run when its state is written, not before; and a program that has not begun one at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def kept_signals() -> Iterator[list[int]]:
    """Ctrl-C and SIGTERM are kept in a list instead of ending the program; a second one ends it as ever."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():  # Python handles signals in the main thread only
        yield received
        return
    before: dict[int, Callable[[int, FrameType | None], Any] | int | None] = {}

    def receive(number: int, frame: FrameType | None) -> None:
        received.append(number)
        signal.signal(number, before[number])

    for each in (signal.SIGINT, signal.SIGTERM):
        before[each] = signal.signal(each, receive)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def immediate_end() -> Iterator[None]:
    """Ctrl-C ends the program as SIGTERM does, without an exception: imports of large packages may swallow one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
