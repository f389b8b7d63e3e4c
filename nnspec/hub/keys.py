"""The keys of the weights of a folder, from the header of a safetensors file or from the index of several."""

from __future__ import annotations

import struct
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from nnspec.diagnostics import SpecError
from nnspec.hub.files import BYTES, read_form

_HEADER = TypeAdapter(dict[str, object])


class _Index(BaseModel):
    weight_map: dict[str, str]


def keys_of(folder: Path) -> frozenset[str] | None:
    """The keys; None where there are no weights, or none that tell them: what is damaged is told when it is read."""
    file = folder / "model.safetensors"
    try:
        if file.is_file():
            return _keys(file)
        index = read_form(folder / "model.safetensors.index.json", _Index)
    except (OSError, struct.error, ValidationError, SpecError):
        return None
    return None if index is None else frozenset(index.weight_map)


def _keys(file: Path) -> frozenset[str] | None:
    with file.open("rb") as content:
        (length,) = struct.unpack("<Q", content.read(8))
        header = _HEADER.validate_json(content.read(length)) if length <= BYTES else None
    return None if header is None else frozenset(header)
