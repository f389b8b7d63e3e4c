"""Time, as a run reckons with it."""

from __future__ import annotations

import time


class Clock:
    """Says that it is time, at intervals of a number of seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.next = time.monotonic() + seconds

    def due(self) -> bool:
        """Whether its seconds have gone since it last said so."""
        now = time.monotonic()
        if now < self.next:
            return False
        self.next = now + self.seconds
        return True


def show_time(seconds: float) -> str:
    """`1:02:03`, or `2:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
