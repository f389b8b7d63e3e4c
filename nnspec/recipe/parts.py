"""The parts of a model that a recipe names: a label, with all weights below it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from nnspec.diagnostics import Span, SpecError, nearest
from nnspec.ir import Program
from nnspec.ir.state import state_dict
from nnspec.recipe.mistakes import NoSuchPart


def parameters(program: Program) -> list[str]:
    """The names of the parameters, each once, as `named_parameters` has them."""
    return [entry.key for entry in state_dict(program) if entry.tied_to is None and not entry.weight.buffer]


def names_below(weights: Sequence[str], part: str, span: Span | None) -> list[str]:
    """Those of the weights that are of a part.

    Raises:
        SpecError: the model has no such part.
    """
    below = [name for name in weights if within(name, (part,))]
    if not below:
        labels = tuple(dict.fromkeys(name.partition(".")[0] for name in weights))
        inner = {name.rpartition(".")[0] for name in weights}
        reason = "is no part of the model with weights"
        raise SpecError.of(NoSuchPart(_spot(span, part), part, reason, labels, nearest(part, [*labels, *inner])))
    return below


def _spot(span: Span | None, part: str) -> Span | None:
    """Where a part is named in a list of them."""
    found = re.search(rf"(?<![\w.]){re.escape(part)}(?![\w.])", span.text) if span else None
    return Span(span.source, span.start + found.start(), span.start + found.end()) if span and found else span


def frozen_by(weights: Sequence[str], parts: Iterable[str], span: Span | None) -> set[str]:
    """The weights of the parts that stay as they are.

    Raises:
        SpecError: there is no such part, or nothing is left to train.
    """
    found = {name for part in parts for name in names_below(weights, part, span)}
    if len(found) == len(weights):
        labels = tuple(dict.fromkeys(name.partition(".")[0] for name in weights))
        named = ", ".join(parts) or "the model"
        raise SpecError.of(NoSuchPart(span, named, "leaves nothing to train", labels))
    return found


def within(key: str, parts: tuple[str, ...]) -> bool:
    """Whether a key is that of a part, or of something below one."""
    return any(key == part or key.startswith(part + ".") for part in parts)
