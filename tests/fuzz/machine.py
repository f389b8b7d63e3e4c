"""What a machine is: how it draws a case, what must hold for it, and how a case that fails is made smaller."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Generic, TypeVar

Case = TypeVar("Case")


class Fault(Exception):
    """Something that must hold does not; its first line names the kind, and cases of one kind are told once."""


class Machine(Generic[Case]):
    """Draws cases and examines them; `run.main(MACHINE)` is its command line.

    A case depends on nothing but the random numbers it is drawn with, so that its seed and number replay it.
    """

    name: str  # of its module: `python -m tests.fuzz.NAME`
    cases: str  # one word for many of its cases: "networks"
    seconds: float = 60.0  # in which a case must be done

    def draw(self, random: Random) -> Case:
        """A case."""
        raise NotImplementedError

    def examine(self, case: Case) -> str:
        """Check all that must hold; a word for how it came out ("sound", "refused"), which is counted.

        Raises:
            Exception: it does not hold; any exception is a fault.
        """
        raise NotImplementedError

    def smaller(self, case: Case) -> Iterator[Case]:
        """Simpler cases, the simplest first, to be tried when this one fails."""
        yield from ()

    def show(self, case: Case) -> str:
        """The case as a person reads it: a spec, or what to do."""
        return str(case)

    def case(self, seed: int, number: int) -> Case:
        """The case with this number of this seed."""
        return self.draw(Random(f"{self.name} {seed} {number}"))

    def check(self, seed: int, count: int) -> dict[str, int]:
        """Examine so many cases in this process, for a test; how often each outcome came.

        Raises:
            Fault: one fails; the message shows it.
        """
        outcomes: dict[str, int] = {}
        for number in range(count):
            case = self.case(seed, number)
            try:
                outcome = self.examine(case)
            except Exception as error:
                replay = f"python -m tests.fuzz.{self.name} --seed {seed} --start {number} --count 1"
                raise Fault(f"{described(error)}\n{self.show(case)}\n{replay}") from error
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
        return outcomes


def described(error: BaseException) -> str:
    """A fault in words: what was found, or the exception that came instead and where from."""
    if isinstance(error, Fault):
        return str(error)
    place, trace = "", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if "nnspec" in file or not place:
            place = f" at {'/'.join(file.split('/')[-3:])}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__}{place}: {error}"
