"""The blocks and models that the names of a file mean."""

from __future__ import annotations

from collections.abc import Set

from nnspec.cached import cached_property
from nnspec.diagnostics import Source
from nnspec.record import Record
from nnspec.syntax import tree as t
from nnspec.syntax.bindings import Bindings


class BlockDefinition(Record):
    """A block or model, with the file whose names it sees."""

    declaration: t.Block | t.Model
    declarations: Declarations

    @property
    def name(self) -> str:
        """The name that the spec gives it."""
        return self.declaration.name.text

    @property
    def source(self) -> Source:
        """The text that it stands in."""
        return self.declarations.source

    def __hash__(self) -> int:
        return id(self.declaration)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BlockDefinition) and self.declaration is other.declaration


class Declarations:
    """The meaning of the names of one file: its own blocks and models, and those it imports."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.tree = t.File(0, 0, ())
        self.names: dict[str, BlockDefinition] = {}
        self.models: list[BlockDefinition] = []
        self.trains: list[t.Train] = []
        self.recipes: dict[int, Declarations] = {}  # files whose recipe a `train` block takes over, by its offset
        self.broken: set[str] = set()  # names that a mistake keeps from meaning anything
        self.bodies: list[t.Body] = []  # of its blocks and models

    @cached_property
    def unused(self) -> Set[int]:
        """The offsets of the bindings that nothing uses."""
        return {offset for each in self._bindings for offset in each.unused}

    @cached_property
    def ending(self) -> Set[int]:
        """The offsets of the bindings of a name that ends with a group, and that the body around it goes on to use."""
        return {offset for each in self._bindings for offset in each.ending}

    @cached_property
    def _bindings(self) -> list[Bindings]:
        return list(map(Bindings, self.bodies))

    def sources(self) -> dict[str, Source]:
        """The texts that the places of a program refer to, by the names of their files: this one and all it imports."""
        found: dict[str, Source] = {}
        pending = [self]
        while pending:
            each = pending.pop()
            if each.source.name not in found:
                found[each.source.name] = each.source
                pending += [definition.declarations for definition in each.names.values()]
                pending += each.recipes.values()
        return found
