"""`need_equal`: a file and the program that was written from it, run beside each other on random inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from nnspec.diagnostics import SpecError
from nnspec.importing.from_onnx.file import TOLERANCE, Opened
from nnspec.importing.from_onnx.mistakes import OtherResults
from nnspec.ir.chance import random_outputs
from nnspec.ir.program import Program
from nnspec.record import Record
from nnspec.to_onnx.choices import Choices
from nnspec.to_onnx.export import export_model, export_onnx
from nnspec.to_onnx.runtime import ERRORS, fed, open_session, reason
from nnspec.to_onnx.sample import SizeSpace, random_inputs
from nnspec.to_onnx.write import LARGEST
from nnspec.weights.arrays import Array

LEAST = 1e-2  # magnitude: what is smaller is judged by its distance alone
TRIALS = 2  # sizes for the symbols
ATTEMPTS = 6  # to find them: what is too small for a file is left out


class Difference(Record):
    """In what they differ, in words, if they do; the largest relative difference of their results otherwise."""

    words: str | None
    largest: float = 0.0
    rounding: float | None = None  # that of the file as it is, where it computes in fewer bits than it is read in


def difference(
    opened: Opened, program: Program, arrays: Mapping[str, Array], fixed: Mapping[str, float] | None = None
) -> Difference:
    """Run both; `fixed` are inputs of the file that the program does not have."""
    with TemporaryDirectory() as folder:
        return _difference(opened, program, _ours(program, arrays, Path(folder)), fixed or {}, Path(folder))


def _ours(program: Program, arrays: Mapping[str, Array], folder: Path) -> Any:
    """The program in onnxruntime: in memory, or by a file in a folder where it is too large for that."""
    if sum(array.nbytes for array in arrays.values()) <= LARGEST:
        return open_session(export_model(program, arrays, choices=Choices()).SerializeToString())
    export_onnx(program, folder / "spec.onnx", arrays, verify=False)
    return open_session(folder / "spec.onnx")


def _difference(opened: Opened, program: Program, ours: Any, fixed: Mapping[str, float], folder: Path) -> Difference:
    theirs = _theirs(opened, folder)
    stored = _session(opened.path) if opened.runs and not opened.as_stored else None
    rounding = None
    chance = random_outputs(program)
    largest = 0.0
    trials = TRIALS if _is_open(program) else 1
    failed = "it has no sizes that fit"
    for seed, sizes in enumerate(islice(SizeSpace(program).choices(), ATTEMPTS if _is_open(program) else 1)):
        inputs = random_inputs(program, sizes, 2, seed)
        try:
            given = inputs.values()
            wanted = _by_onnx(opened.model, list(given)) if theirs is None else _results(theirs, given, fixed)
        except ERRORS as error:  # a reflection needs more than it adds, which no shape says
            failed = reason(error)
            continue
        try:
            found = ours.run(None, fed(ours, inputs))
        except ERRORS as error:
            return Difference(f"onnxruntime runs the file, and not the spec: {reason(error)}")
        for port, have, want in zip(program.main.outputs, found, wanted, strict=True):
            if port.name in chance:
                continue
            gap = distance(have, want)
            if not gap <= TOLERANCE:
                return Difference(f"{port.name} differs by {gap:.3g} of its largest magnitude", gap)
            largest = max(largest, gap)
        if stored is not None:
            rounding = max(rounding or 0.0, *_rounding(stored, inputs, fixed, wanted))
        trials -= 1
        if not trials:
            break
    else:
        return Difference(f"onnxruntime does not run the file on random inputs: {failed}")
    return Difference(None, largest, rounding)


def _is_open(program: Program) -> bool:
    return any(not isinstance(size, int) for given in program.main.input_types for size in given.shape)


def _theirs(opened: Opened, folder: Path) -> Any:
    """The file in onnxruntime, in floats of 32 bits; None where that does not take it."""
    if opened.as_stored and opened.path.is_file():
        return _session(opened.path)
    if opened.model.ByteSize() <= LARGEST:
        return _session(opened.model.SerializeToString(), exact=True)
    whole = onnx.ModelProto()
    whole.CopyFrom(opened.model)
    onnx.save(whole, folder / "file.onnx", save_as_external_data=True, location="file.data")
    return _session(folder / "file.onnx", exact=True)


def _session(source: Path | bytes, *, exact: bool = False) -> Any:
    """A model in onnxruntime, which puts less exact operators in the place of quantised ones unless it is `exact`; None
    where it does not take it.
    """
    try:
        return open_session(source, exact=exact)
    except ERRORS:
        return None


def _results(session: Any, inputs: Iterable[Array], fixed: Mapping[str, float]) -> list[Array]:
    ports, rest = session.get_inputs(), iter(inputs)
    given = {port.name: np.full(port.shape, fixed[port.name]) if port.name in fixed else next(rest) for port in ports}
    return session.run(None, fed(session, given))  # type: ignore[no-any-return]


def _rounding(
    session: Any, inputs: Mapping[str, Array], fixed: Mapping[str, float], wanted: list[Array]
) -> list[float]:
    """How far the results of a file as it is are from those in floats, each."""
    try:
        found = _results(session, inputs.values(), fixed)
    except ERRORS:
        return [0.0]
    return [distance(have.astype(want.dtype), want) for have, want in zip(found, wanted, strict=True)]


def _by_onnx(model: onnx.ModelProto, inputs: list[Array]) -> list[Array]:
    evaluator = ReferenceEvaluator(model)
    stored = {each.name for each in model.graph.initializer}
    ports = [port for port in model.graph.input if port.name not in stored]
    given = {
        port.name: each.astype(onnx.helper.tensor_dtype_to_np_dtype(port.type.tensor_type.elem_type))
        for port, each in zip(ports, inputs, strict=True)
    }
    return evaluator.run(None, given)  # type: ignore[return-value]


def distance(have: Array, want: Array) -> float:
    """The largest difference of an element, relative to the largest magnitude; infinity where shapes differ."""
    if have.shape != want.shape:
        return float("inf")
    if not want.size:
        return 0.0
    left, right = have.astype(np.float64), want.astype(np.float64)
    if have.dtype.kind != "f":
        return float((left != right).any())
    known = np.isfinite(right)
    if (np.isfinite(left) != known).any():
        return float("inf")
    if not known.any():
        return 0.0
    scale = max(float(np.abs(right[known]).max()), LEAST)
    return float(np.abs(left - right)[known].max()) / scale


def need_equal(
    opened: Opened, program: Program, arrays: Mapping[str, Array], values: Mapping[str, float]
) -> tuple[str, ...]:
    """Check that a program computes what a file does; what its user should know of the difference.

    Raises:
        SpecError: it does not.
    """
    found = difference(opened, program, arrays, values)
    if found.words is not None:
        raise SpecError.of(OtherResults(None, str(opened.path), found.words))
    if found.rounding is None or found.rounding <= TOLERANCE:
        return ()
    return (f"the file rounds: on random inputs its results are up to {found.rounding:.2%} of the largest away",)
