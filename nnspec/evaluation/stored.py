"""The recipe that goes with weights into an ONNX file, as far as it judges: loss, metrics, shares, the kind of data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from nnspec.diagnostics import SpecError
from nnspec.evaluation.comparisons import comparisons, judged_programs
from nnspec.infer.metadata import stored
from nnspec.infer.mistakes import BadMetadata
from nnspec.ir import Program
from nnspec.ir.verify import UnsoundProgram, verify
from nnspec.recipe.augmentation import final_extent
from nnspec.recipe.choice import CHOICES
from nnspec.recipe.data import Data
from nnspec.recipe.objective import Objective
from nnspec.recipe.plan import Plan

RECIPE = "nnspec.recipe"


class StoredRecipe(BaseModel):
    """What judges a model: programs as JSON, and what is held out of data of which kind."""

    model_config = ConfigDict(extra="forbid")

    batch: int
    seed: int
    split: float
    validation: float | None = None
    test: float | None = None
    stratify: bool = False
    data: dict[str, dict[str, Any]]  # without paths
    paths: bool = False  # whether it had any
    cut: tuple[int, int] | None = None  # the size of the middle of each picture that is judged
    loss: str | None = None
    metrics: str | None = None


FORM = TypeAdapter(StoredRecipe)


def judged_metadata(plan: Plan, objective: Objective, made: set[str]) -> dict[str, Any]:
    """What is stored with weights: the recipe that judges them, and what each output is compared with.

    Nothing of networks that a recipe builds itself: an ONNX file is only one of them.
    """
    if plan.builds:
        return {}
    recipe = plan.recipe
    shares = {key: value for key in ("validation", "test") if isinstance(value := getattr(recipe, key), float)}
    loss = objective.losses[0] if objective.in_evaluation and not objective.derives else None
    kept = StoredRecipe(
        batch=recipe.batch,
        seed=recipe.seed,
        split=recipe.split,
        stratify=recipe.stratify,
        data=_without_paths(recipe.data),
        paths=any(getattr(recipe.data, name, None) is not None for name in recipe.data.paths),
        cut=final_extent(recipe.augment),
        loss=_plain(loss),
        metrics=_plain(objective.metrics),
        **shares,
    )
    found = comparisons(judged_programs(objective), made)
    outputs = {
        each.outputs[0]: {"kind": each.kind, "field": each.field, "scores": each.scores}
        for each in reversed(found)
        if each.plain
    }
    return {RECIPE: kept.model_dump(mode="json", exclude_none=True), "nnspec.outputs": outputs or None}


def _without_paths(data: Data) -> dict[str, dict[str, Any]]:
    return {
        word: {name: value for name, value in arguments.items() if name not in data.paths}
        for word, arguments in data.to_json().items()
    }


def _plain(program: Program | None) -> str | None:
    """A program as JSON, without the places of its spec."""
    if program is None:
        return None
    modules = {
        key: module.model_copy(
            update={"place": None, "calls": tuple(call.model_copy(update={"place": None}) for call in module.calls)}
        )
        for key, module in program.modules.items()
    }
    return program.model_copy(update={"modules": modules}).to_json()


def stored_recipe(metadata: Mapping[str, str]) -> StoredRecipe | None:
    """The recipe that a file has; None where it has none.

    Raises:
        SpecError: it cannot be used.
    """
    return stored(metadata, RECIPE, FORM)


def program_of(form: str | None) -> Program | None:
    """A program that was stored.

    Raises:
        SpecError: it is damaged, or of another version of nnspec.
    """
    if form is None:
        return None
    try:
        program = Program.from_json(form)
        verify(program)
    except (ValidationError, UnsoundProgram, ValueError) as error:
        raise SpecError.of(BadMetadata(None, RECIPE, str(error).splitlines()[0])) from None
    return program


def data_of(recipe: StoredRecipe, path: str | None) -> Data | None:
    """The data of a stored recipe, at a path; None where it needs one and gets none, or is of no known kind."""
    ((word, arguments),) = recipe.data.items()
    kind = CHOICES["data"].get(word)
    if kind is None or recipe.paths != (path is not None):
        return None
    named = {"path": path} if path is not None else {}
    try:
        found = kind.model_validate_json(json.dumps({**arguments, **named}))
    except ValidationError:
        return None
    return found if isinstance(found, Data) else None
