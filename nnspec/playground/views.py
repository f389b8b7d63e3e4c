"""The views of a text on the page, as plain data: the table of a model, its picture, its PyTorch source."""

from __future__ import annotations

import json
from typing import Any

from nnspec.diagnostics import SpecError
from nnspec.model import Model
from nnspec.service.document import Document

Json = dict[str, Any]


def view(document: Document, what: str, wanted: str = "") -> str:
    """A view of the model that is wanted, or of the first that is sound, as JSON.

    Args:
        document: the text.
        what: "summary", "picture" or "source".
        wanted: the name of a model.
    """
    names = [
        each.name
        for each in document.readable.declarations.models
        if all(parameter.default is not None for parameter in each.declaration.parameters)
    ]
    found: Json = {"what": what, "models": names}
    for name in sorted(names, key=lambda each: each != wanted):
        model = document.elaborated(name, mended=not document.whole).model
        if model is not None:
            return json.dumps(found | {"model": name} | _shown(document, model, what))
    return json.dumps(found | {"refused": "No model is without mistakes yet."})


def _shown(document: Document, model: Model, what: str) -> Json:
    try:
        if what == "picture":
            paths = document.readable.paths.items()
            files = {name: "" if path is None else path.as_uri() for name, path in paths}
            return {"page": model.draw().html(), "files": files}
        if what == "source":
            return {"text": model.torch_source()}
        return {"table": model.summary()._repr_html_()}
    except SpecError as error:
        return {"refused": error.found[0].diagnostic.message}
