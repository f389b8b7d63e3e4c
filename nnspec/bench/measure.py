"""Measuring candidates side by side: they take turns, so that a busy machine disturbs all of them alike."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from nnspec.record import Record
from nnspec.weights.arrays import Array

TURN = 0.25  # seconds that a candidate runs before it is the next one's turn
FEWEST = 5  # runs of each


class Candidate(Record):
    """A model to measure: an ONNX file, or a program in JSON with weights by eager or compiled PyTorch."""

    name: str
    kind: str  # of runners.py
    model: Path
    weights: Path | None = None
    provider: str = "cpu"
    threads: int | None = None


class Measured(Record):
    """One candidate on one set of inputs; times in seconds, memory in bytes. `failed` is why there are none."""

    candidate: str
    case: str
    samples: int  # in a run: the first dimension of the first input
    wall: tuple[float, ...] = ()  # of every run, in the order in which the candidates took turns
    cpu: tuple[float, ...] = ()
    load: float = 0.0  # to open the file, or to build the module
    first: float = 0.0  # the first run, in which PyTorch compiles
    memory: int = 0  # the peak so far, above what the imports take
    failed: str | None = None

    def percentile(self, share: float, of: str = "wall") -> float:
        """The time that this share of the runs, in percent, does not exceed."""
        return float(np.percentile(getattr(self, of), share))

    def __repr__(self) -> str:
        told = self.failed or f"{1e3 * self.percentile(50):.3g} ms"
        return f"<Measured {self.candidate} on {self.case}: {told}>"


class DoesNotRun(Exception):
    """A candidate does not run; the reason is the text."""


class Worker:
    """A worker with its candidate."""

    def __init__(self, candidate: Candidate) -> None:
        values = {name: getattr(candidate, name) for name in candidate.record_fields}
        # -P: nothing in the folder where the user is takes the place of a module
        command = [sys.executable, "-P", "-m", "nnspec.bench.worker", json.dumps(values, default=str)]
        self.running = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.failed: str | None = None
        self.load = 0.0

    def start(self) -> None:
        """Wait until it is loaded."""
        try:
            self.load = self._answer()["load"]
        except DoesNotRun as error:
            self.failed = str(error)

    def ask(self, **command: Any) -> dict[str, Any]:
        """Give a command, and return the answer.

        Raises:
            DoesNotRun: the candidate does not run.
        """
        assert self.running.stdin is not None
        with suppress(BrokenPipeError):  # it has ended: the answer says so
            self.running.stdin.write(json.dumps(command) + "\n")
            self.running.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.running.stdout is not None
        line = self.running.stdout.readline()
        if not line:
            raise DoesNotRun(f"its process ended with code {self.running.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "failed" in answer:
            raise DoesNotRun(answer["failed"])
        return answer

    def stop(self) -> None:
        """End it."""
        self.running.kill()
        self.running.communicate()


@contextmanager
def _processes(candidates: Sequence[Candidate]) -> Iterator[dict[str, Worker]]:
    """Loaded one after the other, so that each load is measured alone."""
    with ExitStack() as stack:
        made: dict[str, Worker] = {}
        for candidate in candidates:
            made[candidate.name] = process = Worker(candidate)
            stack.callback(process.stop)
            process.start()
        yield made


def measure(
    candidates: Sequence[Candidate], cases: Mapping[str, Mapping[str, Array]], seconds: float = 3.0
) -> list[Measured]:
    """Run every candidate on every case (inputs by name) for `seconds` seconds, in turns.

    A candidate that fails on a case ends there, and has failed on those behind it too.
    """
    with TemporaryDirectory() as folder, _processes(candidates) as processes:
        found: list[Measured] = []
        for case, inputs in cases.items():
            file = Path(folder) / "inputs.npz"
            arrays: dict[str, Any] = dict(inputs)
            np.savez(file, **arrays)
            turns = _take_turns(processes, file, seconds)
            found += [each.measured(name, case, samples_of(inputs)) for name, each in turns.items()]
        return found


def samples_of(inputs: Mapping[str, Array]) -> int:
    """The number of samples in a run: the first dimension of the first input."""
    first = next(iter(inputs.values()), None)
    return len(first) if first is not None and first.ndim else 1


def _take_turns(processes: Mapping[str, Worker], file: Path, seconds: float) -> dict[str, _Turns]:
    turns = {name: _Turns(process) for name, process in processes.items()}
    for each in turns.values():
        each.take(inputs=str(file))
    while pending := [each for each in turns.values() if each.wants(seconds)]:
        for each in pending:
            each.take(seconds=min(TURN, seconds))
    return turns


class _Turns:
    """The answers of a process for a case."""

    def __init__(self, process: Worker) -> None:
        self.process = process
        self.wall: list[float] = []
        self.cpu: list[float] = []
        self.first, self.memory = 0.0, 0

    def wants(self, seconds: float) -> bool:
        return self.process.failed is None and (sum(self.wall) < seconds or len(self.wall) < FEWEST)

    def take(self, **command: Any) -> None:
        if self.process.failed is not None:
            return
        try:
            answer = self.process.ask(**command)
        except DoesNotRun as error:
            self.process.failed = str(error)
            return
        self.wall += answer.get("wall", [])
        self.cpu += answer.get("cpu", [])
        self.first, self.memory = answer.get("first", self.first), answer["memory"]

    def measured(self, name: str, case: str, samples: int) -> Measured:
        load, failed = self.process.load, self.process.failed
        return Measured(name, case, samples, tuple(self.wall), tuple(self.cpu), load, self.first, self.memory, failed)
