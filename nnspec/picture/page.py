"""A picture as a page: one file in which blocks open and close, and every part shows its numbers, text and source.

The page has each level once, laid out with closed blocks. A script (page.js) opens a block by making room for it: what
lies beyond its centre moves, so that nothing that was apart meets. Nothing is asked of a server, and a reader without
scripts sees the picture as it is written.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from nnspec.diagnostics import Source, SpecError
from nnspec.ir import Program
from nnspec.ir.program import Place
from nnspec.picture.bend import arms, place
from nnspec.picture.build import Scenes, View
from nnspec.picture.content import Content, content
from nnspec.picture.figure import Figure
from nnspec.picture.placed import Plate, Sheet, cards, laid_out, strip_width, word_width, words
from nnspec.picture.scene import Level, Strip
from nnspec.picture.svg import style, svg
from nnspec.to_torch.emit import torch_source
from nnspec.why import why

Json = dict[str, Any]


def page(figure: Figure, views: Sequence[View], sources: Mapping[str, Source]) -> str:
    """The text of the file."""
    title = ", ".join(part.name for part in figure.parts)
    data = {"networks": [_network(view, sources) for view in views]}
    folder = files("nnspec.picture")
    text = {name: folder.joinpath(name).read_text(encoding="utf-8") for name in ("page.html", "page.css", "page.js")}
    shown = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    counts = " ".join(f"{part.name}: {part.counts}." for part in figure.parts)
    parts = {
        "title": escape(title),
        "counts": escape(counts),
        "style": style() + text["page.css"],
        "picture": svg(figure),
        "data": shown,
        "script": text["page.js"],
    }
    made = text["page.html"]
    head, *rest = made.split("{{")
    filled = [head]
    for piece in rest:
        name, _, after = piece.partition("}}")
        filled += [parts[name.strip()], after]
    return "".join(filled)


def _network(view: View, sources: Mapping[str, Source]) -> Json:
    made = _Levels(view, sources)
    return {
        "name": view.program.main.name,
        "root": view.program.entry,
        "levels": made.levels,
        "open": made.open,
        "texts": {name: source.text for name, source in sources.items() if name in made.files},
        "python": made.python,
    }


class _Levels:
    """The levels of a model, by the keys of their modules."""

    def __init__(self, view: View, sources: Mapping[str, Source]) -> None:
        self.view = view
        self.sources = sources
        self.program = view.program
        self.scenes = Scenes(View(view.program, frozenset(), view.marks))
        self.levels: dict[str, Json] = {}
        self.open: list[str] = []
        self.files: set[str] = set()
        self.python, self.classes = _python(view.program)
        self._add(Content(self.program.main, self.program.entry, ""), main=True)
        self._open(self.program.entry, "")

    def _add(self, inside: Content, *, main: bool = False) -> None:
        """The level of a module, and those inside its blocks."""
        if inside.key in self.levels:
            return
        level = self.scenes.level(inside)
        sheet = place(level) if main else laid_out(level, inner=True)
        rising = arms(level) if main else frozenset[int]()
        found: Json = {"w": round(sheet.width, 1), "h": round(sheet.height, 1), "lines": self.classes.get(inside.key)}
        self.levels[inside.key] = found
        found["place"] = self._declaration(inside.module.place)
        found["boxes"] = [self._box(index, plate, inside, index in rising) for index, plate in enumerate(sheet.plates)]
        found["wires"] = _wires(level, sheet, not main)

    def _box(self, index: int, plate: Plate, inside: Content, rises: bool) -> Json:
        box = plate.box
        full = plate.height + cards(box)
        found: Json = {
            "kind": box.kind,
            "x": round(plate.x + plate.width / 2, 1),
            "y": round(plate.y + full / 2, 1),
            "w": round(plate.width, 1),
            "h": round(full, 1),
            "strips": [self._strip(strip, inside) for strip in box.strips],
        }
        if cards(box):
            found["cards"] = 1
        if rises:
            found["up"] = 1
        if box.module is not None and "reused" not in box.strips[0].notes:
            below = content(self.program, box.module, box.path)
            found["level"], found["prefix"] = below.key, below.prefix[len(inside.prefix) :]
            found["heading"] = round(strip_width(box.strips[0]), 1)
            found["takes"], found["gives"] = list(box.takes), list(box.gives)
            self._add(below)
        return found

    def _strip(self, strip: Strip, inside: Content) -> Json:
        found: Json = {
            "path": strip.path[len(inside.prefix) :],
            "family": strip.family,
            "words": [[each.text, each.style, round(each.width, 1)] for each in words(strip)],
        }
        if strip.place is not None:
            found["place"] = self._place(strip.place)
        reasons = why(self.program, strip.path, self.sources) if strip.path else None
        if reasons is not None:
            lines = str(reasons).split("\n")
            found["why"] = [line.strip() for line in lines[2:]]
        return found

    def _place(self, found: Place | None) -> list[Any] | None:
        if found is None or found.file not in self.sources:
            return None
        self.files.add(found.file)
        return [found.file, found.start, found.end]

    def _declaration(self, found: Place | None) -> list[Any] | None:
        """The place of a block with its body; a place that is told is that of its heading."""
        given = self._place(found)
        if given is None:
            return None
        file, start, end = given
        return [file, start, max(end, body_end(self.sources[file].text, start))]

    def _open(self, key: str, prefix: str) -> None:
        """The paths of the blocks that are open at first."""
        for box in self.levels[key]["boxes"]:
            path = prefix + box["strips"][0]["path"]
            if "level" in box and path in self.view.open:
                self.open.append(path)
                self._open(box["level"], prefix + box["prefix"])


def body_end(text: str, start: int) -> int:
    """The end of the first `{ ... }` behind an offset, before the next declaration; the offset if there is none."""
    depth = 0
    for found in re.compile(r'#[^\n]*|"[^"\n]*"|\n(?=(?:block|model|train|import)\b)|[{}]').finditer(text, start):
        if found[0] == "\n":
            break
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if found[0] == "}" and depth <= 0:
            return found.end()
    return start


def _wires(level: Level, sheet: Sheet, inner: bool) -> list[Json]:
    named = inner and sum(box.kind == "input" for box in level.boxes) > 1
    found = []
    for wire, route in zip(level.wires, sheet.routes, strict=True):
        source = level.boxes[wire.source]
        if inner and source.kind == "input":
            told = source.strips[0].name if named else ""
        else:
            told = wire.shape
        found.append(
            {
                "from": wire.source,
                "to": wire.target,
                "value": wire.value,
                "place": wire.place,
                "words": told,
                "width": round(word_width(told, "shape"), 1),
                "route": [[round(x, 1), round(y, 1)] for x, y in route],
            }
        )
    return found


def _python(program: Program) -> tuple[str, dict[str, tuple[int, int]]]:
    """The PyTorch source, and the lines of the class of each module; nothing where there is none."""
    try:
        source = torch_source(program)
    except SpecError:
        return "", {}
    lines = {
        node.name: (node.lineno, node.end_lineno or node.lineno)
        for node in ast.parse(source.text).body
        if isinstance(node, ast.ClassDef)
    }
    return source.text, {key: lines[name] for key, name in source.classes.items() if name in lines}
