"""`answering`: a text that is refused when it is read again is a fault of ours, told by the line of the user's code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from nnspec.diagnostics import SpecError
from nnspec.diagnostics.diagnostic import Found
from nnspec.elaborate.mistakes.limits import TooDeep, TooMuch
from nnspec.importing.assemble import Assembled
from nnspec.importing.bodies import Body, Call, Step, flat
from nnspec.importing.mistakes import CannotCompare, OtherOutcome, TextRefused
from nnspec.importing.network import Origin
from nnspec.ir.flatten import TooManyLayers
from nnspec.ir.room import TooMuchMemory
from nnspec.syntax.mistakes import TooLarge

_OWN = (OtherOutcome, CannotCompare, TooDeep, TooMuch, TooLarge, TooManyLayers, TooMuchMemory)  # true as they are


@contextmanager
def answering(made: Assembled) -> Iterator[None]:
    """What refuses the text meanwhile is told as a fault of ours.

    Raises:
        SpecError: it is refused, or is another model, or too large.
    """
    try:
        yield
    except SpecError as refused:
        first = next((each for each in refused.found if each.diagnostic.severity == "error"), refused.found[0])
        if isinstance(first.diagnostic, _OWN):
            raise
        raise SpecError.of(_told(made, first)) from refused


def _told(made: Assembled, found: Found) -> TextRefused:
    lines = made.text.splitlines()
    span = found.diagnostic.span
    place = span.lines[0] if span is not None else len(lines)
    above = (re.match(r"(?:block|model) (\w+)", line) for line in reversed(lines[:place]))
    name = next((each[1] for each in above if each), "")
    body = made.bodies.get(name) or next(iter(made.bodies.values()))
    line = lines[place - 1].strip() if span is not None else ""
    reason = f"{found.diagnostic.code}, {found.diagnostic.message}"
    near = "" if span is None else made.text[span.start : span.end]
    return TextRefused(None, reason, body.path, body.kind, line, _origin(body, line, near))


def _origin(body: Body, line: str, near: str) -> Origin | None:
    """The line of the user's code that a part of a line of a block was most likely made from."""
    words, nearest = set(re.findall(r"\w+", line)), set(re.findall(r"\w+", near))
    found: list[tuple[tuple[int, int], Origin]] = []
    for item in flat(body.items):
        origin = _first(item)
        if origin is not None:
            said = set((item.label or "").split("."))
            said |= {item.operation.layer.kind, *item.operation.names} if isinstance(item, Step) else {item.body.kind}
            found.append(((len(nearest & said), len(words & said)), origin))
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _first(item: Step | Call) -> Origin | None:
    if isinstance(item, Step):
        return item.operation.origin
    return next((origin for each in flat(item.body.items) if (origin := _first(each)) is not None), None)
