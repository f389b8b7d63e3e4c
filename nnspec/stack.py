"""A deeper stack than Python's default, for what walks a spec by recursion: nesting is bounded by limits of our own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_FRAMES = 30_000  # nesting times recursion, each bounded on its own, may need more than Python's default
_lock = Lock()
_inside = 0  # how many blocks are at work, in all threads: the limit is one for all of them
_before = 0


@contextmanager
def deep_stack(frames: int = _FRAMES) -> Iterator[None]:
    """Let this block recurse that deeply; the limit of before is back when no thread is in such a block."""
    global _inside, _before
    with _lock:
        if _inside == 0:
            _before = sys.getrecursionlimit()
        sys.setrecursionlimit(max(sys.getrecursionlimit(), frames))
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                sys.setrecursionlimit(_before)
