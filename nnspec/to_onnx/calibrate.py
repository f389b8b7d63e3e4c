"""Static int8: onnxruntime's quantiser, with the ranges that values have on samples.

Convolutions and products with weights take and give int8, written as QuantizeLinear and DequantizeLinear around them;
weights have a scale for each output feature. What is between them stays float32.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from nnspec.diagnostics import SpecError
from nnspec.dims import Undecidable, solve
from nnspec.layers.tensor_type import TensorType
from nnspec.reading.arrays import read_arrays
from nnspec.reading.unreadable import Unreadable
from nnspec.to_onnx.equality import error_of
from nnspec.to_onnx.mistakes import BadCalibration
from nnspec.to_onnx.runtime import ERRORS, fed, open_session, reason
from nnspec.weights.arrays import ELEMENT_TYPES, Array

OPERATORS = ["Conv", "ConvTranspose", "Gemm", "MatMul"]
MOST, COMPARED = 128, 16  # samples that ranges are taken from, and that are compared


def quantise_with(file: Path, samples: Mapping[str, Array], inputs: Mapping[str, TensorType]) -> float:
    """Replace a float32 model by its static int8 form.

    Args:
        file: the model, with its arrays in it.
        samples: arrays by the names of the inputs, a row a sample.
        inputs: the types of the inputs.

    Returns:
        The largest difference of an element on the samples, relative to the largest magnitude of its output.

    Raises:
        SpecError: onnxruntime does not run on the samples.
    """
    made, before = file.with_name(f"{file.name}.int8"), onnx.load(file)
    try:
        with _quiet():
            quantize_static(
                before, made, _Reader(samples, inputs), QuantFormat.QDQ, OPERATORS, per_channel=True,
                activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, extra_options={"MatMulConstBOnly": True},
            )  # fmt: skip
        _named_as(before, made)
        found = _difference(file, made, samples, inputs)
        made.replace(file)
        return found
    except ERRORS as error:  # sizes that some layer refuses, or too few samples for a batch
        reason_given = f"onnxruntime does not run on them: {reason(error)}"
        raise SpecError.of(BadCalibration(None, "calibration", reason_given)) from None
    finally:
        made.unlink(missing_ok=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the quantiser's advice to preprocess, which our graphs need not."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _named_as(before: onnx.ModelProto, made: Path) -> None:
    """Give the quantised model what the one before says of itself."""
    model = onnx.load(made)
    model.producer_name, model.producer_version = before.producer_name, before.producer_version
    model.doc_string = before.doc_string
    del model.metadata_props[:]
    model.metadata_props.extend(before.metadata_props)
    onnx.save(model, made)


def _difference(file: Path, made: Path, samples: Mapping[str, Array], inputs: Mapping[str, TensorType]) -> float:
    exact, coarse = open_session(file), open_session(made)
    worst = 0.0
    for batch in islice(_batches(samples, inputs), COMPARED):
        for wanted, found in zip(exact.run(None, fed(exact, batch)), coarse.run(None, fed(coarse, batch)), strict=True):
            worst = max(worst, error_of(wanted, found).relative)
    return worst


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, samples: Mapping[str, Array], inputs: Mapping[str, TensorType]) -> None:
        self._batches = _batches(samples, inputs)

    def get_next(self) -> dict[str, Array] | None:
        return next(self._batches, None)


def _batches(samples: Mapping[str, Array], inputs: Mapping[str, TensorType]) -> Iterator[dict[str, Array]]:
    """One sample at a time, or as many as a batch has whose size is a number."""
    size = next((given.shape[0] for given in inputs.values() if given.shape and isinstance(given.shape[0], int)), 1)
    count = min(MOST, *(len(samples[name]) for name in inputs))
    assert isinstance(size, int)
    for start in range(0, count - size + 1, size):
        yield {name: samples[name][start : start + size] for name in inputs}


def read_samples(path: Path, inputs: Mapping[str, TensorType]) -> dict[str, Array]:
    """The arrays of an .npz file, by the names of the inputs.

    Raises:
        SpecError: it cannot be read, or its arrays do not fit the inputs.
    """
    try:
        arrays = read_arrays(path)
    except Unreadable as error:
        raise SpecError.of(BadCalibration(None, str(path), f"it cannot be read: {error.reason}")) from None
    return checked_samples(arrays, inputs, str(path))


def checked_samples(arrays: Mapping[str, Any], inputs: Mapping[str, TensorType], where: str) -> dict[str, Array]:
    """The arrays that the inputs take, with their element types.

    Raises:
        SpecError: one is missing, of other sizes, or of another kind of numbers.
    """
    found: dict[str, Array] = {}
    for name, given in inputs.items():
        if name not in arrays:
            raise SpecError.of(BadCalibration(None, where, f"it has no array {name}, {given}"))
        try:
            array = np.asarray(arrays[name])
        except (ValueError, TypeError, RuntimeError) as error:  # a tensor with a gradient
            reason = f"{name} is no array: {str(error).splitlines()[0]}"
            raise SpecError.of(BadCalibration(None, where, reason)) from None
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise SpecError.of(BadCalibration(None, where, f"{name} has values that are no finite numbers"))
        if not _fits(array, given):
            reason = f"{name} is {array.dtype} {list(array.shape)}, and the model takes {given}"
            raise SpecError.of(BadCalibration(None, where, reason))
        found[name] = array.astype(ELEMENT_TYPES[given.dtype], copy=False)
    return found


def _fits(array: Array, given: TensorType) -> bool:
    kinds = {"float": "fiu", "int": "iu", "bool": "b"}
    if array.ndim != given.rank or array.dtype.kind not in kinds[given.dtype] or not array.size:
        return False
    return all(_can_be(size, actual) for size, actual in zip(given.shape[1:], array.shape[1:], strict=True))


def _can_be(size: Any, actual: int) -> bool:
    try:
        return size == actual if isinstance(size, int) else solve(size, actual) is not None
    except Undecidable:
        return True
