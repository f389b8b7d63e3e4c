"""The parameters of every model of the zoo, counted once: a list of all of them waits for no network to be elaborated.

`python -m nnspec.zoo` writes `specs/parameters.json`. It holds for the specs that it was made of: where one of them
differs, the models are counted anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache

from nnspec.resources import folder

NAME = "parameters.json"


@cache
def _file() -> tuple[str, Mapping[str, int | None]]:
    """The digest of the specs that were counted, and the parameters by family and model; nothing where no file is."""
    path = folder("specs") / NAME
    if not path.is_file():
        return "", {}
    form = json.loads(path.read_text(encoding="utf-8"))
    return form["specs"], form["parameters"]


@cache
def recorded() -> Mapping[str, int | None]:
    """The parameters by family and model, `resnet.ResNet50`; nothing where a spec has changed since."""
    specs, parameters = _file()
    return parameters if specs and specs == digest() else {}


def listed() -> dict[str, list[str]]:
    """The models of each family when they were counted, in their order."""
    found: dict[str, list[str]] = {}
    for key in _file()[1]:
        family, _, model = key.partition(".")
        found.setdefault(family, []).append(model)
    return found


def digest() -> str:
    """The SHA-256 of all specs of the zoo, with their names."""
    from hashlib import sha256  # a model that is named needs none

    root = folder("specs")
    found = sha256()
    for path in sorted(root.rglob("*.nn")):
        found.update(f"{path.relative_to(root).as_posix()}\0{path.read_text(encoding='utf-8')}\0".encode())
    return found.hexdigest()


def form(parameters: Mapping[str, int | None]) -> str:
    """The text of the file for these parameters."""
    return json.dumps({"specs": digest(), "parameters": dict(parameters)}, indent=1) + "\n"
