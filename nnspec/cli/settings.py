"""Settings that reach the model and its recipe: which are meant for which."""

from __future__ import annotations

from typing import Any

from nnspec.cli.options import SpecArguments
from nnspec.diagnostics import Sink, SpecError, nearest
from nnspec.elaborate.elaborate import choose
from nnspec.elaborate.mistakes import BadSetting
from nnspec.model import Model
from nnspec.recipe.recipe import KEYS


def load_with_recipe(spec: SpecArguments) -> tuple[Model, dict[str, Any]]:
    """The model, and the settings of its recipe, `critic.steps` of a phase; a parameter of the model goes first."""
    own = {name: text for name, text in spec.settings.items() if name not in KEYS and "." not in name}
    try:
        model = _with_settings(spec, own).read()
    except SpecError as error:
        raise _meant_for_recipe(error, own) from None
    assert model.declarations is not None
    declaration = choose(model.declarations, model.name, Sink()).declaration
    taken = {parameter.name.text for parameter in declaration.parameters} & spec.settings.keys() & set(KEYS)
    if taken:
        own = {name: text for name, text in spec.settings.items() if name in own or name in taken}
        model = _with_settings(spec, own).read()
    return model, {name: text for name, text in spec.settings.items() if name not in own}


def _with_settings(spec: SpecArguments, settings: dict[str, str]) -> SpecArguments:
    return SpecArguments(spec.path, spec.model, settings, spec.inputs, spec.limits)


def _meant_for_recipe(error: SpecError, settings: dict[str, str]) -> SpecError:
    """A setting that the model does not know may be a misspelt key of the recipe."""
    reasons = [found.reason for found in error.diagnostics if isinstance(found, BadSetting)]
    for name in settings:
        close = nearest(name, KEYS)
        if close and any(reason.endswith(f"has no parameter {name}") for reason in reasons):
            reason = f"neither the model nor its recipe has anything called {name}"
            return SpecError.of(BadSetting(None, reason, f"did you mean {close}?"))
    return error
