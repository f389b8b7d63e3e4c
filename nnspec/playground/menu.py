"""The menu of the page: the networks of the zoo and the examples, with the files that hold them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nnspec.resources import folder
from nnspec.zoo import families

Json = dict[str, Any]


def menu() -> list[Json]:
    """Entries of the menu: a name, its group, the file under `texts/`, and the model of it that is shown first."""
    found: list[Json] = [
        {"name": path.stem, "group": "Examples", "file": f"examples/{path.name}", "model": ""} for path in _examples()
    ]
    for family in families():
        for model in family.models:
            found.append({"name": model, "group": family.name, "file": f"{family.name}.nn", "model": model})
    return found


def texts() -> dict[str, Path]:
    """The files of the menu, and what they import, by their names on the page."""
    zoo = folder("specs")
    found = {path.relative_to(zoo).as_posix(): path for path in sorted(zoo.rglob("*.nn"))}
    return found | {f"examples/{path.name}": path for path in _examples()}


def _examples() -> list[Path]:
    return sorted(folder("examples").glob("*.nn"))
