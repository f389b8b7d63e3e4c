"""Whether one model file is faster than another: both are run by onnxruntime in turn, on the same random inputs."""

from __future__ import annotations

from itertools import islice
from math import prod
from pathlib import Path
from statistics import median
from time import perf_counter

from nnspec.ir import Program
from nnspec.ir.indices import index_bounds
from nnspec.to_onnx.runtime import fed, open_session
from nnspec.to_onnx.sample import SizeSpace, random_inputs
from nnspec.weights.arrays import Array

_ROUNDS = 5
_SECONDS = 4.0  # after which no further round is begun
_SIZES = 4  # the largest of so many choices of sizes is taken: the smallest says nothing of products


def time_ratio(program: Program, model: Path, other: Path) -> float | None:
    """The time of one model over that of the other, roughly; None if there are no sizes at which they run."""
    inputs = _inputs(program)
    if inputs is None:
        return None
    sessions = [open_session(path) for path in (model, other)]
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


def _inputs(program: Program) -> dict[str, Array] | None:
    choices = list(islice(SizeSpace(program).choices(), _SIZES))
    if not choices:
        return None
    types = {port.name: program.main.values[port.value] for port in program.main.inputs}
    return random_inputs(types, max(choices, key=lambda sizes: prod(sizes.values())), index_bounds(program), 2)
