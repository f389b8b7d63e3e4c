"""The blocks of a picture that are open: of those drawn alike the first, while there is room; to a depth; by name."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from nnspec.diagnostics import Diagnostic, SpecError, nearest
from nnspec.ir import Program
from nnspec.ir.state import reached
from nnspec.picture.build import Scenes, View
from nnspec.picture.content import Content, Sketches, blocks, content, standing

ROOM = 64  # boxes of a picture that nobody said more about
MOST = 5_000  # boxes of any picture


class NoSuchBlock(Diagnostic):
    """A picture was to open a block at a path where the model has none. Paths are those of the `state_dict`."""

    code = "E0511"
    path: str
    model: str
    layer: bool
    suggestion: str | None

    @property
    def message(self) -> str:
        return f"{self.path} is a layer, and has nothing inside" if self.layer else f"{self.model} has no {self.path}"

    @property
    def help(self) -> str | None:
        if self.suggestion:
            return f"did you mean {self.suggestion}?"
        return "`nnspec summary` lists the blocks; write their labels with dots between: encoder.0"


class TooManyBoxes(Diagnostic):
    """A picture that deep has more boxes than anyone could look at."""

    code = "E0512"
    depth: int

    @property
    def message(self) -> str:
        return f"a picture {self.depth} levels deep has more than {MOST:,} boxes"

    @property
    def help(self) -> str | None:
        return "take a smaller --depth, and open single blocks: --open encoder.0"


def view(program: Program, depth: int | None = None, paths: Iterable[str] = ()) -> View:
    """A model with some of its blocks open.

    Args:
        program: the model.
        depth: how many levels are open; those that there is room for if it is left out.
        paths: blocks that are open in any case, and those around them.

    Raises:
        SpecError: there is no block at a path, or there are too many boxes.
    """
    found = _roomy(program) if depth is None else _to_depth(program, depth)
    for path in paths:
        found |= _around(program, path)
    return View(program, found)


def _blocks_in(program: Program, inside: Content) -> Iterable[Content]:
    """The blocks directly in a level, each with its inside and its path as the prefix less the rest."""
    for call in inside.module.calls:
        shown = standing(program, inside.module, call, inside.prefix)
        if isinstance(shown.call.callee, str) and not shown.call.shared:
            yield Content(inside.module, shown.call.callee, shown.path)


def _roomy(program: Program) -> set[str]:
    """The first block of each sketch, from the top down, while there is room."""
    closed, sketches = Scenes(View(program, frozenset())), Sketches(program)
    main = Content(program.main, program.entry, "")
    found: set[str] = set()
    seen: set[int] = set()
    count = len(closed.level(main).boxes)
    pending = deque([main])
    while pending and count < ROOM:
        for block in _blocks_in(program, pending.popleft()):
            inside = content(program, block.key, block.prefix)
            if sketches.of(inside.key) in seen:
                continue
            boxes = len(closed.level(inside).boxes)
            if count + boxes <= ROOM:
                seen.add(sketches.of(inside.key))
                found.add(block.prefix)
                count += boxes
                pending.append(inside)
    return found


def _to_depth(program: Program, depth: int) -> set[str]:
    """All blocks above a depth."""
    found: set[str] = set()
    level = [Content(program.main, program.entry, "")]
    for _ in range(depth - 1):
        below: list[Content] = []
        for inside in level:
            for block in _blocks_in(program, inside):
                found.add(block.prefix)
                below.append(content(program, block.key, block.prefix))
                if len(found) > MOST:
                    raise SpecError.of(TooManyBoxes(None, depth))
        if not below:
            break
        level = below
    return found


def _around(program: Program, path: str) -> set[str]:
    """The paths of the block at a path, told as of its first application, and of those around it."""
    known = list(blocks(program))
    wanted = _first(program, path)
    if wanted not in known:
        wanted = next((each for each in known if wanted and each.startswith(f"{wanted}.")), wanted)
    if wanted not in known:
        found = reached(program, program.main, path)
        layer = found is not None and not found.rest and not isinstance(found.call.callee, str)
        suggestion = None if layer else nearest(path, known)
        raise SpecError.of(NoSuchBlock(None, path, program.main.name, layer, suggestion))
    return {each for each in known if f"{wanted}.".startswith(f"{each}.")}


def _first(program: Program, path: str) -> str:
    """A path with the first application of repeats in the place of others."""
    module, done, rest = program.main, "", path
    while rest:
        for call in module.calls:
            left = call.rest_of(rest)
            if left is not None and not call.shared:
                done = f"{done}.{call.label}".lstrip(".")
                break
        else:
            return path
        if not left or not isinstance(call.callee, str):
            return f"{done}.{left}" if left else done
        module, rest = program.modules[call.callee], left
    return done
