"""Questions to a run, or to a file of ONNX, by its path: `nnspec.predict`, `evaluate`, `resume`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from nnspec.arguments import WrongArgument, typed
from nnspec.diagnostics import SpecError
from nnspec.extras import need
from nnspec.kinds import kind_of
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.model import Model, settings_of
from nnspec.opening import load, model_of_run
from nnspec.train.manner import TRAINING, Manner

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from nnspec.callbacks.callback import Callback
    from nnspec.evaluation.judge import Evaluation
    from nnspec.infer.predictions import Prediction
    from nnspec.infer.session import Session
    from nnspec.recipe.arguments import DataSource, RecipeArguments
    from nnspec.run import Run
    from nnspec.train.manner import Device, Part
    from nnspec.weights.source import WeightSource


@typed
def resume(
    folder: str | PathLike[str],
    data: DataSource | None = None,
    *,
    device: Device | None = None,
    strategy: str | None = None,
    quiet: bool = False,
    callbacks: Iterable[Callback | str] = (),
    memory: str | None = None,
    workers: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
    **recipe: Unpack[RecipeArguments],
) -> Run:
    """Go on with a run that was interrupted, from its folder.

    Args:
        folder: of the run.
        data: what was trained on data of Python is given it again.
        device: as for `Model.train`.
        strategy: as for `Model.train`.
        quiet: show nothing.
        callbacks: as for `Model.train`.
        memory: as for `Model.train`.
        workers: as for `Model.train`.
        limits: bounds on what the recipe may ask for.
        recipe: values that take the place of what the run began with, such as more `epochs`.

    Raises:
        SpecError: as `Model.train`; or the folder holds no run that can be gone on with.
    """
    need("training", *TRAINING)
    from nnspec.callbacks.named import callbacks_of
    from nnspec.train.run import resume_run  # here: PyTorch takes seconds to import

    return resume_run(
        Path(folder),
        settings_of(data, recipe),
        Manner(device, quiet, limits, strategy, callbacks_of(callbacks), memory, workers),
    )


@typed
def predict(
    model: str | PathLike[str] | Model | Session,
    inputs: str | PathLike[str] | Sequence[str | PathLike[str]] | Mapping[str, Any] | NDArray[Any] | Tensor = (),
    *,
    weights: WeightSource | None = None,
    texts: Sequence[str] = (),
    top: int | None = None,
    batch: int | None = None,
    provider: str = "auto",
    limits: Limits = DEFAULT_LIMITS,
) -> list[Prediction]:
    """What a model says of each sample: the likeliest classes by name, labels that hold, numbers.

    Args:
        model: the folder of a run or as the Hub has it, an .onnx file or a `Session`, or a spec or `Model` with its
            weights.
        inputs: an array [N, ...] for the only input, or arrays and paths by the names of inputs; or paths of pictures,
            tables, arrays or lines of text, or folders of them.
        weights: of a spec; of a run, others than its best ones.
        texts: texts, for a model that was trained on texts.
        top: how many classes are told of a sample; three if it is left out.
        batch: how many samples are computed at a time; all if it is left out.
        provider: "cpu", "cuda", "tensorrt", or "auto" for CUDA where it works, and else the processor.
        limits: how many layers there may be.

    Raises:
        SpecError: the model or a file cannot be read or does not fit, or a package is not installed.
    """
    need("running a model", "onnxruntime", "numpy")
    from nnspec.infer.predict import predictions_for  # here: only now is numpy known to be installed
    from nnspec.infer.session import Session

    if isinstance(model, Session) or (not isinstance(model, Model) and kind_of(model) == "onnx"):
        _need_none("predict", weights=weights)
        session = model if isinstance(model, Session) else Session(model, provider)
        return predictions_for(session, inputs, texts, top, batch)
    if not isinstance(model, Model) and kind_of(model) == "run":
        from nnspec.train.settings import best_weights  # here: it needs pydantic

        weights = best_weights(Path(model)) if weights is None else weights
        model = model_of_run(Path(model), limits)
    found = model if isinstance(model, Model) else load(model, limits=limits)
    return found.predict(weights, inputs, texts=texts, top=top, batch=batch, provider=provider, limits=limits)


def _need_none(called: str, **given: object) -> None:
    """Check that what belongs to a spec or a run is not given for an .onnx file.

    Raises:
        SpecError: it is.
    """
    for name, value in given.items():
        if value is not None:
            reason = f"{called}: {name} belongs to a spec or a run, and an .onnx file has its weights inside"
            raise SpecError.of(WrongArgument(None, reason, f"leave {name} out"))


@typed
def evaluate(
    model: str | PathLike[str] | Model,
    *,
    data: DataSource | None = None,
    part: Part | None = None,
    weights: WeightSource | None = None,
    onnx: str | PathLike[str] | None = None,
    top: int = 5,
    worst: int = 16,
    device: Device | None = None,
    memory: str | None = None,
    workers: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Evaluation:
    """Judge a trained model on data that was held out: see `nnspec evaluate`.

    Args:
        model: the folder of a run or as the Hub has it, an .onnx file, or a spec or `Model` with its weights.
        data: as for `Model.train`; that of the recipe if it is left out.
        part: "training", "validation", "test" or "all"; validation if it is left out, or of `data` its test part, its
            validation part, or else all of it.
        weights: of a spec; of a run, others than its best ones. A `state_dict` says nothing of a normalisation: the
            model is then given the data as it is.
        onnx: a file that is run in the place of PyTorch.
        top: a class counts as found if it is one of so many of the likeliest.
        worst: how many samples with the greatest loss are kept.
        device: "cpu", "cuda", ...; a GPU where there is one if it is left out.
        memory: as for `Model.train`.
        workers: as for `Model.train`.
        limits: bounds on what the recipe may ask for.

    Raises:
        SpecError: the model or the data cannot be read or does not fit, or a package is not installed.
    """
    if not isinstance(model, Model) and (
        kind_of(model) == "hub" or Path(model).suffix == ".nn" or (kind_of(model) == "spec" and weights is not None)
    ):
        model = load(model, limits=limits)
    if isinstance(model, Model):
        return model.evaluate(
            weights,
            data=data,
            part=part,
            onnx=onnx,
            top=top,
            worst=worst,
            device=device,
            memory=memory,
            workers=workers,
            limits=limits,
        )
    need("evaluating", *TRAINING)
    from nnspec.evaluation.judge import judge  # here: PyTorch takes seconds to import
    from nnspec.evaluation.opening import Request, open_run
    from nnspec.hub.fetching import at_hand
    from nnspec.train.loader import own_loaders

    request = Request(data, part, at_hand(weights), onnx, device, memory, workers, limits)
    with own_loaders():
        if kind_of(model) != "onnx":
            return judge(open_run(Path(model), request), top, worst)
        _need_none("evaluate", weights=weights, onnx=onnx)
        need("running an ONNX file", "onnxruntime")
        from nnspec.evaluation.onnx_file import open_onnx  # here: onnxruntime may not be installed

        return judge(open_onnx(Path(model), request), top, worst)
