"""The names of a text: where each is given, where it is used, and what it leads to.

In a block or model a name has one meaning for the editor, from its first line to its last, so that all its places are
renamed together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from nnspec.cached import cached_property
from nnspec.diagnostics import Span
from nnspec.elaborate.declarations import BlockDefinition
from nnspec.elaborate.instantiate.arguments import variant_of
from nnspec.highlight import KEYWORDS
from nnspec.layers import registry
from nnspec.recipe.recipe import KEYS, PHASE_KEYS
from nnspec.record import Record
from nnspec.service.answers import Edit, Refused, Target, applied
from nnspec.service.document import Document
from nnspec.syntax import tree as t
from nnspec.syntax.walk import givers, nodes

_FILE = -1  # the scope of the names of a file
_MOST = 500  # other files of a project that are looked through

Key = tuple[str, int, str]  # the file, the offset of the declaration that a name belongs to, the name


class Occurrence(Record):
    """A place where a name stands."""

    start: int
    end: int
    key: Key
    gives: bool = False  # the name its meaning
    leads: Span | None = None  # where it is given in another file, or elsewhere in this one


class Names:
    """All names of a document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.declarations = document.readable.declarations
        self.file = document.source.name

    @cached_property
    def occurrences(self) -> list[Occurrence]:
        """Every place where a name stands, in order."""
        found: dict[tuple[int, int], Occurrence] = {}
        for node in self.document.tree.declarations:
            for each in self._of(node):
                found.setdefault((each.start, each.end), each)
        return sorted(found.values(), key=lambda each: each.start)

    def at(self, offset: int) -> Occurrence | None:
        """The name at an offset, or right before it."""
        around = [each for each in self.occurrences if each.start <= offset <= each.end]
        return min(around, key=lambda each: (each.end == offset, each.end - each.start), default=None)

    def same(self, key: Key) -> list[Occurrence]:
        """All places of a name."""
        return [each for each in self.occurrences if each.key == key]

    def local(self, node: t.Block | t.Model | t.Train) -> set[str]:
        """The names that a declaration gives in its body."""
        return {each.text for each in givers(node)}

    # --- collecting

    def _of(self, node: t.Declaration) -> Iterator[Occurrence]:
        if isinstance(node, t.Import):
            yield from self._of_import(node)
            return
        if isinstance(node, t.Train):
            if node.name is not None:
                yield from self._named(node.name.text, node.name, node, frozenset())
            given = {each.text for each in givers(node)} - {*KEYS, *PHASE_KEYS}
            taken = self.declarations.recipes.get(node.start)
            for each in nodes(node.body):
                if taken is not None and isinstance(each, t.Text) and each.parts == (taken.source.name,):
                    yield Occurrence(each.start, each.end, (taken.source.name, 0, ""), leads=Span(taken.source, 0, 0))
        else:
            yield Occurrence(node.name.start, node.name.end, (self.file, _FILE, node.name.text), gives=True)
            given = {each.text for each in givers(node)}
        for name in givers(node):
            if name.text in given:
                yield Occurrence(name.start, name.end, (self.file, node.start, name.text), gives=True)
        for each in nodes(node):
            if isinstance(each, t.Name):
                yield from self._named(each.text, each, node, given)
            elif isinstance(each, t.Output) and each.name.text in given:
                yield Occurrence(each.name.start, each.name.end, (self.file, node.start, each.name.text))
            elif isinstance(each, t.Order):
                for label in each.labels:
                    if isinstance(label, t.Identifier) and label.text in given:
                        yield Occurrence(label.start, label.end, (self.file, node.start, label.text))
            elif isinstance(each, t.Postfix) and isinstance(each.base, t.Name) and each.base.text not in given:
                yield from self._arguments(each)

    def _of_import(self, node: t.Import) -> Iterator[Occurrence]:
        for each in node.names:
            definition = self.declarations.names.get(each.alias.text)
            leads = None if definition is None else _name_of(definition)
            yield Occurrence(each.alias.start, each.alias.end, (self.file, _FILE, each.alias.text), True, leads)
            if leads is not None and definition is not None and each.name.start != each.alias.start:
                key = (definition.source.name, _FILE, definition.name)
                yield Occurrence(each.name.start, each.name.end, key, leads=leads)
            if leads is not None:
                start = Span(leads.source, 0, 0)
                yield Occurrence(node.path.start, node.path.end, (leads.source.name, 0, ""), leads=start)

    def _named(
        self, text: str, node: t.Node, within: t.Block | t.Model | t.Train, given: set[str] | frozenset[str]
    ) -> Iterator[Occurrence]:
        definition = self.declarations.names.get(text)
        if text in given:
            yield Occurrence(node.start, node.end, (self.file, within.start, text))
        elif definition is not None:
            yield Occurrence(node.start, node.end, (self.file, _FILE, text), leads=_name_of(definition))
        elif isinstance(within, t.Train):
            for model in self.declarations.models:
                place = _result(model, text)
                if place is not None:
                    key = (place[0].source.name, place[0].declaration.start, text)
                    span = Span(place[0].source, place[1].start, place[1].end)
                    yield Occurrence(node.start, node.end, key, leads=span)
                    return

    def _arguments(self, node: t.Postfix) -> Iterator[Occurrence]:
        """The names of arguments, which are those of parameters."""
        assert isinstance(node.base, t.Name)
        definition = self.declarations.names.get(node.base.text)
        if definition is None or not node.trailers or not isinstance(node.trailers[0], t.Arguments):
            return
        for argument in node.trailers[0].items:
            for each in (definition, *variant_of(definition)) if argument.name is not None else ():
                for parameter in each.declaration.parameters:
                    assert argument.name is not None
                    if parameter.name.text == argument.name.text:
                        leads = Span(each.source, parameter.name.start, parameter.name.end)
                        key = (each.source.name, each.declaration.start, parameter.name.text)
                        yield Occurrence(argument.name.start, argument.name.end, key, leads=leads)

    # --- answers

    def definition(self, offset: int) -> Target | None:
        """The place where the name at an offset is given."""
        found = self.at(offset)
        if found is None:
            return None
        if found.leads is not None:
            return self._target(found.leads)
        places = [each for each in self.same(found.key) if each.gives]
        before = [each for each in places if each.start <= found.start]
        chosen = (before or places)[-1 if before else 0] if places else found
        return Target(chosen.start, chosen.end, self.document.text, self.document.path)

    def references(self, offset: int, *, declaration: bool = True) -> list[Target]:
        """All places of the name at an offset, in this file and in those of its folder that import it."""
        found = self.at(offset)
        if found is None:
            return []
        own, path = self.document.text, self.document.path
        places = [
            Target(each.start, each.end, own, path) for each in self.same(found.key) if declaration or not each.gives
        ]
        for other in self._importers(found):
            places += [
                Target(each.start, each.end, other.document.text, other.document.path)
                for each in other.occurrences
                if each.leads is not None and self._is_here(other, each.leads, found)
            ]
        return places

    def rename(self, offset: int, name: str) -> list[Edit]:
        """The edits that give the name at an offset another one, wherever it stands.

        Raises:
            Refused: it cannot be renamed, or not so.
        """
        found = self.at(offset)
        if found is None or found.key[2] == "":
            raise Refused("there is no name here that this file gives")
        if found.key[0] != self.file:
            raise Refused(f"{found.key[2]} is given in {found.key[0]}: rename it there")
        self._check(name, found.key)
        edits = [Edit(each.start, each.end, self._written(each, name)) for each in self.same(found.key)]
        changed = self.document.changed(applied(self.document.text, edits))
        before, after = (
            sorted(each.diagnostic.code for each in document.found) for document in (self.document, changed)
        )
        if before != after:
            raise Refused(f"with {name} in the place of {found.key[2]} the spec would say something else")
        for other in self._importers(found):
            for each in other.occurrences:
                if each.leads is not None and self._is_here(other, each.leads, found):
                    if each.key[0] != other.file:  # the name as this file gives it
                        edits.append(Edit(each.start, each.end, name, other.document.path))
                    elif each.gives:  # imported under its own name, which it keeps there
                        kept = f"{name} as {each.key[2]}"
                        aliased = any(one.key == found.key and one.end < each.start for one in other.occurrences)
                        if not aliased and other.document.text[each.start : each.end] == found.key[2]:
                            edits.append(Edit(each.start, each.end, kept, other.document.path))
        return edits

    def _written(self, place: Occurrence, name: str) -> str:
        """The new name; behind the old one where that is another file's."""
        old = self.document.text[place.start : place.end]
        imported = place.gives and place.leads is not None and place.leads.text == old
        before = self.document.text[: place.start].rstrip()
        return f"{old} as {name}" if imported and not re.search(r"\bas$", before) else name

    def _check(self, name: str, key: Key) -> None:
        """Check that a name is free.

        Raises:
            Refused: it is not.
        """
        if not re.fullmatch(r"[A-Za-z]\w*|_\w+", name, re.ASCII) or name in KEYWORDS or name == "x":
            raise Refused(f"{name} cannot be a name")
        if registry.find(name) or registry.find_construct(name) or registry.find_by("function", name):
            raise Refused(f"{name} is a layer or function of the language")
        for each in self.occurrences:
            if each.key[2] == name and (each.key[1] in (key[1], _FILE) or key[1] == _FILE):
                raise Refused(f"{name} is the name of something else already")

    def _target(self, span: Span) -> Target:
        path = self.document.path if span.source.name == self.file else self._path(span.source.name)
        text = self.document.text if span.source.name == self.file else span.source.text
        return Target(span.start, span.end, text, path)

    def _path(self, name: str) -> Path | None:
        return self.document.readable.paths.get(name)

    def _is_here(self, other: Names, leads: Span, found: Occurrence) -> bool:
        """Whether a name of another file leads to that of this one."""
        return (
            other._path(leads.source.name) == self.document.path
            and leads.text == found.key[2]
            and any(each.start == leads.start for each in self.same(found.key))
        )

    def _importers(self, found: Occurrence) -> Iterator[Names]:
        """The names of other files of the folder that may use this one's."""
        path = self.document.path
        if path is None or found.key[0] != self.file or found.key[1:] == (_FILE, ""):
            return
        for other in sorted(path.parent.rglob("*.nn"))[:_MOST]:
            resolved = other.resolve()
            if resolved == path:
                continue
            try:
                text = self.document.texts.get(resolved) or resolved.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue
            if path.name in text and found.key[2] in text:
                yield Names(Document(text, resolved, self.document.texts | {path: self.document.text}))


def _name_of(definition: BlockDefinition) -> Span:
    name = definition.declaration.name
    return Span(definition.source, name.start, name.end)


def _result(model: BlockDefinition, name: str) -> tuple[BlockDefinition, t.Identifier] | None:
    """The output of a model, or of the one that it is a variant of, by name, and where it is declared."""
    for each in (model, *variant_of(model)):
        for node in nodes(each.declaration.body):
            if isinstance(node, t.Output) and node.name.text == name:
                return each, node.name
    return None
