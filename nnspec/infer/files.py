"""Inputs from files and texts: each becomes samples, and those for one input become a batch."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nnspec.diagnostics import SpecError, nearest
from nnspec.extras import need
from nnspec.infer.fail import refuse
from nnspec.infer.mistakes import UnknownInput, WrongInput
from nnspec.infer.ports import Port
from nnspec.infer.session import Session
from nnspec.infer.tables import read_rows
from nnspec.infer.tokens import encode_texts
from nnspec.weights.arrays import Array

Given = tuple[str | None, Path | str]  # the name of an input, if one is written, and a file or a text for it


def read_inputs(session: Session, given: Iterable[Given]) -> dict[str, Array]:
    """The inputs of a model from files (paths) and texts; several for one input are a batch.

    What has no name is for the next input that has no value, or for the only input.

    Raises:
        SpecError: a file cannot be read, or there is no input for it.
    """
    ports = {port.name: port for port in session.inputs}
    inputs: dict[str, Array] = {}
    sources: dict[str, list[Path | str]] = {}
    for name, source in given:
        if name is None and isinstance(source, Path) and source.suffix.lower() == ".npz":
            inputs.update(_read_arrays(source))
        else:
            sources.setdefault(_chosen(name, source, ports, {*inputs, *sources}), []).append(source)
    for name, each in sources.items():
        inputs[name] = _batch(ports[name], each, session.metadata)
    return inputs


def _chosen(name: str | None, source: Path | str, ports: Mapping[str, Port], taken: set[str]) -> str:
    """The input that a source is for."""
    free = next((port for port in ports if port not in taken), next(iter(ports)) if len(ports) == 1 else None)
    chosen = name or free
    if chosen is None or chosen not in ports:
        reason = f"the model has no input {name}" if name else f"the model has no further input for {source}"
        raise SpecError.of(UnknownInput(None, reason, tuple(ports), nearest(name, ports) if name else None))
    return chosen


def _batch(port: Port, sources: Sequence[Path | str], metadata: Mapping[str, str]) -> Array:
    """The samples of all sources of an input, behind one another."""
    texts = [line for source in sources for line in _lines(source)]
    arrays = [encode_texts(texts, port, metadata)] if texts else []
    arrays += [_read(file, port, metadata) for source in sources if not _is_text(source) for file in _files(source)]
    for array in arrays[1:]:
        if array.shape[1:] != arrays[0].shape[1:] or not array.ndim:
            found, wanted = str(list(array.shape)), str(list(arrays[0].shape))
            raise SpecError.of(WrongInput(None, port.name, found, wanted, "the samples of a batch have one shape"))
    return np.concatenate(arrays) if len(arrays) > 1 else arrays[0]


def _is_text(source: Path | str) -> bool:
    return isinstance(source, str) or source.suffix.lower() == ".txt"


def _lines(source: Path | str) -> list[str]:
    """The texts that a source holds."""
    if isinstance(source, str) or not _is_text(source):
        return [source] if isinstance(source, str) else []
    try:
        lines = [line for line in source.read_text(encoding="utf-8").splitlines() if line]
    except (OSError, UnicodeDecodeError) as error:
        refuse(source, error)
    return lines or refuse(source, "it has no lines")


def _files(source: Path | str) -> list[Path]:
    """A file, or the files of a folder in the order of their names."""
    path = Path(source)
    if not path.exists():
        refuse(path, "there is no such file")
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    return files or refuse(path, "it is a folder without files")


def _read(path: Path, port: Port, metadata: Mapping[str, str]) -> Array:
    match path.suffix.lower():
        case ".npy":
            array = _load(path)
            return array if isinstance(array, np.ndarray) else refuse(path, "it is no .npy file")
        case ".npz":
            arrays = _read_arrays(path)
            held = f"it holds no array {port.name}; it holds {', '.join(arrays) or 'nothing'}"
            return arrays[port.name] if port.name in arrays else refuse(path, held)
        case ".csv":
            return read_rows(path, port, metadata)
    need("reading a picture", "PIL")
    from nnspec.infer.pictures import read_picture  # here: the others need no Pillow

    return read_picture(path, port, metadata)


def _load(path: Path) -> Any:
    """What a .npy or .npz file holds; pickled objects are refused."""
    try:
        return np.load(path, mmap_mode="r" if path.suffix.lower() == ".npy" else None, allow_pickle=False)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        refuse(path, error)


def _read_arrays(path: Path) -> dict[str, Array]:
    loaded = _load(path)
    if not isinstance(loaded, np.lib.npyio.NpzFile):
        refuse(path, "it is no .npz file")
    with loaded:
        try:
            return {name: loaded[name] for name in loaded.files}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            refuse(path, error)
