"""The inputs and outputs of a file: their types, with sizes as the file or its user has them, and names for a spec."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
from onnx import ValueInfoProto, helper

from nnspec.diagnostics import SpecError
from nnspec.dims import Size, symbol
from nnspec.importing.from_onnx.builder import dtype_of
from nnspec.importing.from_onnx.mistakes import NotItsSize
from nnspec.importing.from_torch.builder import Unsaid
from nnspec.importing.naming import RESERVED
from nnspec.importing.sizes import POOL
from nnspec.layers.tensor_type import TensorType
from nnspec.weights.arrays import Array

UNSHAPED = "the file does not say how many dimensions it has"
_WORD = re.compile(r"(?:(\d+)\*)?([A-Za-z_]\w*)([+-]\d+)?|(\d+)|(_)")


def type_of(port: ValueInfoProto, wanted: Sequence[Size] | None, used: dict[str, str]) -> TensorType:
    """The type of an input.

    Args:
        port: the input.
        wanted: its sizes as the user has them.
        used: the names of sizes, by those of the file.

    Raises:
        Unsaid: it has no element type of a spec's, or no shape.
    """
    tensor = port.type.tensor_type
    dtype = dtype_of(helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    if wanted is not None:
        return TensorType(dtype, tuple(wanted))
    if not tensor.HasField("shape"):
        raise Unsaid(UNSHAPED)
    dims = list(tensor.shape.dim)
    return TensorType(dtype, tuple(_size(each, place, len(dims), used) for place, each in enumerate(dims)))


def _size(dim: Any, place: int, rank: int, used: dict[str, str]) -> Size:
    if dim.HasField("dim_value") and dim.dim_value > 0:
        return int(dim.dim_value)
    text = dim.dim_param if dim.HasField("dim_param") and dim.dim_param not in ("", "?") else ""
    made = _WORD.fullmatch(text.replace(" ", ""))
    if made is not None and made[2] is not None and made[2] not in RESERVED and (made[1] or made[3]):
        used[made[2]] = made[2]  # as nnspec writes sizes that are made of others: 32*h, T+1
        return symbol(made[2]) * int(made[1] or 1) + int(made[3] or 0)
    pool = POOL.get(rank, ())
    usual = pool[place] if place < len(pool) else f"D{place}"
    if text in used and text:
        return symbol(used[text])
    if re.fullmatch(r"[A-Za-z_]\w*", text) and text not in RESERVED and not text.startswith("unk__"):
        name = text
    else:
        name = usual
        if place > 0 or text:
            name = usual if usual not in used.values() else _free(usual, used)
        if place == 0 and "N" in used.values() and not text:
            return symbol("N")  # the samples of all inputs that say nothing are the same
    if name in used.values():
        name = _free(name, used)
    used[text or f"{name}#{place}"] = name
    return symbol(name)


def _free(name: str, used: Mapping[str, str]) -> str:
    number = 2
    while f"{name}{number}" in used.values():
        number += 1
    return f"{name}{number}"


def sizes_of(dynamic: Mapping[str, str], ports: Sequence[ValueInfoProto]) -> dict[str, list[Size]]:
    """The sizes that a user gives to inputs, as `"N 3 H W"`.

    Raises:
        SpecError: there is no such input, or it has another number of dimensions.
    """
    ranks = {port.name: len(port.type.tensor_type.shape.dim) for port in ports}
    unshaped = {port.name for port in ports if not port.type.tensor_type.HasField("shape")}
    found: dict[str, list[Size]] = {}
    for name, text in dynamic.items():
        if name not in ranks:
            raise SpecError.of(NotItsSize(None, f"no input is called {name!r}", f"the inputs are {', '.join(ranks)}"))
        words = (
            text.replace(",", " ").replace("x", " ").split()
            if re.fullmatch(r"[\dx]+", text)
            else text.replace(",", " ").split()
        )
        if len(words) != ranks[name] and name not in unshaped:
            reason = f"{name} is given {text!r}, and has {ranks[name]} dimensions"
            raise SpecError.of(NotItsSize(None, reason, "give a number or a name for each"))
        found[name] = [_parsed(name, word, dim) for word, dim in zip_longest(words, _dims(ports, name))]
    return found


def fixed_values(values: Mapping[str, float], ports: Sequence[ValueInfoProto]) -> dict[str, Array]:
    """The arrays of inputs that are always one number.

    Raises:
        SpecError: there is no such input, or it has elements whose number is open.
    """
    known = {port.name: port.type.tensor_type for port in ports}
    found: dict[str, Array] = {}
    for name, value in values.items():
        if name not in known:
            raise SpecError.of(NotItsSize(None, f"no input is called {name!r}", f"the inputs are {', '.join(known)}"))
        shape = [int(dim.dim_value) if dim.HasField("dim_value") else 0 for dim in known[name].shape.dim]
        if 0 in shape:
            raise SpecError.of(
                NotItsSize(None, f"{name} is to be {value}, and its shape is open", "give it as an input")
            )
        found[name] = np.full(shape, value, helper.tensor_dtype_to_np_dtype(known[name].elem_type))
    return found


def _dims(ports: Sequence[ValueInfoProto], name: str) -> list[Any]:
    return list(next(port for port in ports if port.name == name).type.tensor_type.shape.dim)


def _parsed(name: str, word: str, dim: Any) -> Size:
    found = _WORD.fullmatch(word)
    if found is None:
        raise SpecError.of(
            NotItsSize(
                None, f"{word!r} is no size of {name}", "a size is a number, a name, or made of one as 32*h and T+1"
            )
        )
    fixed = int(dim.dim_value) if dim is not None and dim.HasField("dim_value") else 0
    if found[4] is not None and fixed > 0 and int(found[4]) != fixed:
        raise SpecError.of(NotItsSize(None, f"{name} is {fixed} there, and is given {word}", f"write {fixed}"))
    if found[5]:
        return fixed or symbol("N")
    if found[4] is not None:
        return int(found[4])
    return symbol(found[2]) * int(found[1] or 1) + int(found[3] or 0)


def named(name: str, usual: str, taken: set[str]) -> str:
    """The name of an input or output in a spec: that of the file, where it can be one."""
    stem = re.sub(r"\W+", "_", name.rpartition("/")[2].partition(":")[0]).strip("_")
    if not re.match("[A-Za-z_]", stem) or stem in RESERVED or len(stem) > 40:
        stem = usual
    made, number = stem, 2
    while made in taken:
        made, number = f"{stem}{number}", number + 1
    taken.add(made)
    return made
