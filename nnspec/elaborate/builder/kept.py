"""Blocks as they were made in earlier elaborations, to be taken up again in one of nearly the same text.

Each is kept as the list of what making it did, in order: steps that were told of, modules that were added, blocks that
were used. `instantiate/again.py` writes that list, and plays it.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, NamedTuple, TypeVar

from nnspec.elaborate.builder.scope import Made
from nnspec.elaborate.declarations import BlockDefinition
from nnspec.ir import Module
from nnspec.layers.tensor_type import TensorType
from nnspec.record import Record

_MOST = 4_000  # blocks that are kept

Key = TypeVar("Key", bound=Hashable)


class Told(NamedTuple):
    """The types behind a step, by its offsets."""

    start: int
    end: int
    types: tuple[TensorType, ...]


class Added(NamedTuple):
    """A module, and its key at that time."""

    key: str
    module: Module


class Used(NamedTuple):
    """Another block, and the key that its module had; None for one that is not kept."""

    kept: Kept | None
    key: str


Event = Told | Added | Used


class Spent(NamedTuple):
    """What the limits of an elaboration count."""

    effort: int = 0
    work: int = 0
    modules: int = 0

    def plus(self, other: Spent) -> Spent:
        """Both together."""
        return Spent(self.effort + other.effort, self.work + other.work, self.modules + other.modules)

    def less(self, other: Spent) -> Spent:
        """The rest, without the other."""
        return Spent(self.effort - other.effort, self.work - other.work, self.modules - other.modules)


class Kept(Record):
    """A block for certain arguments and input types: what making it did, and all that this needs."""

    name: Hashable
    start: int  # of its declaration at that time
    events: tuple[Event, ...]
    made: Made
    identity: int  # of its definition
    identities: frozenset[int]  # of the blocks that it holds, and its own
    depth: int  # of the calls in it
    spent: Spent  # without the blocks that it uses
    most: Spent  # with them, if all are made for it


class Recording:
    """What has happened to a block that is being made."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.inside = Spent()  # by the blocks that it uses


class Store:
    """What is kept of one elaboration for the next ones, all under the same limits."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Kept] = {}
        self._numbers: dict[Hashable, int] = {}
        self._words: dict[str, tuple[str, ...]] = {}
        self._count = count()

    def get(self, name: Hashable) -> Kept | None:
        """A block by all that it depends on."""
        kept = self._kept.pop(name, None)
        if kept is not None:
            self._kept[name] = kept  # those that were asked for last stay
        return kept

    def keep(self, kept: Kept) -> None:
        """Keep a block, and let go of one that nobody has asked for."""
        self._kept[kept.name] = kept
        _bound(self._kept)

    def number(self, form: Hashable) -> int:
        """A number that only this form has."""
        if form not in self._numbers:
            self._numbers[form] = next(self._count)
            _bound(self._numbers)
        return self._numbers[form]

    def words(self, text: str) -> tuple[str, ...]:
        """The words of a text, each once."""
        if text not in self._words:
            self._words[text] = tuple(sorted(set(re.findall(r"[A-Za-z_]\w*", text))))
            _bound(self._words)
        return self._words[text]


def _bound(known: dict[Key, Any]) -> None:
    """Let go of the oldest entry, if there are very many."""
    if len(known) > _MOST:
        del known[next(iter(known))]


class Recorder:
    """Writes down what an elaboration does, for its blocks to be kept."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.reports = 0  # diagnostics so far: a block with any is not kept
        self.made: dict[Hashable, tuple[Made, Kept]] = {}  # blocks of this elaboration that are kept
        self.names: dict[Hashable, Hashable | None] = {}  # under which they are kept, by purpose
        self.definitions: dict[int, BlockDefinition] = {}  # by identity
        self._identities: dict[int, int] = {}
        self._open: list[Recording] = []

    @contextmanager
    def recording(self) -> Iterator[Recording]:
        """Collect all that happens within this block of code."""
        made = Recording()
        self._open.append(made)
        try:
            yield made
        finally:
            self._open.pop()

    def note(self, event: Event) -> None:
        """Something has happened to the block that is being made."""
        if self._open:
            self._open[-1].events.append(event)

    def used(self, purpose: Hashable, key: str) -> None:
        """The block that is being made uses another one."""
        kept = self.made.get(self.names.get(purpose))
        self.note(Used(None if kept is None else kept[1], key))

    def spent(self, spent: Spent) -> None:
        """Another block was made for the one that is being made."""
        if self._open:
            self._open[-1].inside = self._open[-1].inside.plus(spent)

    def identity(self, definition: BlockDefinition) -> int:
        """A number that another definition has only if its text is the same, and that of all that it may use."""
        known = self._identities.get(id(definition.declaration))
        if known is None:
            reached = self._reached(definition)
            place = {id(each.declaration): index for index, each in enumerate(reached)}
            form = tuple([(each.source.name, _text(each), *self._links(each, place)) for each in reached])
            known = self._identities[id(definition.declaration)] = self.store.number(form)
            self.definitions[known] = definition
            for each in reached:
                self.identity(each)
        return known

    def _reached(self, definition: BlockDefinition) -> list[BlockDefinition]:
        """A definition and all that its words lead to, in an order that these say."""
        found: dict[int, BlockDefinition] = {}
        pending = [definition]
        while pending:
            each = pending.pop()
            if id(each.declaration) not in found:
                found[id(each.declaration)] = each
                names = each.declarations.names
                pending += [names[word] for word in self._words(each) if word in names]
        return list(found.values())

    def _links(self, definition: BlockDefinition, place: dict[int, int]) -> Iterator[tuple[str, int]]:
        names, broken = definition.declarations.names, definition.declarations.broken
        for word in self._words(definition):
            if word in names:
                yield word, place[id(names[word].declaration)]
            elif word in broken:
                yield word, -1

    def _words(self, definition: BlockDefinition) -> tuple[str, ...]:
        return self.store.words(_text(definition)[0])


def _text(definition: BlockDefinition) -> tuple[str, str]:
    node = definition.declaration
    return definition.source.text[node.start : node.end], node.documentation
