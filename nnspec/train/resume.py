"""Changes to a recipe when a run goes on: everything that changes what its numbers mean is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnspec.diagnostics import Diagnostic, SpecError
from nnspec.recipe.choice import CHOICES
from nnspec.recipe.recipe import EXPRESSIONS
from nnspec.train.settings import Settings, subject

# What holds from here on, and leaves the state and the numbers so far as they are; of data, `check_data` speaks.
MAY_CHANGE = frozenset(
    {"epochs", "early_stopping", "schedule", "clip", "accumulate", "augment", "compile", "data", "sample"}
)


class OtherRun(Diagnostic):
    """A run cannot go on with another recipe or other data than it began with.

    It may go on for more epochs, with another schedule, learning rate, `clip`, `accumulate`, `augment` or
    `early_stopping`, which then hold for the steps that are left. Anything else would make the state meaningless, or
    the metrics before and after not comparable.
    """

    code = "E0623"
    folder: str
    what: str
    before: str
    now: str

    @property
    def message(self) -> str:
        return f"{self.folder} began with {self.what} {self.before}, and cannot go on with {self.now}"

    @property
    def help(self) -> str | None:
        weights = f'--set weights="{self.folder}/last.safetensors"'
        return f"to go on from its weights, begin a new run: nnspec train MODEL.nn {weights}"


def check_recipe(folder: Path, before: Settings, recipe: Mapping[str, Any], resolved: Mapping[str, Any]) -> None:
    """Check what is asked for when a run goes on.

    Args:
        folder: of the run.
        before: its settings.
        recipe: the values that it is to go on with instead of those.
        resolved: the whole recipe that follows.

    Raises:
        SpecError: a value may not change.
    """
    for key in recipe:
        if subject(key) in set(EXPRESSIONS) - MAY_CHANGE and recipe[key] != before.recipe.get(key):
            own = before.recipe.get(key, "of its spec")
            raise SpecError.of(OtherRun(None, str(folder), f"the {key}", str(own), str(recipe[key])))
    for key, value in json.loads(json.dumps(resolved)).items():
        own, name = before.resolved.get(key, value), subject(key)  # an older version did not know all keys
        if name in MAY_CHANGE or own == value or (name == "optimizer" and own and own.keys() == value.keys()):
            continue
        raise SpecError.of(OtherRun(None, str(folder), f"the {key}", _shown(key, own), _shown(key, value)))


def check_data(folder: Path, before: Settings, now: Settings) -> None:
    """Check that the data is what it was.

    Raises:
        SpecError: it is not.
    """
    if now.data != before.data:
        found = f"{now.samples:,} samples" if now.samples != before.samples else "other values in them"
        raise SpecError.of(OtherRun(None, str(folder), "data of", f"{before.samples:,} samples", found))


def _shown(key: str, value: Any) -> str:
    return "+".join(value) if subject(key) in CHOICES and isinstance(value, dict) else json.dumps(value)
