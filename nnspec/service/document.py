"""A text with all that the compiler knows of it, each part computed when it is first asked for.

A text that cannot be read to its end is read up to its break. A document never changes: another text is another one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from nnspec.cached import cached_property
from nnspec.diagnostics import Sink, Source, SpecError
from nnspec.diagnostics.diagnostic import Found
from nnspec.elaborate.builder.kept import Store
from nnspec.elaborate.doubts import doubt_names
from nnspec.elaborate.elaborate import elaborate
from nnspec.elaborate.files import Files
from nnspec.layers.tensor_type import TensorType
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.model import Model
from nnspec.record import Record
from nnspec.service.mend import mend
from nnspec.syntax import tree as t
from nnspec.syntax.pieces import Pieces

Types = tuple[TensorType, ...]
Answer = TypeVar("Answer")


class Reading:
    """A text as it was read: its declarations, what is wrong with them, and the files that they come from."""

    def __init__(
        self, source: Source, path: Path | None, texts: Mapping[Path, str], limits: Limits, pieces: Pieces
    ) -> None:
        self.sink = Sink()
        files = Files(self.sink, limits, None if path is None else path.parent, texts, pieces)
        self.declarations = files.main(source, path)
        self.paths = files.paths


class Memory:
    """What was read and made of earlier texts, under the same limits: after an edit, only what it changed is anew."""

    def __init__(self) -> None:
        self.pieces = Pieces()
        self.blocks = Store()


class Elaborated(Record):
    """A model of a text: what it was made to if it is sound, what was found, and the types behind every step."""

    name: str
    model: Model | None
    found: tuple[Found, ...]
    steps: Mapping[tuple[int, int], list[Types]]


class Document:
    """The text of a spec.

    Args:
        text: the text itself.
        path: where it lies, for what it imports; None for a text without a file.
        texts: the texts of other files that an editor holds, by their paths.
        limits: bounds on what it may ask for.
        memory: of earlier texts, which this one may have much in common with.
    """

    def __init__(
        self,
        text: str,
        path: Path | None = None,
        texts: Mapping[Path, str] | None = None,
        limits: Limits = DEFAULT_LIMITS,
        memory: Memory | None = None,
    ) -> None:
        self.text = text
        self.path = None if path is None else path.resolve()
        self.texts = dict(texts or {})
        self.limits = limits
        self.memory = memory or Memory()
        self.source = Source("<text>" if path is None else path.name, text)
        self._elaborated: dict[tuple[str, bool], Elaborated] = {}
        self._checked: dict[str, list[Found]] = {}
        self._once: dict[Callable[[Document], Any], Any] = {}

    def once(self, make: Callable[[Document], Answer]) -> Answer:
        """What a function says of this text, asked once."""
        if make not in self._once:
            self._once[make] = make(self)
        answer: Answer = self._once[make]
        return answer

    def changed(self, text: str) -> Document:
        """The same file with another text."""
        return Document(text, self.path, self.texts, self.limits, self.memory)

    @cached_property
    def reading(self) -> Reading:
        """The text as it stands."""
        return self._read(self.source)

    @cached_property
    def breaks(self) -> list[int]:
        """The offsets of its mistakes of syntax."""
        spans = [found.diagnostic.span for found in self.reading.sink.found if found.diagnostic.code.startswith("E01")]
        return [span.start for span in spans if span is not None and span.source.name == self.source.name]

    @cached_property
    def _mended(self) -> tuple[Reading, list[tuple[int, int]]]:
        text, cuts = mend(self.text, self.breaks, self.limits)
        return self._read(Source(self.source.name, text)), cuts

    def _read(self, source: Source) -> Reading:
        return Reading(source, self.path, self.texts, self.limits, self.memory.pieces)

    @property
    def whole(self) -> bool:
        """Whether the text can be read to its end."""
        return not self.breaks

    @cached_property
    def readable(self) -> Reading:
        """The text as far as it can be read: broken declarations up to their break."""
        return self.reading if self.whole else self._mended[0]

    @property
    def tree(self) -> t.File:
        """The declarations, as far as they can be read."""
        return self.readable.declarations.tree

    def _names(self, reading: Reading) -> list[str]:
        """The models that need no arguments, in order."""
        return [
            each.name
            for each in reading.declarations.models
            if all(parameter.default is not None for parameter in each.declaration.parameters)
        ]

    def elaborated(self, name: str, *, mended: bool = False) -> Elaborated:
        """A model of the text by name, or of the text as far as it can be read."""
        if (name, mended) not in self._elaborated:
            reading = self.readable if mended else self.reading
            store = self.memory.blocks
            self._elaborated[name, mended] = _elaborated(reading, name, self.source.name, self.limits, store)
        return self._elaborated[name, mended]

    @property
    def names(self) -> list[str]:
        """The models of the text as it stands that need no arguments."""
        return self._names(self.reading)

    def examined(self) -> Iterator[None]:
        """Find all that `found` needs, a part of it at each step."""
        for name in self._names(self.reading):
            self.elaborated(name)
            yield
            self._checks(name)
            yield
        self.found  # noqa: B018 - kept from now on
        yield

    def _checks(self, name: str) -> list[Found]:
        """What may go wrong later with a model: exports, and training."""
        if name not in self._checked:
            model = self.elaborated(name).model
            self._checked[name] = [] if model is None else _checked(model, self.limits)
        return self._checked[name]

    @cached_property
    def found(self) -> tuple[Found, ...]:
        """All that is wrong or doubtful in the text, of all models that need no arguments, each once.

        A file of blocks alone, which others import, has only mistakes that need no arguments to be seen.
        """
        sink = Sink()
        names = self._names(self.reading)
        groups: list[Iterable[Found]] = [self.reading.sink.found]
        groups += [self.elaborated(name).found for name in names]
        groups += map(self._checks, names)
        for group in groups:
            for each in group:
                sink.add(each.diagnostic, each.chain)
        if not names:
            doubt_names(self.reading.declarations, sink)
        return tuple(sink.found)

    @property
    def models(self) -> Iterator[Model]:
        """The models that are sound, as far as the text can be read."""
        for name in self._names(self.readable):
            made = self.elaborated(name, mended=not self.whole).model
            if made is not None:
                yield made

    @cached_property
    def steps(self) -> Mapping[tuple[int, int], list[Types]]:
        """The types behind the steps and inputs of this text, by their offsets, as far as it can be read.

        A block that is built several times has one of each kind. Those of the first model that reaches a step count,
        and further models are asked only while there are blocks without any.
        """
        found: dict[tuple[int, int], list[Types]] = {}
        self._gather(found, mended=False)
        if not self.whole:
            reading, cuts = self._mended
            closed = [
                (each, cut)
                for each in reading.declarations.tree.declarations
                for cut, end in cuts
                if each.start < cut and each.end <= max(end, len(self.text) + 1) and cut < each.end
            ]
            # Behind the call of a block that was closed too early nothing is known.
            blocks = [(each.start, cut) for each, cut in closed if isinstance(each, t.Block)]
            self._gather(found, mended=True, within=blocks or None)
        return dict(sorted(found.items()))

    def _gather(
        self, found: dict[tuple[int, int], list[Types]], *, mended: bool, within: list[tuple[int, int]] | None = None
    ) -> None:
        """Add the types behind steps, of those between certain offsets if these are given."""
        reading = self.readable if mended else self.reading
        bodies = [each for each in reading.declarations.tree.declarations if isinstance(each, (t.Block, t.Model))]
        waiting = sorted((each.start, each.end) for each in bodies if isinstance(each.body, t.Body))
        for name in self._names(reading):
            for (start, end), types in self.elaborated(name, mended=mended).steps.items():
                if within is None or any(first <= start and end <= last for first, last in within):
                    found.setdefault((start, end), types)
            known = sorted(at for at, _ in found)
            waiting = [each for each in waiting if bisect_left(known, each[0]) == bisect_left(known, each[1])]
            if not waiting:
                break


def _elaborated(reading: Reading, name: str, file: str, limits: Limits, store: Store) -> Elaborated:
    """A model of what was read; what was wrong before is not told again."""
    steps: dict[tuple[int, int], list[Types]] = {}

    def watch(source: Source, start: int, end: int, types: Types) -> None:
        if source.name == file:
            known = steps.setdefault((start, end), [])
            if types not in known:
                known.append(types)

    sink = Sink()
    for each in reading.sink.found:
        sink.add(each.diagnostic, each.chain)
    model = None
    try:
        program = elaborate(reading.declarations, sink, model=name, limits=limits, watch=watch, store=store)
        model = Model(program, reading.declarations, sink)
    except SpecError:
        pass
    return Elaborated(name, model, tuple(sink.found), steps)


def _checked(model: Model, limits: Limits) -> list[Found]:
    try:
        return model.check(limits=limits)
    except SpecError as error:
        return error.found
