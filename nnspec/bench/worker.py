"""The process in which one candidate runs: `python -m nnspec.bench.worker '{"kind": "onnx", ...}'`.

Each candidate has a process of its own, so that its memory is its own and the candidates can take turns. Commands come
as lines of JSON on standard input, and each is answered by one on standard output:

    (start)                  {"load": seconds, "memory": bytes}
    {"inputs": "x.npz"}      {"first": seconds, "memory": bytes}     from then on these are the inputs
    {"seconds": 0.2}         {"wall": [...], "cpu": [...], "memory": bytes}     runs one after the other

The memory is the peak of the process above what it had after its imports. What fails answers {"failed": reason}.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from nnspec.bench.runners import RUNNERS
from nnspec.weights.arrays import Array

Prepare = Callable[[Mapping[str, Array]], Callable[[], None]]  # of inputs: what runs the model on them


def peak_memory() -> int:
    """The most memory that this process has had, in bytes; 0 where the system does not say.

    Linux tells it in /proc: what `getrusage` gives begins there with the memory of the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="ascii"))
        return int(found[1]) * 1024 if found else 0
    try:
        import resource  # here: Windows has none
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS: in bytes


class Worker:
    """A candidate, and what is said of it."""

    def __init__(self, candidate: Mapping[str, Any], answers: TextIO) -> None:
        self.answers = answers
        self.step: Callable[[], None] = lambda: None
        load = RUNNERS[candidate["kind"]]()  # imports
        self.before = peak_memory()
        start = time.perf_counter()
        self.prepare: Prepare = load(candidate)
        self.answer(load=time.perf_counter() - start)

    def answer(self, **values: Any) -> None:
        """Write a line."""
        memory = max(0, peak_memory() - self.before)
        print(json.dumps({**values, "memory": memory}), file=self.answers, flush=True)

    def obey(self, command: Mapping[str, Any]) -> None:
        """Do what one line asks for."""
        if "inputs" in command:
            with np.load(command["inputs"], allow_pickle=False) as arrays:
                self.step = self.prepare({name: arrays[name] for name in arrays.files})
            start = time.perf_counter()
            self.step()
            self.answer(first=time.perf_counter() - start)
        else:
            self.run(command["seconds"])

    def run(self, seconds: float) -> None:
        """Run until so much time has gone by, and once at least."""
        wall: list[float] = []
        cpu: list[float] = []
        while sum(wall) < seconds or not wall:
            used, start = time.process_time(), time.perf_counter()
            self.step()
            wall.append(time.perf_counter() - start)
            cpu.append(time.process_time() - used)
        self.answer(wall=wall, cpu=cpu)


def main() -> None:
    """Serve until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    try:
        worker = Worker(json.loads(sys.argv[1]), answers)
        for line in sys.stdin:
            worker.obey(json.loads(line))
    except Exception as error:  # whatever a runtime or a compiler raises is the result of its candidate
        lines = [line for line in str(error).splitlines() if line.strip()]
        reason = f"{type(error).__name__}: {lines[0].strip()}" if lines else type(error).__name__
        print(json.dumps({"failed": reason}), file=answers, flush=True)


if __name__ == "__main__":
    main()
