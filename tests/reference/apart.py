"""What is asked of each spec of a table, in a process of its own, which may take too long or too much memory."""

from __future__ import annotations

import multiprocessing
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.reference.zoo import Entry

Ask = Callable[[Entry], str]


def _told(ask: Ask, entry: Entry, told: Any) -> None:
    warnings.simplefilter("ignore")
    try:
        told.put(ask(entry))
    except BaseException as error:  # a fault of ours, or too little memory
        told.put(f"FAULT: {type(error).__name__}: {error}")


def table(asked: Mapping[str, Entry], ask: Ask, seconds: float) -> Iterator[tuple[str, str, float]]:
    """Name, outcome, seconds; of those that are not done after so many seconds, that."""
    context = multiprocessing.get_context("fork")
    for name, entry in asked.items():
        told, start = context.SimpleQueue(), time.monotonic()
        process = context.Process(target=_told, args=(ask, entry, told))
        process.start()
        process.join(seconds)
        process.kill()
        found = "FAULT: it takes too long, or too much memory" if told.empty() else told.get()
        yield name, found, time.monotonic() - start


def named(known: Mapping[str, Entry], words: list[str]) -> dict[str, Entry]:
    """Those in whose names one of the words is, or all if there are no words."""
    return {name: entry for name, entry in known.items() if not words or any(word in name for word in words)}
