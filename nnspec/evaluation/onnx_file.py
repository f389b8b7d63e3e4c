"""An ONNX file that is judged by itself: by the recipe that is stored in it, or as a classifier."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import torch
from pydantic import FiniteFloat, TypeAdapter
from torch import Generator, nn

from nnspec.diagnostics import Source, SpecError
from nnspec.dims import Size
from nnspec.elaborate.declarations import Declarations
from nnspec.evaluation.comparisons import comparisons, judged_programs
from nnspec.evaluation.given import NoDataNamed, data_for
from nnspec.evaluation.judge import Subject
from nnspec.evaluation.onnx_model import OnnxModel
from nnspec.evaluation.opening import Request
from nnspec.evaluation.stored import StoredRecipe, data_of, program_of, stored_recipe
from nnspec.infer.metadata import NAMES, stored
from nnspec.infer.ports import TensorPort, pattern
from nnspec.infer.session import Session
from nnspec.ir import Program
from nnspec.ir.program import Module, Port
from nnspec.layers.tensor_type import DType, TensorType
from nnspec.limits import Limits
from nnspec.recipe.data import Arrays, Data
from nnspec.recipe.held_out import HeldOut, in_files
from nnspec.recipe.objective import elaborate_objective
from nnspec.recipe.plan import read_plan
from nnspec.recipe.recipe import Recipe
from nnspec.record import Record
from nnspec.train.augment import middle
from nnspec.train.building import computation, in_halves
from nnspec.train.data.parts import read_parts
from nnspec.train.fit import Fitted, frame_of
from nnspec.train.judging import Judging
from nnspec.train.keeping import Divided
from nnspec.train.network import Network
from nnspec.train.order import Order
from nnspec.train.shares import choose_parts
from nnspec.train.split import Statistics
from nnspec.train.strategy import Strategy
from nnspec.train.supply import supply_of
from nnspec.train.task import Computation, Task, Whole
from nnspec.train.view import Normalise, View
from nnspec.weights.preparation import NORMALIZED, TARGETS

DTYPES: dict[str, DType] = {"f": "float", "i": "int", "u": "int", "b": "bool"}  # by the kinds of numpy
FORM = TypeAdapter(dict[str, dict[str, list[FiniteFloat]]])
CPU = torch.device("cpu")


class Judged(Record):
    """The programs that judge a model, over its outputs and the fields of the data."""

    loss: Program | None
    metrics: Program | None

    @property
    def programs(self) -> tuple[Program, ...]:
        """Those that there are."""
        return tuple(each for each in (self.loss, self.metrics) if each)


def open_onnx(path: Path, request: Request) -> Subject:
    """The model of a file.

    Raises:
        SpecError: the file cannot be run, no data is named, or it does not fit.
    """
    session = Session(path)
    recipe = stored_recipe(session.metadata)
    data = _data(path, recipe, request)
    held = HeldOut(None, None, 0.2, False)
    part = request.part
    if recipe is not None:
        part = "validation" if part is None and request.data is None else part
        if part not in (None, "all"):
            held = HeldOut(recipe.validation, recipe.test, recipe.split, recipe.stratify)
    choice, held = in_files(data.found(Path.cwd()), held, Path.cwd())
    program = signature(session)
    inputs = {port.name: program.main.values[port.value] for port in program.main.inputs}
    judging = Judging.stored(part, session.metadata)
    supply = supply_of(request.memory, request.workers)
    frame = frame_of(program, bool(recipe and recipe.cut))
    read = read_parts(choice, held, Path.cwd(), frame, {}, inputs, judging.known, supply)
    divided = Divided(read, supply, CPU, None)
    cut = recipe.cut if recipe else None
    fitted = Fitted(divided, program, None, cut)
    judged = _judged(recipe, program, fitted, request.limits)
    for each in judged.programs:
        types = {port.name: each.main.values[port.value] for port in each.main.inputs}
        fitted.read_as({name: type for name, type in types.items() if name in fitted.types and name not in inputs})
    labels = read.samples.known.get("label")
    chosen = choose_parts(read.own, held, recipe.seed if recipe else 0, in_order=read.in_order, classes=labels)
    samples = judging.chosen(read, chosen, None)
    statistics, fed = _statistics(session.metadata, judging, tuple(inputs))
    views = _normalised(fitted.fields, statistics)
    if cut is not None:
        shown = [name for name, view in views.items() if view.field in read.pictures | read.masks]
        views |= {name: views[name].then(partial(middle, extent=cut)) for name in shown}
    batch = recipe.batch if recipe else Recipe().batch
    divided.divide([samples])
    part_of = divided.delivered(0, views, Order(len(samples), batch, 0))
    outputs = tuple(port.name for port in session.outputs)
    function = partial(computation, model=None, device=CPU, limits=request.limits)

    def whole(each: Program | None) -> Whole | None:
        return None if each is None else in_halves(each, _batch(each), set(outputs), function, evaluation=True)

    task = Task(
        model=nn.Module(),
        forward=Computation(OnnxModel(session, fed, outputs), tuple(inputs)),
        modules=(),
        phases=(),
        inputs=tuple(inputs),
        outputs=tuple((name, False) for name in outputs),
        derives=False,
        tracked=(),
        metrics=whole(judged.metrics),
        metric_names=tuple(port.name for port in judged.metrics.main.outputs) if judged.metrics else (),
        sample=None,
        judged=whole(judged.loss),
        measure=None,
        rises=False,
        training=part_of,
        validation=part_of,
        test=None,
        fields=tuple(views),
        augment=None,
        recipe=Recipe(batch=batch),
        device=CPU,
        draws=Generator(),
        strategy=Strategy(),
    )
    compared = tuple((each, function(each.program)) for each in comparisons(judged.programs, set(outputs)))
    model = session.metadata.get("nnspec.model", path.stem)
    alone = task.judged is not None and not task.judged.parts.batchwise
    loss = function(judged.loss) if judged.loss is not None and alone else None
    return Subject(Network(task), loss, compared, judging.known, read, samples, model, str(path), judging.named(read))


def _data(path: Path, recipe: StoredRecipe | None, request: Request) -> Data:
    """The data that is named, or that which needs no path."""
    own = None if recipe is None else data_of(recipe, None)
    if request.data is None:
        if own is None:
            raise SpecError.of(NoDataNamed(None, str(path)))
        return own
    like = own or (None if recipe is None else data_of(recipe, str(request.data)))
    return data_for(request.data, like or Arrays(path=""), Path.cwd())


def _judged(recipe: StoredRecipe | None, program: Program, fitted: Fitted, limits: Limits) -> Judged:
    """The loss and the metrics that are stored; else those of a classifier."""
    if recipe is not None:
        return Judged(program_of(recipe.loss), program_of(recipe.metrics))
    plan = read_plan(Declarations(Source("<none>", "")), program.main.name)
    objective = elaborate_objective(plan, program, fitted.types, fitted.batch, limits)
    assert objective is not None, "the types of data that is read are known"
    loss, *_ = judged_programs(objective)
    return Judged(loss, objective.metrics)


def signature(session: Session) -> Program:
    """A program with the inputs and outputs of a model file, and nothing between them."""
    ports = (*session.inputs, *session.outputs)
    values = {f"{place}.{port.name}": _type(port) for place, port in enumerate(ports)}
    named = [Port(name=port.name, value=value) for port, value in zip(ports, values, strict=True)]
    name = session.metadata.get("nnspec.model", "Model")
    count = len(session.inputs)
    main = Module(
        name=name, kind="model", inputs=tuple(named[:count]), outputs=tuple(named[count:]), values=values, calls=()
    )
    return Program(entry="main", modules={"main": main})


def _type(port: TensorPort) -> TensorType:
    sizes = [
        pattern(size) if isinstance(size, str) else pattern(f"{port.name}_{place}") if size is None else size
        for place, size in enumerate(port.shape)
    ]
    return TensorType(DTYPES[port.dtype.kind], tuple(sizes))


def _batch(program: Program) -> Size:
    """The symbol of the number of samples: that which an input of a judging program begins with."""
    types = [type for type in program.main.input_types if type.rank]
    return types[0].shape[0]


def _statistics(
    metadata: Mapping[str, str], judging: Judging, inputs: tuple[str, ...]
) -> tuple[dict[str, Statistics], dict[str, Statistics | None]]:
    """Those by which fields are normalised here, and those by which what the file is given is put back.

    A file that normalises its inputs itself is given them as they are, but for what its loss reads normalised.
    """
    within = stored(metadata, NORMALIZED, FORM) or {}
    targets = stored(metadata, TARGETS, NAMES) or []
    back = {
        name: Statistics(tuple(found["mean"]), tuple(found["std"])) for name, found in within.items() if name in targets
    }
    own = {name: judging.statistics[name] for name in inputs if name in judging.statistics}
    if "" in judging.statistics:
        own[inputs[0]] = judging.statistics[""]
    return {**own, **back}, {name: back.get(name) for name in inputs}


def _normalised(fields: Mapping[str, View], statistics: Mapping[str, Statistics]) -> dict[str, View]:
    views = dict(fields)
    for name, known in statistics.items():
        made = fields[name].then(Normalise(torch.tensor(known.mean), torch.tensor(known.std)))
        views |= {each: made for each, own in fields.items() if own is fields[name]}
    return views
