"""Signs and comments below each other: where an author has moved one to the right, it stays below those around it."""

from __future__ import annotations

from collections.abc import Iterator

from nnspec.formatting.lines import Line


def align(made: list[Line]) -> None:
    """Align `=`, `{`, every arrow and the comments of lines that follow one another, where one of them is padded."""
    arrows = max((len(line.marks) for line in made), default=0)
    for name in ("=", "{", *(f"-> {number}" for number in range(1, arrows + 1)), "#"):
        for run in _runs(made, name):
            widest = max(line.indent + line.marks[name].place for line in run)
            for line in run:
                _move(line, name, widest - line.indent - line.marks[name].place)


def _runs(made: list[Line], name: str) -> Iterator[list[Line]]:
    """Lines that follow one another and have a sign, of which one is padded."""
    run: list[Line] = []
    for line in [*made, Line(0)]:
        if name in line.marks and (not run or _are_joined(run[-1], line, name)):
            run.append(line)
            continue
        if any(each.marks[name].padded for each in run):
            yield run
        run = [line] if name in line.marks else []


def _are_joined(above: Line, below: Line, name: str) -> bool:
    """Whether an author has set a sign below another one, or has tried to."""
    one, other = above.marks[name], below.marks[name]
    return above.indent == below.indent and (one.column == other.column or (one.padded and other.padded))


def _move(line: Line, name: str, by: int) -> None:
    """Move a sign, and all behind it, to the right."""
    place = line.marks[name].place
    line.text = line.text[:place] + " " * by + line.text[place:]
    for mark in line.marks.values():
        if mark.place >= place:
            mark.place += by
