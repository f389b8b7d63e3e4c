"""The outputs of a network and what they stand for, as `nnspec predict` reads them: for the page's own reading."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from nnspec.infer.metadata import class_names, stored
from nnspec.infer.predictions import FORM, MEANINGS, SCORES, names_of
from nnspec.infer.session import Session

Json = dict[str, Any]


def outputs(session: Session, names: Collection[str]) -> list[Json]:
    """Outputs in their order: the kind and scores of those with a meaning, and the names that belong to them.

    Args:
        session: the network, whose outputs are the results of layers, too.
        names: those that are asked for.

    Raises:
        SpecError: what is stored is damaged.
    """
    meanings = stored(session.metadata, MEANINGS, FORM) or {}
    classes = class_names(session.metadata)
    found: list[Json] = []
    for port in session.outputs:
        if port.dtype.kind != "f" or port.name not in names:
            continue
        meaning = meanings.get(port.name)
        given: Json = {"name": port.name, "kind": None, "field": "", "scores": None, "names": classes}
        if meaning is not None:
            given |= {"kind": meaning.kind, "field": meaning.field, "scores": meaning.scores}
            given["names"] = names_of(meaning.field, session.metadata)
        found.append(given | {"called": port.name in SCORES, "classes": classes})
    return found
