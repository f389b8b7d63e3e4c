"""From a file or a folder to a model: `nnspec.load("lenet5.nn")`."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from nnspec.arguments import typed
from nnspec.diagnostics import Diagnostic, Sink, SpecError
from nnspec.diagnostics.diagnostic import Found
from nnspec.elaborate.elaborate import elaborate
from nnspec.elaborate.files import Files, read_source
from nnspec.extras import need
from nnspec.kinds import HF, SPEC, is_run, kind_of
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.model import Model
from nnspec.resources import spec_path
from nnspec.text import loads
from nnspec.zoo import locate

if TYPE_CHECKING:
    from nnspec.importing.from_onnx.file import Opened
    from nnspec.recipe.arguments import DataSource, RecipeArguments


class TrainedAsItIs(Diagnostic):
    """A run holds the model that was trained: another model, other arguments or sizes belong to its spec."""

    code = "E0454"
    folder: str

    @property
    def message(self) -> str:
        return f"{self.folder} is a run, whose model is as it was trained: it takes no other model, arguments or sizes"

    @property
    def help(self) -> str | None:
        return f"name its spec, {self.folder}/{SPEC}, and its weights by --weights"


class NumbersInside(Diagnostic):
    """A file of ONNX has its numbers inside: it has no parameters that could be given other values."""

    code = "E0595"
    path: str
    names: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"{self.path} has its numbers inside, and {', '.join(self.names)} cannot be set"

    @property
    def help(self) -> str | None:
        return f"import it, and change the spec: nnspec import {self.path} -o model.nn"


@typed
def load(
    path: str | PathLike[str],
    model: str | None = None,
    *,
    settings: Mapping[str, object] | None = None,
    inputs: Mapping[str, tuple[int, ...]] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Model:
    """Read and check a model of a `.nn` file.

    >>> nnspec.load("resnet50", settings={"classes": 5}, inputs={"image": (8, 3, 96, 96)})
    <Model ResNet50: image [8, 3, 96, 96] -> logits [8, 5], 23,518,277 parameters>

    Args:
        path: the file; `zoo/resnet.nn` is nnspec's own where there is no such file, and `resnet50` a model of the zoo.
            Or a folder as the Hub of Hugging Face has it, whose `config.json` tells the model, and whose `weights` it
            then has; `hf://owner/name@revision` is fetched to the cache of huggingface_hub. Or the folder of a run,
            whose best `weights` the model then has. Or a file of ONNX, as `from_onnx` reads it, not compared.
        model: the name of the model; the file's first one if it is left out.
        settings: arguments of the model by name.
        inputs: sizes of inputs by name, which bind the symbols of their shapes.
        limits: bounds on what the spec may ask for.

    Raises:
        SpecError: the spec has mistakes.
    """
    if kind_of(path) == "hub":
        return _load_folder(path, model, settings, inputs, limits)
    if kind_of(path) == "onnx":
        if settings:
            raise SpecError.of(NumbersInside(None, str(path), tuple(settings)))
        sizes = {name: " ".join(map(str, shape)) for name, shape in (inputs or {}).items()}
        return load_onnx(path, model, sizes, limits=limits)[0]
    if is_run(path):
        if model or settings or inputs:
            raise SpecError.of(TrainedAsItIs(None, str(path)))
        return model_of_run(Path(path), limits)
    sink = Sink()
    path, model = locate(path, model)
    place = spec_path(path)
    resolved = place.resolve()
    source = read_source(place, str(path), sink, limits)
    if source is None:
        raise SpecError(sink.found)
    declarations = Files(sink, limits, resolved.parent).main(source, resolved)
    program = elaborate(declarations, sink, model=model, settings=settings, shapes=inputs, limits=limits)
    return Model(program, declarations, sink)


def _load_folder(
    path: str | PathLike[str],
    model: str | None,
    settings: Mapping[str, object] | None,
    inputs: Mapping[str, tuple[int, ...]] | None,
    limits: Limits,
) -> Model:
    """The model of a folder as the Hub has it."""
    from nnspec.hub.fetching import SMALL, local  # here, as below: few models come from there
    from nnspec.huggingface.write import described

    folder = local(path, SMALL)
    text, remarks = described(folder)
    found = loads(text, model, name=str(folder), settings=settings, inputs=inputs, limits=limits)
    found.notes = remarks
    found.weights = str(path) if str(path).startswith(HF) else folder
    return found


def load_onnx(
    path: str | PathLike[str],
    name: str | None,
    dynamic: Mapping[str, str],
    values: Mapping[str, float] | None = None,
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Model, Opened]:
    """The model of a file of ONNX with its weights, and the file; see `from_onnx`, which compares them."""
    need("importing a file of ONNX", "onnx", "onnxruntime", "numpy", "ml_dtypes")
    from nnspec.importing.from_onnx.file import opened  # onnx takes time to import
    from nnspec.importing.from_onnx.model import model_text

    file = opened(Path(path))
    written = model_text(file, dynamic, name, values)
    model = loads(written.text, name="<import>", limits=limits)
    model.weights, model.notes, model.tolerance = written.arrays, written.notes, file.tolerance
    return model, file


@typed
def check(
    path: str | PathLike[str],
    model: str | None = None,
    *,
    settings: Mapping[str, object] | None = None,
    inputs: Mapping[str, tuple[int, ...]] | None = None,
    data: DataSource | None = None,
    limits: Limits = DEFAULT_LIMITS,
    **recipe: Unpack[RecipeArguments],
) -> list[Found]:
    """Check a spec and its `train` block, as far as that goes without reading data.

    >>> nnspec.check("lenet5", epochs=0)
    [<error[E0206]: train: epochs must be greater than 0, and is 0>]

    Args:
        path: as for `load`.
        model: as for `load`; all models of the file that need no arguments if it is left out.
        settings: as for `load`.
        inputs: as for `load`.
        data: as for `Model.train`.
        limits: bounds on what the spec may ask for.
        recipe: values of the `train` block, as for `Model.train`.

    Returns:
        Every mistake and every doubt, with its place; none if all is sound.
    """
    try:
        first = load(path, model, settings=settings, inputs=inputs, limits=limits)
        found = [*first.found, *first.check(data=data, limits=limits, **recipe)]
        if model is None and not settings and not inputs and locate(path)[1] is None:
            for name in first.others:
                further = load(path, name, limits=limits)
                found += [*further.found, *further.check(limits=limits)]
    except SpecError as error:
        return error.found
    return found


def model_of_run(folder: Path, limits: Limits = DEFAULT_LIMITS) -> Model:
    """The model of a run, as it was trained.

    Raises:
        SpecError: the folder holds no run.
    """
    from nnspec.train.settings import weights_so_far  # here, as below: it needs pydantic
    from nnspec.train.stored import read_spec

    declarations, program = read_spec(folder, limits)
    found = Model(program, declarations)
    found.weights = weights_so_far(folder)
    return found
