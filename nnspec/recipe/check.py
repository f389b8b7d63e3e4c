"""A recipe checked as far as that goes without its data: names, shapes and parts, and whether its files are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nnspec.diagnostics import Sink, Source, Span, SpecError, nearest
from nnspec.diagnostics.diagnostic import Found
from nnspec.dims import Size, symbol
from nnspec.elaborate.declarations import Declarations
from nnspec.elaborate.evaluate.names import is_built_in
from nnspec.ir import Program
from nnspec.ir.flatten import flattening
from nnspec.ir.gradient import differentiable
from nnspec.layers.tensor_type import TensorType
from nnspec.limits import Limits
from nnspec.recipe.augmentation import final_extent
from nnspec.recipe.caching import check_cacheable, divide_at_frozen
from nnspec.recipe.expressions import BATCH
from nnspec.recipe.fitting import Fitting
from nnspec.recipe.following import check_matrices
from nnspec.recipe.held_out import held_out
from nnspec.recipe.lines import loose_names
from nnspec.recipe.masks import Types, settle_masks
from nnspec.recipe.mistakes import Absent, DataMismatch, NoGradient, NotBalanced, TooFewClasses
from nnspec.recipe.objective import Objective, elaborate_objective
from nnspec.recipe.optimizers import Optimizer
from nnspec.recipe.parts import frozen_by, names_below, parameters, within
from nnspec.recipe.plan import Plan, draft_plan
from nnspec.recipe.squashed import wrong_scores
from nnspec.recipe.targets import class_targets
from nnspec.train.rows import need_rows


def check_training(
    program: Program,
    declarations: Declarations,
    sources: Mapping[str, Source],
    settings: Mapping[str, Any],
    limits: Limits,
    *,
    look: bool = True,
) -> list[Found]:
    """Check the recipe of a model, without reading data.

    Args:
        program: the model.
        declarations: of the file with its `train` block.
        sources: all texts of the spec by name.
        settings: values in place of those of the block.
        limits: bounds on what the spec may ask for.
        look: whether to look which files are there, and for the names of fields in them; training reads them soon.

    Returns:
        What is worth a warning.

    Raises:
        SpecError: the recipe has mistakes; all that were found are in it.
    """
    sink = Sink()
    plan = draft_plan(declarations, program.main.name, settings, sink, limits)
    if plan is not None:
        places = {name: Span(source, 0, 0) for name, source in sources.items()}
        _Check(program, plan, folder_of(declarations) if look else None, places, sink, limits).run()
    sink.raise_errors()
    return sink.found


def folder_of(declarations: Declarations) -> Path:
    """The folder that the paths of a recipe start from: that of its spec."""
    spec = Path(declarations.source.name)
    return spec.resolve().parent if spec.is_file() else Path.cwd()


class _Check:
    """One check of one recipe."""

    def __init__(
        self, program: Program, plan: Plan, base: Path | None, places: dict[str, Span], sink: Sink, limits: Limits
    ) -> None:
        self.program = program
        self.plan = plan
        self.base = base
        self.places = {**places, **plan.sources}
        self.sink = sink
        self.limits = limits
        self.model = None if plan.builds else program
        self.fields = plan.recipe.data.fields(base)

    def run(self) -> None:
        """Everything, each part for itself, so that one mistake does not hide another."""
        self._files()
        with self._gathering():
            need_rows(self.plan.recipe)
        self._balanced()
        objective = None
        with self._gathering():
            objective = self._objective()
        whole = self.model if objective is None else objective.whole or self.model
        if whole is None:
            return
        with self._gathering(), flattening(whole, self.limits):
            self._parts(whole, parameters(whole))
            if objective is not None:
                self._classes(objective)
                self._warnings(objective)
                self._learns(objective)
                self._cached(objective)

    @contextmanager
    def _gathering(self) -> Iterator[None]:
        try:
            yield
        except SpecError as error:
            self._tell(error)

    def _tell(self, error: SpecError) -> None:
        for found in error.found:
            self.sink.add(found.diagnostic, found.chain)

    def _fitting(self) -> Fitting | None:
        """Data and model brought together; None where they do not fit."""
        try:
            return Fitting(self._data, self.fields, self.model, self._span, final_extent(self.plan.recipe.augment))
        except SpecError as error:
            self._tell(error)
            return None

    def _files(self) -> None:
        """Check what is held out, and warn of files and folders that are not here."""
        recipe, places = self.plan.recipe, self.plan.places
        held = []
        with self._gathering():
            held = list(held_out(self.plan).apart)
        if self.base is None:
            return
        sets = [("data", recipe.data), *held]
        named = [(key, getattr(data, argument)) for key, data in sets for argument in data.paths]
        for key, path in dict.fromkeys(
            (*named, ("weights", recipe.weights if isinstance(recipe.weights, str) else None))
        ):
            if path is not None and not _exists(self.base / path):
                self.sink.add(Absent(places.get(key), path, _nearby(self.base / path)))

    def _objective(self) -> Objective | None:
        """Losses, metrics and samples over what is known of the data."""
        unknown: dict[str, TensorType | None] = {} if self.fields.complete else dict.fromkeys(self._loose())

        def elaborated(types: Types, batch: Size) -> Objective | None:
            return elaborate_objective(self.plan, self.model, {**unknown, **types}, batch, self.limits)

        fitting = self._fitting()
        if fitting is None:
            inputs = [port.name for port in self.model.main.inputs] if self.model else []
            return elaborated(dict.fromkeys([*self.fields.known, *inputs]), symbol("N"))
        batch = fitting.batch
        with self._gathering():
            self._augmented(fitting)
        return settle_masks(fitting, lambda types: elaborated(types, batch))[0]

    @property
    def _data(self) -> str:
        return self.plan.recipe.data.word

    @property
    def _span(self) -> Span | None:
        return self.plan.places.get("data")

    def _loose(self) -> set[str]:
        """Names that the recipe uses and that nothing declares: the data may have such fields."""
        plan = self.plan
        over = plan.over.all_values if plan.over else ()
        written = [*over, *plan.values, *(value for phase in plan.phases for value in phase.values)]
        used = loose_names((*written, *(each.node for each in plan.expressions))) | {"label"}  # of the default loss
        outputs = {port.name for port in self.model.main.outputs} if self.model else set()
        others = plan.over.names if plan.over else set()
        declared = {*others, *plan.declarations.names, *plan.declarations.broken, BATCH, "_"}
        return {name for name in used - outputs - declared if not is_built_in(name)}

    def _augmented(self, fitting: Fitting) -> None:
        """Check that there are pictures for `augment` to change."""
        if self.plan.recipe.augment:
            types = [fitting.types[name] for name in fitting.inputs or self.fields.known]
            if types and all(type is not None and (type.dtype, type.rank) != ("float", 4) for type in types):
                name = (*fitting.inputs, *self.fields.known)[0]
                reason = f"is {types[0]}, no pictures that `augment` could change"
                raise SpecError.of(DataMismatch(self._span, name, reason, "leave `augment` out"))

    def _classes(self, objective: Objective) -> None:
        """Check that the model has an output for each class that the data is known to have."""
        for layer, classes, name, span in class_targets(objective, self.places):
            field = self.fields.known.get(name)
            greatest = field.range[1] if field and field.range else -1
            if isinstance(classes, int) and greatest >= classes and greatest != getattr(layer, "ignore_index", None):
                self.sink.add(TooFewClasses(span or self._span, name, greatest + 1, classes))

    def _warnings(self, objective: Objective) -> None:
        """Tell what is allowed and hardly meant."""
        for found in objective.warnings:
            self.sink.add(found.diagnostic, found.chain)
        for each in wrong_scores(objective, self.model, self.places):
            self.sink.add(each)

    def _balanced(self) -> None:
        """Check that `balanced` names a field with a class for each sample."""
        name, fields = self.plan.recipe.balanced, self.fields
        field = fields.known.get(name) if name is not None else None
        if name is None or (field is None and (name in fields.known or not fields.complete)):
            return
        if field is None or field.dtype != "int" or field.sizes:
            known = tuple(each for each, own in fields.known.items() if own and own.dtype == "int" and not own.sizes)
            self.sink.add(NotBalanced(self.plan.places.get("balanced"), name, known))

    def _learns(self, objective: Objective) -> None:
        """Check that each loss depends on weights that are trained."""
        frozen = self.plan.recipe.freeze
        given: set[str] = set()
        if self.model is not None:
            given = differentiable(self.model, set(), lambda name: not within(name, frozen))
        for phase, loss in zip(self.plan.phases, objective.losses, strict=True):
            update = phase.recipe.update

            def trained(name: str, update: tuple[str, ...] = update) -> bool:
                return not within(name, frozen) and (not update or within(name, update))

            if phase.loss is not None and not differentiable(loss, given, trained):
                source = phase.loss.declarations.source
                self.sink.add(NoGradient(Span(source, phase.loss.node.start, phase.loss.node.end)))

    def _cached(self, objective: Objective) -> None:
        """Check that there is something to cache, where that is asked for."""
        if self.plan.recipe.cache_features:
            check_cacheable(objective, self.plan)
            divide_at_frozen(self.program, self.plan)

    def _optimizers(self) -> Iterator[tuple[Optimizer, Span | None]]:
        for phase in self.plan.phases:
            own, places = phase.recipe.optimizer, self.plan.places
            yield own or self.plan.recipe.optimizer, (phase.places if own else places).get("optimizer")

    def _parts(self, program: Program, weights: list[str]) -> None:
        """Check the parts that the recipe names."""
        recipe, places = self.plan.recipe, self.plan.places
        with self._gathering():
            frozen_by(weights, recipe.freeze, places.get("freeze"))
        for optimizer, span in self._optimizers():
            for each in check_matrices(program, optimizer, span):
                self.sink.add(each)
        named = [
            *((part, places.get("drop")) for part in recipe.drop),
            *((part, places.get("rates")) for part, _ in recipe.rates),
            *((part, phase.places.get("update")) for phase in self.plan.phases for part in phase.recipe.update),
        ]
        for part, span in named:
            with self._gathering():
                names_below(weights, part, span)


def _exists(path: Path) -> bool:
    """Whether there is something at a path, or at a pattern of paths."""
    try:
        return path.exists() or ("*" in path.name and any(path.parent.glob(path.name)))
    except (OSError, ValueError):  # a name that no file can have
        return False


def _nearby(path: Path) -> str | None:
    """The file of a similar name beside a path that does not exist."""
    try:
        return nearest(path.name, [each.name for each in path.parent.iterdir()])
    except (OSError, ValueError):
        return None
