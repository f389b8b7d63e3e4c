"""Whether one model file is faster than another: both are run by onnxruntime in turn, on the same random inputs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from math import prod
from pathlib import Path
from statistics import median
from time import perf_counter

import onnxruntime as ort

from nnspec.ir import Program
from nnspec.to_onnx.runtime import ERRORS, fed, open_session
from nnspec.to_onnx.sample import SizeSpace, random_inputs
from nnspec.weights.arrays import Array

_ROUNDS = 5
_SECONDS = 4.0  # after which no further round is begun
_SIZES = 4  # the largest of so many choices of sizes is taken: the smallest says nothing of products


def time_ratio(program: Program, model: Path, other: Path) -> float | None:
    """The time of one model over that of the other, roughly; None if there are no sizes at which they run."""
    sessions = [open_session(path) for path in (model, other)]
    inputs = next((inputs for inputs in _inputs(program) if _runs(sessions[0], inputs)), None)
    if inputs is None:
        return None
    feeds = [fed(session, inputs) for session in sessions]
    times: list[list[float]] = [[], []]
    begin = perf_counter()
    while len(times[1]) <= 1 or (len(times[1]) <= _ROUNDS and perf_counter() - begin < _SECONDS):
        for session, feed, found in zip(sessions, feeds, times, strict=True):
            start = perf_counter()
            session.run(None, feed)
            found.append(perf_counter() - start)
    own, its = (median(found[1:]) for found in times)  # the first run of a session reserves its memory
    return own / its


def _inputs(program: Program) -> Iterator[dict[str, Array]]:
    """Random inputs, the largest first."""
    choices = list(islice(SizeSpace(program).choices(), _SIZES))
    for sizes in sorted(choices, key=lambda sizes: prod(sizes.values()), reverse=True):
        yield random_inputs(program, sizes, 2)


def _runs(session: ort.InferenceSession, inputs: dict[str, Array]) -> bool:
    """Whether a model takes inputs: those of a decoder may be, together, more than its table of places has."""
    try:
        session.run(None, fed(session, inputs))
    except ERRORS:
        return False
    return True
