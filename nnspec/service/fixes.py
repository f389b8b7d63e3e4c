"""The ways out of a mistake that its help names, as edits. Each was tried: with it the text has fewer mistakes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path

from nnspec.diagnostics import Diagnostic, nearest
from nnspec.diagnostics.diagnostic import Found
from nnspec.elaborate.files import LIBRARIES
from nnspec.layers import registry
from nnspec.resources import folder
from nnspec.service.answers import Edit, Fix, applied
from nnspec.service.document import Document
from nnspec.syntax.mistakes import UnexpectedText

_ENOUGH = 3  # fixes of one mistake
_TRIES = 16  # edits that are tried for one mistake


def fixes(document: Document, start: int, end: int) -> list[tuple[Found, Fix]]:
    """The fixes of the mistakes that touch a part of the text."""
    made: list[tuple[Found, Fix]] = []
    known = document.once(_known)
    for number, found in enumerate(document.found):
        span = found.diagnostic.span
        if span is not None and span.source.name == document.source.name and span.start <= end and start <= span.end:
            if number not in known:
                known[number] = _of(document, found.diagnostic)
            made += [(found, fix) for fix in known[number]]
    return made


def _known(document: Document) -> dict[int, list[Fix]]:
    """The fixes that were found so far, by the number of the mistake."""
    return {}


Look = Callable[[Document], Sequence[Found]]


def _of(document: Document, diagnostic: Diagnostic) -> list[Fix]:
    """The fixes of a mistake, those first that leave the fewest others."""
    look = _look(document, diagnostic)
    before = _weight(document, look)
    syntax = diagnostic.code.startswith("E01")
    sound: dict[tuple[Edit, ...], tuple[tuple[int, int], int, Fix]] = {}
    for number, fix in enumerate(islice(_candidates(document, diagnostic), _TRIES)):
        after = document.changed(applied(document.text, fix.edits))
        if fix.edits in sound or len(after.breaks) > before[0] - syntax:
            continue
        weight = _weight(after, look)
        better = weight < before or (diagnostic.severity == "warning" and weight == before)
        if better and not _tells(look(after), diagnostic):
            sound[fix.edits] = weight, number, fix
            if len(sound) == _ENOUGH:
                break
    return [fix for _, _, fix in sorted(sound.values(), key=lambda each: each[:2])]


def _look(document: Document, diagnostic: Diagnostic) -> Look:
    """Where to look for a mistake, and for what an edit leaves: at the first model that has it, else at all."""
    for name in document.names:
        if _tells(document.elaborated(name).found, diagnostic):
            return lambda after: after.elaborated(name).found if name in after.names else after.found
    return lambda after: after.found


def _weight(document: Document, look: Look) -> tuple[int, int]:
    """The number of mistakes of syntax, which hide others, and that of all errors."""
    errors = [each for each in look(document) if each.diagnostic.severity == "error"]
    return len(document.breaks), len(errors)


def _tells(found: Iterable[Found], diagnostic: Diagnostic) -> bool:
    return any(
        type(each.diagnostic) is type(diagnostic) and each.diagnostic.message == diagnostic.message for each in found
    )


def _candidates(document: Document, diagnostic: Diagnostic) -> Iterator[Fix]:
    """Edits that the words of the help may mean."""
    span, help = diagnostic.span, diagnostic.help or ""
    assert span is not None
    text, start, end = document.text, span.start, span.end
    first, last = _statement(text, start, end)
    if isinstance(diagnostic, UnexpectedText):
        behind = len(text[:start].rstrip())
        yield Fix("write ,", (Edit(behind, behind, ","),))
    for line in help.splitlines():
        meant = re.match(r"did you mean `?([^`?]+)`?\?", line)
        if meant:
            yield from _instead(text, start, end, meant[1])
        opened = re.match(r"close the `([(\[{])`", line)
        if opened:
            closing = {"(": ")", "[": "]", "{": "}"}[opened[1]]
            for label in diagnostic.labels:
                stop = _statement(text, label.span.start, label.span.end)[1]
                yield Fix(f"write {closing}", (Edit(stop, stop, closing),))
            continue
        for word in re.findall(r"`([^`]+)`", line):
            if re.match(r"(?:write|close|put)\b", line):
                yield from _instead(text, start, end, word)
                yield from _insertions(start, end, word)
                yield Fix(f"write {word}", (Edit(len(text.rstrip()), len(text), f"\n{word}\n"),))
        if line.startswith('end the string with "'):
            stop = text.find("\n", start)
            yield Fix(line, (Edit(stop if stop >= 0 else len(text), stop if stop >= 0 else len(text), '"'),))
        for name, further in re.findall(r"(?<![\w.])([A-Z]\w*)(\(.*\))", line):
            yield from _called(text, first, end, name, further)
        if re.match(r"leave \w+ out\b", line):
            yield Fix(line, (Edit(first, last, ""),))
        if "remove" in line:
            yield Fix("remove it", (Edit(*_with_comma(text, start, end), ""),))
            yield Fix("remove the line", (Edit(first, last, ""),))
        code = re.match(r"(?:[^:`\"]*): (\S.*)$", line)
        if code:
            yield Fix(line, (Edit(first, last, code[1]),))
            yield Fix(line, (Edit(start, end, code[1]),))
        bare = re.match(r"write (\S.*)$", line)
        if bare and "`" not in line:
            yield Fix(line, (Edit(start, end, bare[1]),))
            yield Fix(line, (Edit(first, last, bare[1]),))
    if isinstance(diagnostic, UnexpectedText):
        yield Fix("remove it", (Edit(start, end + len(text[end:]) - len(text[end:].lstrip(" ")), ""),))
    for word in getattr(diagnostic, "expected", ()):
        if re.fullmatch(r"`[^`]+`", word):
            yield from _insertions(start, end, word.strip("`"))
    name = getattr(diagnostic, "name", None)
    if isinstance(name, str):
        close = nearest(name, [*registry.words("function"), *registry.names()])
        yield from _instead(text, start, end, close) if close else ()
    if isinstance(name, str) and name[:1].isupper():
        yield from _import(text, name)


def _insertions(start: int, end: int, word: str) -> Iterator[Fix]:
    """A word before or behind a part of the text."""
    yield Fix(f"write {word}", (Edit(start, start, f"{word} "),))
    yield Fix(f"write {word}", (Edit(end, end, word),))


def _instead(text: str, start: int, end: int, word: str) -> Iterator[Fix]:
    """A word in the place of the one that is most like it."""
    piece = text[start:end]
    title = f"write {word}"
    if re.fullmatch(r"\w+|[^\w\s]+", piece):
        yield Fix(title, (Edit(start, end, word),))
    if re.fullmatch(r'"[^"]*"', piece):
        yield Fix(title, (Edit(start + 1, end - 1, word),))
    words = {match[0]: match for match in re.finditer(r"[A-Za-z_][\w.]*", piece)}
    match = words.get(nearest(word, [each for each in words if each != word]) or "")
    if match is not None:
        yield Fix(title, (Edit(start + match.start(), start + match.end(), word),))


def _called(text: str, start: int, end: int, name: str, further: str) -> Iterator[Fix]:
    """A call with other arguments in the place of the one of that name; `...` stands for those that it has."""
    stop = text.find("\n", end)
    for match in re.finditer(rf"\b{name}\b", text[start : len(text) if stop < 0 else stop]):
        first = start + match.start()
        last = first + len(name)
        given = re.match(r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)", text[last:])
        within = given[0][1:-1] if given else ""
        made = further.replace("(..., ", f"({within}, " if within.strip() else "(")
        if "..." not in made:
            yield Fix(f"write {name}{made}", (Edit(first, last + (len(given[0]) if given else 0), f"{name}{made}"),))


def _statement(text: str, start: int, end: int) -> tuple[int, int]:
    """The lines around a part of the text, without their indent and comment."""
    first = text.rfind("\n", 0, start) + 1
    first += len(text[first:start]) - len(text[first:start].lstrip())
    stop = text.find("\n", end)
    line = text[end : len(text) if stop < 0 else stop]
    return first, end + len(line.partition("  #")[0].rstrip())


def _with_comma(text: str, start: int, end: int) -> tuple[int, int]:
    """A part of a list with the comma before or behind it."""
    before = re.search(r",\s*$", text[:start])
    after = re.match(r"\s*,\s*", text[end:])
    if before:
        return before.start(), end
    return start, end + (after.end() if after else 0)


def _import(text: str, name: str) -> Iterator[Fix]:
    """The import of a block or model that nnspec brings."""
    for path, names in library().items():
        if name in names:
            line = f'import {name} from "{path}"\n'
            at = re.search(r"(?m)^(?:import|block|model|train)\b", text)
            place = at.start() if at else 0
            yield Fix(line.strip(), (Edit(place, place, line if text[place : place + 6] == "import" else f"{line}\n"),))


@cache
def library() -> dict[str, list[str]]:
    """The blocks and models of the files that every spec may import, by the paths of these files."""
    found: dict[str, list[str]] = {}
    specs: Path = folder("specs")
    for kind in LIBRARIES:
        base = specs if kind == "zoo" else specs / kind
        for path in sorted(base.glob("*.nn")):
            names = re.findall(r"(?m)^(?:block|model)[ \t]+(\w+)", path.read_text(encoding="utf-8"))
            found[f"{kind}/{path.name}"] = names
    return found
