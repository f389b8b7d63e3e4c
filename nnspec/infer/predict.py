"""Predictions from end to end: inputs are read, the model is run, and its outputs are put into words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnspec.infer.files import Given, Inputs, read_inputs
from nnspec.infer.portions import by_portion
from nnspec.infer.predictions import Prediction, predictions
from nnspec.infer.session import Session
from nnspec.infer.uneven import by_length, run_groups
from nnspec.weights.arrays import Array

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


def predicted(
    session: Session,
    given: Iterable[Given],
    top: int | None = None,
    batch: int | None = None,
    tell: Callable[[str], None] = lambda note: None,
) -> tuple[dict[str, Array], list[Prediction]]:
    """The outputs for files and texts, and what they say of each sample.

    Args:
        session: the model.
        given: what is given for which input.
        top: how many classes are told; three if it is left out.
        batch: how many samples are computed at a time; all if it is left out.
        tell: is told what the user should know of how files are read.

    Raises:
        SpecError: a file cannot be read or does not fit, or the model refuses it.
    """
    listed = list(given)
    groups = by_length(session, listed) or by_portion(session, listed)
    if groups:
        outputs, samples = run_groups(session, groups, batch, tell)
        return outputs, predictions(outputs, samples, session.metadata, top)
    inputs = read_inputs(session, listed, tell)
    outputs = session.run(inputs.arrays, batch=batch)
    return outputs, predictions(outputs, inputs.samples, session.metadata, top)


def predictions_for(
    session: Session,
    inputs: str | PathLike[str] | Sequence[str | PathLike[str]] | Mapping[str, Any] | NDArray[Any] | Tensor,
    texts: Sequence[str] = (),
    top: int | None = None,
    batch: int | None = None,
) -> list[Prediction]:
    """What a model says of each sample; see `nnspec.predict`.

    Raises:
        SpecError: as `predicted`.
    """
    if hasattr(inputs, "__array__"):
        inputs = {port.name: inputs for port in session.inputs[:1]}
    if isinstance(inputs, Mapping):
        arrays = {name: value for name, value in inputs.items() if not isinstance(value, (str, PathLike))}
        files: list[Given] = [(name, Path(each)) for name, each in inputs.items() if name not in arrays]
    else:
        arrays, listed = {}, [inputs] if isinstance(inputs, (str, PathLike)) else inputs
        files = [(None, Path(each)) for each in listed]
    given = [*files, *((None, text) for text in texts)]
    if given and not arrays:
        return predicted(session, given, top, batch)[1]
    read = read_inputs(session, given) if given else Inputs({}, ())
    outputs = session.run({**read.arrays, **arrays}, batch=batch)
    count = max((len(array) for array in outputs.values() if array.ndim), default=0)
    samples = read.samples if len(read.samples) == count else tuple(f"sample {index}" for index in range(count))
    return predictions(outputs, samples, session.metadata, top)
