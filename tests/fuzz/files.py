"""Damaged files of every kind that nnspec reads: each is read, or refused: `python -m tests.fuzz.files --seconds 60`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

from nnspec import SpecError
from tests.fuzz import damage, run
from tests.fuzz.damage import Change
from tests.fuzz.machine import Fault, Machine
from tests.fuzz.readers import Kind, kinds

LEAKS = ("\x1b", "weights_only", "allow_pickle", "torch.load", "add_safe_globals", "Traceback")  # not for users


class Damaged(NamedTuple):
    """A file of a kind with changes, in what is packed in it or in the file itself."""

    kind: str
    donor: str
    member: int | None
    changes: tuple[Change, ...]


class Files(Machine[Damaged]):
    """Damaged files."""

    name = "files"
    cases = "files"
    seconds = 30.0

    def draw(self, random: Random) -> Damaged:
        names = [kind.name for kind in kinds()]
        member = random.randrange(64) if random.random() < 0.5 else None
        changes = tuple(damage.draw(random) for _ in range(random.choice([1, 1, 1, 2, 3])))
        return Damaged(random.choice(names), random.choice(names), member, changes)

    def examine(self, case: Damaged) -> str:
        kind = _named(case.kind)
        with TemporaryDirectory() as name:
            folder = Path(name)
            for path, content in {**kind.beside, kind.path: content_of(case)}.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
            try:
                kind.read(folder)
            except SpecError as error:
                _check_told(error)
                return "refused"
        return "read"

    def smaller(self, case: Damaged) -> Iterator[Damaged]:
        for index in range(len(case.changes)):
            if len(case.changes) > 1:
                yield case._replace(changes=case.changes[:index] + case.changes[index + 1 :])
        if case.member is not None:
            yield case._replace(member=None)

    def show(self, case: Damaged) -> str:
        content = content_of(case)
        what = ", ".join(f"{change.kind} at {change.place:.0%}" for change in case.changes)
        where = "" if case.member is None else f" inside (member {case.member})"
        shown = content if len(content) < 400 else content[:400] + b"..."
        return f"{case.kind}: {what}{where}, with {case.donor}; {len(content):,} bytes\n{shown!r}"


def content_of(case: Damaged) -> bytes:
    """The bytes of a damaged file."""
    kind, donor = _named(case.kind), _named(case.donor)
    packed = None if case.member is None else damage.inside(kind.content, case.member)
    if packed is None:
        return damage.damaged(kind.content, case.changes, donor.content)
    inside, around = packed
    return around(damage.damaged(inside, case.changes, donor.content))


def _check_told(error: SpecError) -> None:
    """Check that what is told helps, and is not what some library says to those who program with it."""
    for diagnostic in error.diagnostics:
        if not diagnostic.code or not diagnostic.message.strip():
            raise Fault(f"{type(diagnostic).__name__} says nothing")
        for text in (diagnostic.message, *diagnostic.notes, diagnostic.help or ""):
            leak = next((leak for leak in LEAKS if leak in text), None)
            if leak is not None:
                raise Fault(f"{type(diagnostic).__name__} says {leak!r}: {text}")


def _named(name: str) -> Kind:
    return next(kind for kind in kinds() if kind.name == name)


if __name__ == "__main__":
    kinds()  # made once, before the process that examines them begins
    run.main(Files())
