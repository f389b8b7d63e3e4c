"""The examination of a written model: its distance from PyTorch, and whether int8 made it faster."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from nnspec.limits import Limits
from nnspec.to_onnx.choices import TOLERANCES, Choices
from nnspec.to_onnx.lower import Lowered, folded
from nnspec.to_onnx.proto import outline
from nnspec.to_onnx.write import write

_ADVICE = "please report the spec; --no-verify writes the file all the same"
_COARSE = "leave --precision out to get float32; --no-verify writes the file all the same"


def difference(
    file: Path, lowered: Lowered, choices: Choices, limits: Limits, notes: list[str], remarks: list[str]
) -> float | None:
    """The largest difference from PyTorch, relative to the largest magnitude; None, with a note, if it is not known.

    `remarks` are on values that are no numbers.

    Raises:
        SpecError: the file does not run, or differs by more than its precision explains.
    """
    missing = [
        name for name, package in (("PyTorch", "torch"), ("onnxruntime", "onnxruntime")) if not find_spec(package)
    ]
    if missing:
        notes.append(f"not verified: {' and '.join(missing)} cannot be imported")
        return None
    if not choices.runs_on_cpu:
        notes.append("not verified: onnxruntime computes in bfloat16 on GPUs only")
        return None
    from nnspec.to_onnx.verify import verify  # here: the export itself needs no torch

    advice = _ADVICE if choices.precision == "float32" else _COARSE
    tolerance = TOLERANCES[choices.precision]
    found = verify(lowered.program, file, lowered.weights.arrays, tolerance=tolerance, advice=advice, limits=limits)
    if found.random:
        notes.append(f"not compared, since random: {', '.join(found.random)}")
    remarks += found.remarks
    return found.difference


def speed(file: Path, lowered: Lowered, choices: Choices) -> str | None:
    """The time of an int8 model beside its float32 form, in words; None if it cannot be told."""
    if not find_spec("onnxruntime"):
        return None
    from nnspec.to_onnx.speed import time_ratio  # here: the export itself needs no onnxruntime

    single = folded(lowered.program, lowered.weights, lowered.opset, None, choices, heads=True)
    with TemporaryDirectory() as folder:
        other = Path(folder) / "float32.onnx"
        with other.open("wb") as stream:
            write(outline(single, lowered.opset, lowered.description), single, stream)
        ratio = time_ratio(lowered.program, file, other)
    if ratio is None:
        return None
    if ratio > 1:
        return f"warning: slower than float32 here, {ratio:.1f} times its time on random input"
    return f"faster than float32 here: {ratio:.2f} of its time on random input"
