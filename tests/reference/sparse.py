"""Checkpoints of any size that take no room: safetensors files of zeros whose content is a hole in the disk."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path

from nnspec.ir import Program
from nnspec.ir.state import StateEntry, state_dict

INDEX = "model.safetensors.index.json"
_BYTES = {"BF16": 2, "F16": 2, "F32": 4}


def sparse_checkpoint(program: Program, folder: Path, shards: int, dtype: str = "BF16") -> Path:
    """An index of so many files that hold the floating-point weights of a program."""
    entries = [entry for entry in state_dict(program) if entry.tied_to is None and entry.weight.dtype == "float"]
    share = -(-len(entries) // shards)
    places: dict[str, str] = {}
    for number in range(shards):
        part = entries[number * share : (number + 1) * share]
        name = f"model-{number + 1:05}-of-{shards:05}.safetensors"
        _write(folder / name, part, dtype)
        places |= {entry.key: name for entry in part}
    index = folder / INDEX
    index.write_text(json.dumps({"weight_map": places}), encoding="utf-8")
    return index


def _write(path: Path, entries: list[StateEntry], dtype: str) -> None:
    header, end = {}, 0
    for entry in entries:
        start, end = end, end + _BYTES[dtype] * prod(entry.weight.shape)
        header[entry.key] = {"dtype": dtype, "shape": entry.weight.shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + end)
