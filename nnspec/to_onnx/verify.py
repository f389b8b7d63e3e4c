"""Comparing an ONNX model with the PyTorch module of the same spec, on random inputs at several sizes.

Exact is the module in float64. What counts as equal says equality.py; what PyTorch itself is away in float32 is
granted to the model too. What depends on random layers cannot be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from nnspec.diagnostics import SpecError
from nnspec.ir import Program
from nnspec.ir.chance import random_outputs
from nnspec.ir.flatten import flattening
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.record import Record
from nnspec.to_onnx.culprit import first_difference
from nnspec.to_onnx.equality import TOLERANCE, Error, disagreement, error_of
from nnspec.to_onnx.mistakes import CannotCompare, OnnxDiffers, OtherInterface
from nnspec.to_onnx.reference import Reference, Trial
from nnspec.to_onnx.runtime import ERRORS, fed, open_session, reason
from nnspec.to_onnx.sample import Sizes
from nnspec.weights.arrays import Array, Arrays
from nnspec.weights.load import initial_weights, load_weights
from nnspec.weights.preparation import MEAN, STD, preparation
from nnspec.weights.source import WeightSource


class Verified(Record):
    """The result of a comparison: the distance of the outputs from exact; for each, the largest of all trials."""

    sizes: tuple[Sizes, ...]
    errors: dict[str, Error]  # of the ONNX model, by output
    float32: dict[str, Error]  # of PyTorch in float32, beside them
    random: tuple[str, ...]  # outputs left out because they are random
    edges: tuple[str, ...] = ()  # what further inputs were, that are not random
    remarks: tuple[str, ...] = ()  # where something is no number, in words

    @property
    def difference(self) -> float | None:
        """The largest relative error of all outputs; None if none could be compared."""
        return max((error.relative for error in self.errors.values()), default=None)

    def __repr__(self) -> str:
        found = "nothing compared" if self.difference is None else f"difference {self.difference:.1e}"
        return f"<Verified on {len(self.sizes)} random inputs: {found}>"


def verify(
    program: Program,
    model: Path,
    arrays: Arrays,
    *,
    trials: int = 2,
    tolerance: float = TOLERANCE,
    seed: int = 0,
    advice: str = "please report the spec; --no-verify writes the file all the same",
    limits: Limits = DEFAULT_LIMITS,
) -> Verified:
    """Compare a model file with PyTorch on random inputs; `advice` is for a user whose file differs.

    Raises:
        SpecError: they differ, one of them does not run, or the file has other inputs or outputs.
    """
    session = _open(model)
    reference = Reference(program, arrays, limits)
    _check_interface(session, reference)
    random = random_outputs(program)
    compared = [name for name in reference.outputs if name not in random]
    errors, float32 = (dict.fromkeys(compared, Error()) for _ in range(2))
    made = reference.trials(trials, seed)
    remarks: dict[str, None] = {}
    for trial in made:
        if trial.unknown:
            remarks |= dict.fromkeys(_unknown(session, trial, reference.outputs, compared))
            continue
        got = _run(session, trial, reference.outputs)
        for name in compared:
            if not _known(trial.single[name]):
                remarks[f"{name} is NaN or infinite on {trial.shown}, in PyTorch too: that says nothing"] = None
            exact = trial.exact(name)
            own = error_of(exact, trial.single[name])
            difference = disagreement(exact, got[name], tolerance, own)
            if difference:
                layer = first_difference(model, reference, trial, tolerance)
                raise SpecError.of(OnnxDiffers(None, name, difference, trial.shown, str(layer), advice))
            errors[name] = errors[name].beside(error_of(exact, got[name]))
            float32[name] = float32[name].beside(own)
    sizes = tuple(trial.sizes for trial in made if not trial.edge)
    return Verified(sizes, errors, float32, random, tuple(trial.edge for trial in made if trial.edge), tuple(remarks))


def _unknown(session: ort.InferenceSession, trial: Trial, names: list[str], compared: list[str]) -> Iterator[str]:
    """Where NaN or infinity in the inputs comes out at other places than from PyTorch."""
    try:
        got = _run(session, trial, names)
    except SpecError:
        yield f"onnxruntime does not run on {trial.edge} in the inputs, and PyTorch does"
        return
    for name in compared:
        known, found = (np.isfinite(each) for each in (trial.single[name], got[name]))
        if known.shape == found.shape and (lost := int((found & ~known).sum())):
            share = lost / known.size
            yield f"{trial.edge} in the inputs: {name} has numbers where PyTorch has none ({share:.0%})"


def _known(array: Array) -> bool:
    """Whether there is a number to compare."""
    return not array.size or array.dtype.kind != "f" or bool(np.isfinite(array).any())


def verify_file(
    program: Program,
    path: Path,
    weights: WeightSource | None,
    *,
    normalize: bool = True,
    limits: Limits = DEFAULT_LIMITS,
    **options: Any,
) -> Verified:
    """As `verify`, for a file that a user has, and the file of its weights; untrained ones if there is none.

    Whether the file has the normalisation of training in it, it says itself; of one that does not, `normalize` says so.
    """
    with flattening(program, limits):
        loaded = initial_weights(program) if weights is None else load_weights(program, weights)
        again = f"if it was made from {loaded.note}, export it again"
        advice = again if weights else "give the weights that it was made of: --weights FILE"
        prepared = preparation(program, loaded.metadata)
        if normalize and _normalizes(path):
            program = prepared.applied(program)
        return verify(program, path, loaded.arrays, advice=advice, limits=limits, **options)


def _normalizes(path: Path) -> bool:
    """Whether a file does not say that it takes inputs that were normalised."""
    metadata = _open(path).get_modelmeta().custom_metadata_map
    return MEAN not in metadata and STD not in metadata


def _open(model: Path) -> ort.InferenceSession:
    try:
        return open_session(model)
    except ERRORS as error:
        problem, again = "onnxruntime does not open it", "write it again: nnspec export MODEL.nn --onnx FILE.onnx"
        raise SpecError.of(CannotCompare(None, problem, reason(error), again)) from None


def _check_interface(session: ort.InferenceSession, reference: Reference) -> None:
    """Names may be others, as other exporters choose them; their number may not."""
    for what, ports, wanted in (
        ("inputs", session.get_inputs(), list(reference.inputs)),
        ("outputs", session.get_outputs(), reference.outputs),
    ):
        found = [port.name for port in ports]
        if len(found) != len(wanted):
            raise SpecError.of(OtherInterface(None, what, tuple(found), tuple(wanted)))


def _run(session: ort.InferenceSession, trial: Trial, names: list[str]) -> dict[str, Array]:
    """The model's outputs under the names of the spec, in order where the model has others."""
    own = [output.name for output in session.get_outputs()]
    asked = names if set(names) == set(own) else own
    try:
        return dict(zip(names, session.run(asked, fed(session, trial.inputs)), strict=True))
    except ERRORS as error:
        raise SpecError.of(CannotCompare(None, "onnxruntime does not run on random inputs", reason(error))) from None
