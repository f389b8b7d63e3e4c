"""Reading files of weights: safetensors (one file or an index of several) and PyTorch checkpoints of tensors.

Nothing is read before it is asked for, and pickle is only ever read in the form that torch restricts to tensors.
"""

from __future__ import annotations

import warnings
import zipfile
from codecs import BOM_UTF8
from collections.abc import Mapping
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from nnspec.diagnostics import SpecError
from nnspec.extras import need
from nnspec.hub.fetching import local
from nnspec.hub.files import POINTER, UNFETCHED
from nnspec.hub.folder import metadata_of, metadata_of_tokenizer, weights_of
from nnspec.hub.tokenizer import given_tokenizer
from nnspec.kinds import kind_of
from nnspec.manifest import check_digest
from nnspec.reading.room import check_room
from nnspec.reading.unreadable import Unreadable
from nnspec.record import Record
from nnspec.weights.arrays import Array, Stored
from nnspec.weights.mistakes import UnreadableWeights
from nnspec.weights.source import GIVEN, WeightChoice, WeightSource

_TORCH = (".pt", ".pth", ".bin", ".ckpt")
# Under which training scripts keep the tensors; the first that is there is taken.
_WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "module", "net", "network", "params")
_TORCH_TYPES = {
    "torch.float32": "F32", "torch.float64": "F64", "torch.float16": "F16", "torch.bfloat16": "BF16",
    "torch.int64": "I64", "torch.int32": "I32", "torch.bool": "BOOL",
}  # fmt: skip
_INDEX_BYTES = 64 << 20
REFUSED = ("Unsupported global", "Unsupported class", "Unsupported operand")  # in what torch says of pickles
MORE = "it holds more than tensors (objects, optimizers, whole modules), and reading those could run code"


class Checkpoint(Record):
    """The tensors of a file by key, and what the file says of itself."""

    path: str
    tensors: dict[str, Stored]
    metadata: dict[str, str]
    partial: bool = False  # whether a model may leave some of them
    within: str = ""  # the name under which the file keeps them, where it keeps others beside


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Open a file of weights, or a folder as the Hub has it, whose other files are then metadata of the weights.

    Raises:
        SpecError: it is missing or damaged, is not what a manifest beside it says, or of a format that is not read.
    """
    file = local(path)
    if file.is_dir() and kind_of(file) == "hub":
        found = read_checkpoint(weights_of(file))
        return found.replace(path=str(file), metadata=metadata_of(file))
    if not file.is_file():
        raise _unreadable(file, "it is a folder" if file.is_dir() else "there is no such file")
    check_digest(file)
    with file.open("rb") as content:
        if content.read(len(POINTER)) == POINTER:
            raise _unreadable(file, UNFETCHED)
    if file.name.endswith(".index.json"):
        return _read_index(file)
    if file.suffix == ".safetensors":
        return _read_safetensors(file)
    if file.suffix in _TORCH:
        return _read_torch(file)
    raise _unreadable(file, f"{file.suffix or 'a file without an ending'} is not a format of weights")


def open_checkpoint(source: WeightSource) -> Checkpoint:
    """A file of weights, or tensors and arrays in memory, by key.

    Raises:
        SpecError: the file cannot be read, or what is given is neither.
    """
    if isinstance(source, WeightChoice):
        found = open_checkpoint(source.source).replace(partial=source.partial)
        if source.tokenizer is None:
            return found
        told = metadata_of_tokenizer(given_tokenizer(source.tokenizer), found.metadata)
        return found.replace(metadata={**found.metadata, **told})
    if isinstance(source, (str, PathLike)):
        return read_checkpoint(source if isinstance(source, str) else Path(source))
    given: object = source
    if not isinstance(given, Mapping):
        kind = type(given).__name__
        way = "give its state_dict()" if hasattr(given, "state_dict") else "give a path, or a state_dict"
        raise SpecError.of(UnreadableWeights(None, GIVEN, f"{kind} is neither a path nor a state_dict; {way}"))
    other = next((key for key in given if not isinstance(key, str)), None)
    if other is not None:
        raise SpecError.of(UnreadableWeights(None, GIVEN, f"it has the key {other!r}, and keys are strings"))
    within, tensors = _unwrapped(given)
    return Checkpoint(GIVEN, {key: _held(key, value) for key, value in tensors.items()}, {}, within=within)


def _held(key: str, value: Any) -> Stored:
    """A tensor or an array in memory."""
    if hasattr(value, "detach"):  # a tensor of torch, which need not be installed
        if value.is_meta or str(value.layout) != "torch.strided":
            kind = "without values, on the device meta" if value.is_meta else "sparse"
            raise SpecError.of(UnreadableWeights(None, GIVEN, f"{key} is {kind}"))
        return Stored(
            tuple(value.shape), _TORCH_TYPES.get(str(value.dtype), str(value.dtype)), partial(_from_torch, value)
        )
    if not hasattr(value, "dtype"):
        raise SpecError.of(UnreadableWeights(None, GIVEN, f"{key} is of type {type(value).__name__}, and no tensor"))
    kinds = {"f": "F32", "i": "I64", "b": "BOOL"}
    return Stored(tuple(value.shape), kinds.get(value.dtype.kind, value.dtype.name), lambda: value)


def _unwrapped(content: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The tensors of a checkpoint, and the name under which it keeps them where another one could be meant."""
    names: list[str] = []
    others: list[str] = []
    while wrapper := next((name for name in _WRAPPERS if isinstance(content.get(name), Mapping)), _only(content)):
        others += [str(name) for name, value in content.items() if name != wrapper and _holds_tensors(value)]
        names.append(wrapper)
        content = content[wrapper]
    found = ".".join(names)
    if others:
        return f"{found}, and not those under {', '.join(others)}", content
    return "" if set(names) <= set(_WRAPPERS) else found, content


def _only(content: Mapping[str, Any]) -> str | None:
    """The name of the only mapping of tensors in one that holds none itself."""
    held = [name for name, value in content.items() if _holds_tensors(value)]
    bare = any(hasattr(each, "shape") for each in content.values())
    return held[0] if len(held) == 1 and not bare and isinstance(held[0], str) else None


def _holds_tensors(value: object) -> bool:
    return isinstance(value, Mapping) and any(hasattr(each, "shape") for each in value.values())


def _unreadable(path: Path, reason: object) -> SpecError:
    text = str(reason).strip() or type(reason).__name__
    return SpecError.of(UnreadableWeights(None, str(path), text.splitlines()[0]))


def _read_safetensors(path: Path) -> Checkpoint:
    need("reading weights", "safetensors")
    from safetensors import SafetensorError  # here: torch checkpoints do not need it

    from nnspec.weights.mapped import map_safetensors

    try:
        return Checkpoint(str(path), *map_safetensors(path))
    except (SafetensorError, OSError) as error:
        raise _unreadable(path, error) from None


class _Index(BaseModel):
    """`model.safetensors.index.json` as Hugging Face writes it (of older files `pytorch_model.bin.index.json`)."""

    weight_map: dict[str, str]


def _read_index(path: Path) -> Checkpoint:
    if path.stat().st_size > _INDEX_BYTES:
        raise _unreadable(path, f"an index is at most {_INDEX_BYTES >> 20} MiB")
    try:
        index = _Index.model_validate_json(path.read_bytes().removeprefix(BOM_UTF8))
    except ValidationError as error:
        raise _unreadable(path, f"it is no index of files of weights ({error.errors()[0]['msg']})") from None
    shards: dict[str, Checkpoint] = {}
    tensors: dict[str, Stored] = {}
    for key, name in index.weight_map.items():
        if Path(name).name != name or not name.endswith((".safetensors", *_TORCH)):
            raise _unreadable(path, f"{name!r} is not the name of a file of weights in the same folder")
        if name not in shards:
            shards[name] = read_checkpoint(path.parent / name)
        if key not in shards[name].tensors:
            raise _unreadable(path, f"{name} does not hold {key}")
        tensors[key] = shards[name].tensors[key]
    return Checkpoint(str(path), tensors, {})


def _read_torch(path: Path) -> Checkpoint:
    need("reading a PyTorch checkpoint", "torch")
    import torch  # here: safetensors do not need it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they advise those who program with torch
            check_room(*_unpacked(path))
            content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Unreadable as error:
        raise _unreadable(path, error.reason) from None
    except Exception as error:  # damaged files make the unpickler fail in every way there is
        raise _unreadable(path, MORE if any(word in str(error) for word in REFUSED) else "it is damaged") from None
    within, content = _unwrapped(content) if isinstance(content, dict) else ("", content)
    if not isinstance(content, Mapping) or not all(isinstance(value, torch.Tensor) for value in content.values()):
        raise _unreadable(path, "it does not hold a state_dict")
    tensors = {str(key): _held(str(key), value) for key, value in content.items()}
    return Checkpoint(str(path), tensors, {}, within=within)


def _unpacked(path: Path) -> tuple[int, int]:
    """The bytes that a checkpoint unpacks to, and those of the file."""
    packed = path.stat().st_size
    if not zipfile.is_zipfile(path):
        return packed, packed
    with zipfile.ZipFile(path) as archive:
        return sum(member.file_size for member in archive.infolist()), packed


def _from_torch(value: Any) -> Array:
    array: Array = (value.float() if value.is_floating_point() else value).detach().cpu().contiguous().numpy()
    return array
