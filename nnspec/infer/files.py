"""Inputs from files, and outputs to files."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnspec.diagnostics import SpecError, nearest
from nnspec.extras import need
from nnspec.infer.mistakes import CannotStore, UnknownInput, UnreadableInput
from nnspec.infer.session import Port, Session
from nnspec.output import replacing

Array = NDArray[Any]


def read_inputs(session: Session, files: Sequence[tuple[str | None, Path]]) -> dict[str, Array]:
    """The inputs of a model from files; a file without a name is for the next input that has no value.

    Raises:
        SpecError: a file cannot be read, or there is no input for it.
    """
    inputs: dict[str, Array] = {}
    ports = {port.name: port for port in session.inputs}
    for name, path in files:
        if path.suffix.lower() == ".npz" and name is None:
            inputs.update(_read_arrays(path))
            continue
        free = next((port for port in ports if port not in inputs), None)
        chosen = name or free
        if chosen is None or chosen not in ports:
            reason = f"the model has no input {name}" if name else f"the model has no further input for {path}"
            raise SpecError.of(UnknownInput(None, reason, tuple(ports), nearest(name, ports) if name else None))
        inputs[chosen] = _read(path, ports[chosen], session)
    return inputs


def _read(path: Path, port: Port, session: Session) -> Array:
    if not path.is_file():
        raise _unreadable(path, "it is a folder" if path.is_dir() else "there is no such file")
    if path.suffix.lower() == ".npy":
        array = _load(path)
        if isinstance(array, np.ndarray):
            return array
        raise _unreadable(path, "it is no .npy file")
    if path.suffix.lower() == ".npz":
        arrays = _read_arrays(path)
        if port.name not in arrays:
            raise _unreadable(path, f"it holds no array {port.name}; it holds {', '.join(arrays) or 'nothing'}")
        return arrays[port.name]
    need("reading a picture", "PIL")
    from nnspec.infer.pictures import read_picture  # here: arrays need no Pillow

    return read_picture(path, port, session.metadata)


def _load(path: Path) -> Any:
    """What a .npy or .npz file holds; pickled objects are refused."""
    try:
        return np.load(path, mmap_mode="r" if path.suffix.lower() == ".npy" else None, allow_pickle=False)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _unreadable(path, str(error).splitlines()[0] if str(error) else type(error).__name__) from None


def _read_arrays(path: Path) -> dict[str, Array]:
    loaded = _load(path)
    if not isinstance(loaded, np.lib.npyio.NpzFile):
        raise _unreadable(path, "it is no .npz file")
    with loaded:
        try:
            return {name: loaded[name] for name in loaded.files}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise _unreadable(path, str(error).splitlines()[0]) from None


def _unreadable(path: Path, reason: str) -> SpecError:
    return SpecError.of(UnreadableInput(None, str(path), reason))


def write_outputs(path: Path, outputs: dict[str, Array]) -> None:
    """Write the outputs as .npz, .npy (a single one) or .json (lists by name).

    Raises:
        SpecError: there are several and the file takes one, or it cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix == ".npy" and len(outputs) != 1:
        raise SpecError.of(CannotStore(None, str(path), tuple(outputs)))
    with replacing(path) as temporary, temporary.open("wb") as file:
        if suffix == ".npy":
            np.save(file, next(iter(outputs.values())), allow_pickle=False)
        elif suffix == ".npz":
            arrays: dict[str, Any] = dict(outputs)
            np.savez(file, **arrays)
        else:
            file.write(json.dumps({name: array.tolist() for name, array in outputs.items()}).encode())
