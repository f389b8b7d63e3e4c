"""Inputs from files and texts: each becomes samples, and those for one input become a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from nnspec.diagnostics import SpecError, nearest
from nnspec.extras import need
from nnspec.infer.fail import read_from, refuse
from nnspec.infer.language import language_of
from nnspec.infer.mistakes import UnknownInput, WrongInput
from nnspec.infer.ports import TensorPort
from nnspec.infer.session import Session
from nnspec.infer.tables import TableInputs
from nnspec.infer.tokens import KINDS, MASKS, TARGETS, beside, encode_texts
from nnspec.reading.arrays import read_arrays
from nnspec.reading.tables import SUFFIXES as TABLES
from nnspec.reading.texts import lines_of, read_text
from nnspec.record import Record
from nnspec.resources import spec_path
from nnspec.weights.arrays import Array

Given = tuple[str | None, Path | str]  # the name of an input, if one is written, and a file or a text for it
ARRAYS = (".npy", ".npz")
LENGTHS = "lengths"  # what an input is called, or ends in, that says how many tokens each text has
TEXT_SHOWN = 40  # characters of a text by which it is named


class Inputs(Record):
    """The inputs of a model by name, and what its samples are called: files, rows, texts."""

    arrays: dict[str, Array]
    samples: tuple[str, ...]


def read_inputs(session: Session, given: Iterable[Given], tell: Callable[[str], None] = lambda note: None) -> Inputs:
    """The inputs of a model from files (paths) and texts; several for one input are a batch.

    What has no name is for the next input that has no value, or for the only input; a table or an archive is for all
    inputs that its columns or arrays are called by. Where texts are given, so is how many tokens each has, if the model
    has an input for that.

    Args:
        session: the model.
        given: what is given for which input.
        tell: is told what the user should know of how files are read.

    Raises:
        SpecError: a file cannot be read, or there is no input for it.
    """
    ports = {port.name: port for port in session.inputs}
    inputs: dict[str, Array] = {}
    names: list[str] = []
    sources: dict[str, list[Path | str]] = {}
    language = language_of(session.metadata)
    shifted = TARGETS if language is not None and language.start is not None and len(ports) > 1 else ()

    def follows(name: str) -> bool:
        return name in shifted or counted_by(name, ports)

    for name, source in given:
        found = _several(source, session, tell) if name is None and isinstance(source, Path) else None
        if found is None:
            free = {each: port for each, port in ports.items() if not (is_text(source) and follows(each))}
            sources.setdefault(_chosen(name, source, ports if name else free, {*inputs, *sources}), []).append(source)
            continue
        twice = next((each for each in found.arrays if each in inputs), None)
        if twice is not None:
            raise SpecError.of(UnknownInput(None, f"the input {twice} is given twice, in {source} again", tuple(ports)))
        inputs.update(found.arrays)
        names = names or list(found.samples)
    for name, each in sources.items():
        part = _batch(ports[name], each, session.metadata, tell)
        more = {key: array for key, array in part.arrays.items() if key in ports and key not in inputs}
        inputs.update({key: array for key, array in more.items() if key == name or key not in sources})
        if any(key in TARGETS and key != name and key not in sources for key in more):
            tell("the decoder reads the text that the encoder reads, behind its first token; as NAME=TEXT another one")
        names = names or list(part.samples)
    count = next((len(array) for array in inputs.values() if array.ndim), 1)
    return Inputs(inputs, tuple(names) if len(names) == count else tuple(f"sample {n}" for n in range(count)))


def counted_by(name: str, ports: Mapping[str, TensorPort]) -> bool:
    """Whether an input says which tokens the texts of another one have, or how many: it follows from them."""
    if name in (*MASKS, *KINDS):
        return True
    port, text = ports[name], name.removesuffix(f"_{LENGTHS}")
    return port.dtype.kind == "i" and len(port.shape) == 1 and (name == LENGTHS or (text != name and text in ports))


def _several(source: Path, session: Session, tell: Callable[[str], None]) -> Inputs | None:
    """Inputs that one file holds by their names: an archive of arrays, or a table with columns of such names."""
    if source.suffix.lower() == ".npz":
        return Inputs(_arrays(source), ())
    rows = TableInputs(source, session.metadata) if source.suffix.lower() in TABLES else None
    if rows is None or not any(map(rows.feeds, session.inputs)):
        return None
    found = rows.inputs(session.inputs)
    rows.tell_unused(tell)
    return Inputs(found, rows.samples)


def _chosen(name: str | None, source: Path | str, ports: Mapping[str, TensorPort], taken: set[str]) -> str:
    """The input that a source is for."""
    free = next((port for port in ports if port not in taken), next(iter(ports)) if len(ports) == 1 else None)
    chosen = name or free
    if chosen is None or chosen not in ports:
        reason = f"the model has no input {name}" if name else f"the model has no further input for {source}"
        raise SpecError.of(UnknownInput(None, reason, tuple(ports), nearest(name, ports) if name else None))
    return chosen


def _batch(
    port: TensorPort, sources: Sequence[Path | str], metadata: Mapping[str, str], tell: Callable[[str], None]
) -> Inputs:
    """The samples of all sources of an input, behind one another; of texts, how many tokens each has, too."""
    texts = [line for source in sources for line in lines_in(source)]
    parts = []
    if texts:
        array, counts = encode_texts(texts, port, metadata)
        language = language_of(metadata)
        more = {} if language is None else beside(array, counts, language.start)
        parts.append(Inputs({port.name: array, **_counted(port, counts), **more}, tuple(map(_named, texts))))
    files = (file for source in sources if not is_text(source) for file in files_of(source))
    parts += [_read(file, port, metadata, tell) for file in files]
    first, *others = parts
    wanted = first.arrays[port.name]
    for array in (part.arrays[port.name] for part in others):
        if array.shape[1:] != wanted.shape[1:] or not array.ndim:
            found, shown = str(list(array.shape)), str(list(wanted.shape))
            raise SpecError.of(WrongInput(None, port.name, found, shown, "the samples of a batch have one shape"))
    if not others:
        return first
    common = [name for name in first.arrays if all(name in part.arrays for part in others)]
    whole = {name: np.concatenate([part.arrays[name] for part in parts]) for name in common}
    return Inputs(whole, tuple(name for part in parts for name in part.samples))


def _counted(port: TensorPort, counts: Array) -> dict[str, Array]:
    """The numbers of tokens of the texts for an input, by the names that an input for them may have."""
    return {LENGTHS: counts, f"{port.name}_{LENGTHS}": counts}


def _named(text: str) -> str:
    return text if len(text) <= TEXT_SHOWN else f"{text[: TEXT_SHOWN - 1]}…"


def is_text(source: Path | str) -> bool:
    """Whether a source is a text, or a file of them."""
    return isinstance(source, str) or source.suffix.lower() == ".txt"


def lines_in(source: Path | str) -> list[str]:
    """The texts that a source holds."""
    if isinstance(source, str) or not is_text(source):
        return [source] if isinstance(source, str) else []
    with read_from(source):
        lines = [line for line in lines_of(read_text(source)) if line]
    return lines or refuse(source, "it has no lines")


def files_of(source: Path | str) -> list[Path]:
    """A file, or the files of a folder in the order of their names.

    Raises:
        SpecError: there is none.
    """
    path = spec_path(source)
    if not path.exists():
        refuse(path, "there is no such file")
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    return files or refuse(path, "it is a folder without files")


def _read(path: Path, port: TensorPort, metadata: Mapping[str, str], tell: Callable[[str], None]) -> Inputs:
    """The samples of a file, and what they are called; of texts, how many tokens each has, too."""
    suffix = path.suffix.lower()
    if suffix == ".npy":
        (array,) = _arrays(path).values()
        return Inputs({port.name: array}, _numbered(path, array))
    if suffix == ".npz":
        arrays = _arrays(path)
        held = f"it holds no array {port.name}; it holds {', '.join(arrays) or 'nothing'}"
        array = arrays[port.name] if port.name in arrays else refuse(path, held)
        return Inputs({port.name: array}, _numbered(path, array))
    if suffix in TABLES:
        rows = TableInputs(path, metadata)
        array = rows.read(port)
        rows.tell_unused(tell)
        counted = {} if rows.counts is None else _counted(port, rows.counts)
        return Inputs({port.name: array, **counted}, rows.samples)
    need("reading a picture", "PIL")
    from nnspec.infer.pictures import read_picture  # here: the others need no Pillow

    return Inputs({port.name: read_picture(path, port, metadata)}, (path.name,))


def _numbered(path: Path, array: Array) -> tuple[str, ...]:
    """The names of the samples of an array."""
    count = len(array) if array.ndim else 0
    return (path.name,) if count == 1 else tuple(f"{path.name}[{index}]" for index in range(count))


def _arrays(path: Path) -> dict[str, Array]:
    with read_from(path):
        return read_arrays(path)
