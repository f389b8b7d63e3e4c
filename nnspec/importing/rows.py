"""`gather`: the modules of a list that are applied one after the other are a group below the name of the list.

`blocks: { 2 x Convolution -> Attention }` says what three lines, `blocks.0: Convolution` and so on, would say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from nnspec.importing.bodies import Body, Call, Group, Item, Step, below


def gather(body: Body) -> None:
    """Make a group of each whole list of modules in a row, in a body and in those that it calls."""
    for each in body.bodies():
        gather(each)
    body.items = _with_rows(body.items, body.outputs, body.path)


def _with_rows(items: list[Item], outputs: Sequence[str], path: str) -> list[Item]:
    uses = Counter(value for item in items for value in item.reads)
    uses.update(outputs)
    made: list[Item] = []
    place = 0
    while place < len(items):
        run = _run(items, place, uses, path)
        if run:
            made.append(_group(items[place : place + run], path))
        else:
            made.append(items[place])
        place += run or 1
    return made


def _run(items: list[Item], place: int, uses: Counter[str], path: str) -> int:
    """The number of items from a place on that are all of a list, in order; 0 where they are not a row."""
    stem, _, number = (items[place].label or "").rpartition(".")
    if not stem or number != "0" or not _is_link(items[place]):
        return 0
    run = 1
    while place + run < len(items):
        before, item = items[place + run - 1], items[place + run]
        follows = _is_link(item) and item.label == f"{stem}.{run}" and item.reads == before.outputs
        if not follows or uses[before.outputs[0]] != 1:
            break
        run += 1
    others = [*items[:place], *items[place + run :]]
    row = items[place : place + run]
    if run < 2 or _has_own_ties(row, path) or any((each.label or "").startswith(f"{stem}.") for each in others):
        return 0
    return run


def _has_own_ties(row: Sequence[Item], path: str) -> bool:
    """Whether a module of a list has a weight of another for its own, which inside the group has no name yet."""
    stem = f"{path}.{(row[0].label or '').rpartition('.')[0]}".lstrip(".")
    return any(below(key, stem) for item in row for _, key in _ties(item))


def _ties(item: Item) -> Iterator[tuple[str, str]]:
    if isinstance(item, Step):
        yield from item.operation.ties
        return
    for each in item.items if isinstance(item, Group) else item.body.items:
        yield from _ties(each)


def _is_link(item: Item) -> bool:
    """Whether an item takes one value and gives one, for the first time."""
    if isinstance(item, Step) and not item.owns:
        return False
    return len(item.inputs) == len(item.outputs) == 1 and not (isinstance(item, Call) and item.again)


def _group(row: Sequence[Item], path: str) -> Group:
    stem = (row[0].label or "").rpartition(".")[0]
    for item in row:
        item.label = (item.label or "").rpartition(".")[2]
    return Group(stem, f"{path}.{stem}".lstrip("."), list(row), row[0].reads, row[-1].outputs)
