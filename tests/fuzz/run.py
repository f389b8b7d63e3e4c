"""The command line of a machine: it runs in a process of its own, so that an abort or a hang is a fault like others."""

from __future__ import annotations

import argparse
import faulthandler
import os
import re
import resource
import signal
import sys
import time
import warnings
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from tests.fuzz.machine import Machine, described

_FORK = get_context("fork")
_TRIES, _PATIENCE = 400, 300.0  # smaller cases for one fault, and the seconds that they may take
_MEGABYTES = 1024  # that a machine may take


class Answer(NamedTuple):
    """What became of a case: how it came out, or what is wrong."""

    outcome: str = ""
    fault: str = ""


def main(machine: Machine[Any], arguments: list[str] | None = None) -> None:
    """Look for faults as the arguments say, and exit with 1 if there are any."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.fuzz.{machine.name}")
    parser.add_argument("--seconds", type=float, help="stop after so long")
    parser.add_argument("--count", type=int, help="stop after so many cases")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other cases")
    parser.add_argument("--start", type=int, default=0, help="the number of the first case")
    parser.add_argument("--kinds", type=int, default=5, help="stop after so many kinds of faults")
    parser.add_argument("--show", action="store_true", help="show each case before it is examined")
    chosen = parser.parse_args(arguments)
    if chosen.seconds is None and chosen.count is None:
        chosen.seconds = 60.0
    sys.exit(0 if _Run(machine, chosen).run() else 1)


class _Run:
    def __init__(self, machine: Machine[Any], chosen: argparse.Namespace) -> None:
        self.machine = machine
        self.chosen = chosen
        self.begun = time.monotonic()
        self.outcomes: dict[str, int] = {}
        self.kinds: dict[str, int] = {}
        self.peak = 0
        self.shown = 0.0

    def run(self) -> bool:
        """Whether all cases are right."""
        number, end = self.chosen.start, self.chosen.start + (self.chosen.count or sys.maxsize)
        while number < end and not self._over():
            number = self._until_it_dies(number, end)
        done = sum(self.outcomes.values()) + sum(self.kinds.values())
        found = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(self.outcomes.items()))
        faults = sum(self.kinds.values())
        told = f"{faults} differences" + (f" of {len(self.kinds)} kinds" if faults else "")
        taken = time.monotonic() - self.begun
        self._clear()
        seed = self.chosen.seed
        print(
            f"{done:,} {self.machine.cases} ({found}), {told}, seed {seed}, {taken:.0f} s, {self.peak} MB", flush=True
        )
        return not faults

    def _over(self) -> bool:
        late = self.chosen.seconds is not None and time.monotonic() - self.begun > self.chosen.seconds
        return late or len(self.kinds) >= self.chosen.kinds

    def _until_it_dies(self, number: int, end: int) -> int:
        """Let a process examine one case after the other; the number of the next one."""
        worker = _Worker(self.machine, self.chosen.seed, number, end, self.chosen.show)
        try:
            while number < end and not self._over():
                answer = worker.answer(self.machine.seconds)
                self.peak = max(self.peak, worker.megabytes)
                if answer.fault:
                    self._tell(number, answer.fault)
                else:
                    self.outcomes[answer.outcome] = self.outcomes.get(answer.outcome, 0) + 1
                number += 1
                self._progress(number)
                if worker.dead:
                    break
        finally:
            worker.end()
        return number

    def _tell(self, number: int, fault: str) -> None:
        """Make a new kind of fault small and show it."""
        kind = _kind(fault)
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if self.kinds[kind] > 1:
            return
        self._clear()
        case, fault = self._smallest(self.machine.case(self.chosen.seed, number), fault)
        replay = f"python -m tests.fuzz.{self.machine.name} --seed {self.chosen.seed} --start {number} --count 1"
        print(f"--- {fault}\n{self.machine.show(case)}\n--- {replay}\n", flush=True)

    def _smallest(self, case: Any, fault: str) -> tuple[Any, str]:
        kind, tries, end = _kind(fault), 0, time.monotonic() + _PATIENCE
        again = True
        while again:
            again = False
            for other in self.machine.smaller(case):
                tries += 1
                if tries > _TRIES or time.monotonic() > end:
                    return case, fault
                found = _apart(self.machine, other)
                if _kind(found.fault) == kind:
                    case, fault, again = other, found.fault, True
                    break
        return case, fault

    def _progress(self, number: int) -> None:
        now = time.monotonic()
        if now - self.shown > 1 and sys.stderr.isatty():
            self.shown = now
            done, faults = number - self.chosen.start, sum(self.kinds.values())
            rate = done / (now - self.begun)
            print(
                f"\r{done:,} {self.machine.cases}, {faults} differences, {rate:.1f}/s, {self.peak} MB ",
                end="",
                file=sys.stderr,
            )

    def _clear(self) -> None:
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


class _Worker:
    """A process that examines the cases from `first` on and sends an answer for each."""

    def __init__(self, machine: Machine[Any], seed: int, first: int, end: int, show: bool) -> None:
        self.ours, theirs = _FORK.Pipe(duplex=False)
        self.process = _FORK.Process(target=_work, args=(machine, seed, first, end, show, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.megabytes = 0
        self.dead = False

    def answer(self, seconds: float) -> Answer:
        """The next answer; one is made up when the process hangs, ends, or takes too much memory."""
        try:
            if not self.ours.poll(seconds):
                self.dead = True
                return Answer(fault=f"it is not done after {seconds:g} s")
            answer, self.megabytes = self.ours.recv()
        except EOFError:
            self.dead = True
            self.process.join()
            code = self.process.exitcode or 0
            return Answer(fault=f"the process ended: {signal.Signals(-code).name if code < 0 else f'exit code {code}'}")
        if self.megabytes > _MEGABYTES:
            self.dead = True
            return answer if answer.fault else Answer(fault=f"more than {_MEGABYTES} MB of memory: {self.megabytes} MB")
        return answer

    def end(self) -> None:
        """Stop it."""
        self.process.kill()
        self.process.join()
        self.ours.close()


def _work(machine: Machine[Any], seed: int, first: int, end: int, show: bool, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    faulthandler.disable()
    warnings.simplefilter("ignore")
    for number in range(first, end):
        answer = _examined(machine, lambda number=number: machine.case(seed, number), show)
        pipe.send((answer, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024))
    os._exit(0)


def _examined(machine: Machine[Any], made: Any, show: bool = False) -> Answer:
    try:
        case = made()
        if show:
            print(machine.show(case), flush=True)
        return Answer(machine.examine(case))
    except (Exception, SystemExit) as error:
        return Answer(fault=described(error) or type(error).__name__)


def _apart(machine: Machine[Any], case: Any) -> Answer:
    """What becomes of one case, in a process of its own."""
    ours, theirs = _FORK.Pipe(duplex=False)

    def work() -> None:
        faulthandler.disable()  # an abort is what is looked for
        theirs.send(_examined(machine, lambda: case))

    process = _FORK.Process(target=work, daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(machine.seconds):
            return Answer(fault=f"it is not done after {machine.seconds:g} s")
        return ours.recv()
    except EOFError:
        process.join()
        code = process.exitcode or 0
        return Answer(fault=f"the process ended: {signal.Signals(-code).name if code < 0 else f'exit code {code}'}")
    finally:
        process.kill()
        process.join()


def _kind(fault: str) -> str:
    """The first line without what differs between cases: numbers and quoted names."""
    first = fault.split("\n", 1)[0]
    return re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`", "'...'", re.sub(r"-?[0-9][0-9.,e+-]*", "0", first))[:200]
