"""Reading files; imports are resolved here, and never leave the project's folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from nnspec.diagnostics import Sink, Source, Span, nearest
from nnspec.elaborate.declarations import BlockDefinition, Declarations
from nnspec.elaborate.mistakes import AlreadyDeclared, BadImport
from nnspec.limits import Limits
from nnspec.resources import folder
from nnspec.syntax import tree as t
from nnspec.syntax.mistakes import TooLarge, UnreadableSpec
from nnspec.syntax.parse import parse
from nnspec.syntax.pieces import Pieces

LIBRARIES = ("zoo", "std")  # importable from anywhere by name
_told: ContextVar[Callable[[Path], object] | None] = ContextVar("_told", default=None)


@contextmanager
def reading(tell: Callable[[Path], object]) -> Iterator[None]:
    """Within this block `tell` is called with each spec before it is read, also with those that are not there."""
    token = _told.set(tell)
    try:
        yield
    finally:
        _told.reset(token)


class Files:
    """Reads the main file and what it imports, each file once."""

    def __init__(
        self,
        sink: Sink,
        limits: Limits,
        root: Path | None,
        texts: Mapping[Path, str] | None = None,
        pieces: Pieces | None = None,
    ) -> None:
        self.sink = sink
        self.limits = limits
        self.root = root  # the project's folder; None for a text without a file
        self.texts = texts or {}  # of files that an editor holds, and has not written yet
        self.pieces = pieces  # of texts that were read before
        self._read: dict[Path, Declarations] = {}
        self._reading: list[Path] = []

    def main(self, source: Source, path: Path | None = None) -> Declarations:
        """The declarations of the main text."""
        return self._declare(source, path, folder("specs") if path is None else path.parent)

    @property
    def paths(self) -> dict[str, Path]:
        """The files that were read, by the names that messages show."""
        return {declarations.source.name: path for path, declarations in self._read.items()}

    def _declare(self, source: Source, path: Path | None, base: Path) -> Declarations:
        declarations = Declarations(source)
        if path is not None:
            self._read[path] = declarations
            self._reading.append(path)
        file = parse(source, self.sink, self.limits, self.pieces)
        declarations.tree = file
        declarations.broken.update(file.broken)
        for node in file.declarations:
            if isinstance(node, t.Import):
                self._import(node, declarations, base)
            elif isinstance(node, t.Train):
                declarations.trains.append(node)
                self._take_over(node, declarations, base)
            else:
                definition = BlockDefinition(node, declarations)
                self._name(declarations, node.name, definition)
                if isinstance(node, t.Model):
                    declarations.models.append(definition)
                if isinstance(node.body, t.Body):
                    declarations.bodies.append(node.body)
        if path is not None:
            self._reading.pop()
        return declarations

    def _name(self, declarations: Declarations, name: t.Identifier, definition: BlockDefinition) -> None:
        span = Span(declarations.source, name.start, name.end)
        first = declarations.names.get(name.text)
        if first is not None:
            place = first.declaration.name
            self.sink.add(AlreadyDeclared(span, name.text, Span(first.source, place.start, place.end)))
        declarations.names.setdefault(name.text, definition)

    def _import(self, node: t.Import, declarations: Declarations, base: Path) -> None:
        span = Span(declarations.source, node.path.start, node.path.end)
        text = "".join(part for part in node.path.parts if isinstance(part, str))
        imported = self._load(text, span, base)
        for each in node.names:
            definition = imported.names.get(each.name.text) if imported else None
            if definition is None:
                declarations.broken.add(each.alias.text)
            if imported is None or each.name.text in imported.broken:
                continue
            if definition is None:
                close = nearest(each.name.text, imported.names)
                advice = f"did you mean {close}?" if close else f"it declares {', '.join(imported.names) or 'nothing'}"
                place = Span(declarations.source, each.name.start, each.name.end)
                self.sink.add(BadImport(place, f"{text} declares no {each.name.text}", advice))
            else:
                self._name(declarations, each.alias, definition)

    def _take_over(self, node: t.Train, declarations: Declarations, base: Path) -> None:
        """The file that `recipe = "FILE.nn"` of a `train` block names."""
        for line in node.body.statements:
            if isinstance(line, t.Bind) and [name.text for name in line.names] == ["recipe"]:
                step = line.chain.items[0].step
                if isinstance(step, t.Text) and len(line.chain.items) == 1 and len(step.parts) == 1:
                    span = Span(declarations.source, step.start, step.end)
                    loaded = self._load(str(step.parts[0]), span, base)
                    if loaded is not None:
                        declarations.recipes[node.start] = loaded

    def _load(self, text: str, span: Span, base: Path) -> Declarations | None:
        def fail(reason: str, advice: str) -> Declarations | None:
            self.sink.add(BadImport(span, reason, advice))
            return None

        if "\0" in text or not text.endswith(".nn"):
            return fail(f'"{text}" is not the path of a spec', "write the path of a .nn file")
        try:
            path, allowed, name = self._locate(text, base)
        except (OSError, RuntimeError):  # links that lead in a circle
            return fail(f'"{text}" leads nowhere', "name a file")
        if allowed is None or not path.is_relative_to(allowed):
            return fail(
                f'"{text}" lies outside the project\'s folder',
                "move the file into the folder of the main spec; zoo/ and std/ name nnspec's own",
            )
        if path in self._reading:
            return fail(f'"{text}" imports this file in a circle', "move what both need to a third file")
        if len(self._reading) >= self.limits.imports:
            self.sink.add(TooLarge(span, "the depth of imports", "imports", self.limits.imports))
            return None
        if path not in self._read:
            held = self.texts.get(path)
            source = read_source(path, name, self.sink, self.limits, span) if held is None else Source(name, held)
            if source is None:
                return None
            self._declare(source, path, path.parent)
        return self._read[path]

    def _locate(self, text: str, base: Path) -> tuple[Path, Path | None, str]:
        """The file, the folder that it must lie in, and the name that messages show."""
        library, _, rest = text.partition("/")
        specs = folder("specs").resolve()
        root: Path | None
        if library in LIBRARIES and rest:
            root = specs if library == "zoo" else specs / "std"
            return (root / rest).resolve(), root, text
        path = (base / text).resolve()
        root = specs if base.resolve().is_relative_to(specs) else self.root
        shown = path.relative_to(root).as_posix() if root and path.is_relative_to(root) else text
        return path, root, shown


def read_source(path: Path, name: str, sink: Sink, limits: Limits, span: Span | None = None) -> Source | None:
    """The text of a file, or None with a diagnostic in the sink."""

    def fail(reason: str, advice: str | None = None) -> Source | None:
        sink.add(UnreadableSpec(span, name, reason, advice))
        return None

    if tell := _told.get():
        tell(path)
    try:
        if path.is_dir():
            return fail(
                "it is a folder", "name a .nn file in it; a folder is a model where it has a config.json or a run.json"
            )
        with path.open("rb") as file:
            data = file.read(limits.bytes + 1)
    except FileNotFoundError:
        return fail("there is no such file", _nearby(path, name) or _of_the_hub(name) or "check the path")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be opened"
        return fail(reason[:1].lower() + reason[1:], "check its name and its permissions")
    if len(data) > limits.bytes:
        sink.add(TooLarge(span, f"{name}, in bytes,", "bytes", limits.bytes))
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return fail(f"it is not UTF-8 text (byte {error.start})", "a spec is a text file; save it as UTF-8")
    return Source(name, text)


def _nearby(path: Path, name: str) -> str | None:
    try:
        candidates = [other.name for other in path.parent.iterdir() if other.suffix == ".nn"]
    except OSError:
        return None
    close = nearest(path.name, candidates)
    return f"did you mean {Path(name).with_name(close).as_posix()}?" if close else None


def _of_the_hub(name: str) -> str | None:
    """The advice for the name of a model on the Hub of Hugging Face, or its address there."""
    site = r"https?://(?:www\.)?(?:huggingface|hf)\.co/|hf:/*"
    found = re.fullmatch(rf"(?:{site})?([\w-]+/[\w.-]+)/?", name, re.IGNORECASE)
    if found is None or found[1].endswith(".nn"):
        return None
    return f"check the path; a model of the Hub is named hf://{found[1]}"


def span_of(declarations: Declarations, node: Any) -> Span:
    """The place of a node of this file."""
    return Span(declarations.source, node.start, node.end)
