"""`Session`: an ONNX model with named inputs and outputs, run by onnxruntime; inputs are checked before it runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from nnspec.diagnostics import SpecError, nearest
from nnspec.dims import Size, solve, symbol
from nnspec.infer.mistakes import NoProvider, RunFailed, UnknownInput, UnreadableModel, WrongInput
from nnspec.record import Record
from nnspec.to_onnx.runtime import ERRORS, open_session, reason

Array = NDArray[Any]

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
_TYPES: dict[str, Any] = {
    "float": np.float32, "double": np.float64, "float16": np.float16, "int64": np.int64, "int32": np.int32,
    "int16": np.int16, "int8": np.int8, "uint8": np.uint8, "bool": np.bool_,
}  # fmt: skip
_KINDS = {"f": "fiub", "i": "iub", "u": "ub", "b": "b"}  # which kinds of numbers an input of each kind takes
_AFFINE = re.compile(r"(?:(\d+)\*)?([A-Za-z_]\w*)(?: ([+-]) (\d+))?")


class Port(Record):
    """An input or output of a model: its name, numpy's type of its elements, its shape with names for free sizes."""

    name: str
    dtype: Any
    shape: tuple[int | str | None, ...]

    def __str__(self) -> str:
        return f"[{', '.join('?' if size is None else str(size) for size in self.shape)}]"


class Session:
    """A model that runs on one device."""

    def __init__(self, model: str | Path | bytes, provider: str = "cpu") -> None:
        """Open a model file, or a model in memory.

        Args:
            model: the path of an .onnx file, or its content.
            provider: "cpu" or "cuda".

        Raises:
            SpecError: the file is missing or damaged, or the device cannot be used.
        """
        self.path = "in memory" if isinstance(model, bytes) else str(model)
        _need_provider(provider)
        if not isinstance(model, bytes) and not Path(model).is_file():
            raise SpecError.of(UnreadableModel(None, self.path, "there is no such file"))
        try:
            self._session = open_session(model, PROVIDERS[provider])
        except ERRORS as error:
            raise SpecError.of(UnreadableModel(None, self.path, reason(error))) from None
        if PROVIDERS[provider] not in self._session.get_providers():  # onnxruntime would go on without it
            why = "onnxruntime could not load it; its CUDA and cuDNN libraries may be missing"
            raise SpecError.of(NoProvider(None, provider, why, "install the libraries that onnxruntime-gpu names"))
        self.inputs = tuple(map(self._port, self._session.get_inputs()))
        self.outputs = tuple(map(self._port, self._session.get_outputs()))
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    def _port(self, value: Any) -> Port:
        found = re.fullmatch(r"tensor\((\w+)\)", value.type)
        if found is None or found[1] not in _TYPES:
            raise SpecError.of(UnreadableModel(None, self.path, f"{value.name} is of type {value.type}"))
        return Port(value.name, np.dtype(_TYPES[found[1]]), tuple(None if size == "" else size for size in value.shape))

    def run(self, inputs: Mapping[str, Any]) -> dict[str, Array]:
        """The outputs by name, for arrays by the names of the inputs.

        Raises:
            SpecError: an input is missing or unknown, or does not fit; or an operator refuses the values.
        """
        arrays = self._checked({name: np.asarray(value) for name, value in inputs.items()})
        names = [port.name for port in self.outputs]
        try:
            return dict(zip(names, self._session.run(names, arrays), strict=True))
        except ERRORS as error:
            raise SpecError.of(RunFailed(None, reason(error))) from None

    def _checked(self, inputs: dict[str, Array]) -> dict[str, Array]:
        names = tuple(port.name for port in self.inputs)
        for name in inputs:
            if name not in names:
                raise SpecError.of(UnknownInput(None, f"the model has no input {name}", names, nearest(name, names)))
        known: dict[str, Size] = {}
        arrays: dict[str, Array] = {}
        for port in self.inputs:
            if port.name not in inputs:
                raise SpecError.of(UnknownInput(None, f"the input {port.name} has no value", names))
            arrays[port.name] = _fitted(port, inputs[port.name], known)
        return arrays


def _need_provider(provider: str) -> None:
    available = ort.get_available_providers()
    if provider not in PROVIDERS:
        choices = " or ".join(PROVIDERS)
        raise SpecError.of(NoProvider(None, provider, "nnspec does not know it", f"choose {choices}"))
    if PROVIDERS[provider] not in available:
        why = "the onnxruntime that is installed was built without it"
        advice = 'install onnxruntime-gpu in place of onnxruntime: pip install "nnspec[gpu]"'
        raise SpecError.of(NoProvider(None, provider, why, advice))


def _fitted(port: Port, array: Array, known: dict[str, Size]) -> Array:
    """The array with the element type of its input, its shape checked against it and the sizes known so far."""
    found, wanted = str(list(array.shape)), str(port)
    if array.dtype.kind not in _KINDS[port.dtype.kind]:
        why = f"its elements are {array.dtype}, which does not become {port.dtype} without loss"
        raise SpecError.of(WrongInput(None, port.name, f"{array.dtype} {found}", f"{port.dtype} {wanted}", why,
                                      f"convert it: array.astype({str(port.dtype)!r})"))  # fmt: skip
    if array.ndim != len(port.shape):
        advice = "add the dimension of the batch: array[None]" if array.ndim + 1 == len(port.shape) else None
        why = f"it has {array.ndim} dimensions and not {len(port.shape)}"
        raise SpecError.of(WrongInput(None, port.name, found, wanted, why, advice))
    for index, (size, actual) in enumerate(zip(port.shape, array.shape, strict=True)):
        problem = _mismatch(size, actual, known)
        if problem:
            raise SpecError.of(WrongInput(None, port.name, found, wanted, f"dimension {index} {problem}"))
    return np.asarray(array.astype(port.dtype, copy=False), order="C")


def _mismatch(size: int | str | None, actual: int, known: dict[str, Size]) -> str | None:
    """Why a dimension cannot be `actual`, if it cannot."""
    if isinstance(size, int):
        return None if size == actual else f"is {actual}, not {size}"
    if size is None:
        return None
    solved = solve(pattern(size), actual)
    if solved is None or (isinstance(solved[1], int) and solved[1] < 1):
        return f"is {actual}, which is not {size} for a whole number"
    name, value = solved[0].text, solved[1]
    if known.setdefault(name, value) != value:
        return f"is {actual}, where {name} is {known[name]} already"
    return None


def pattern(size: str) -> Size:
    """A free size as nnspec writes it: `N`, `32*h`, `2*n + 1`; any other text is a symbol of that name."""
    found = _AFFINE.fullmatch(size)
    if found is None:
        return symbol(size)
    offset = int(found[4] or 0) * (-1 if found[3] == "-" else 1)
    return symbol(found[2]) * int(found[1] or 1) + offset
