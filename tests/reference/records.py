"""Reads the records of the reference implementations; see README.md for what they hold."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
SPECS = _HERE.parent.parent / "specs"


@cache
def record(name: str) -> dict[str, Any]:
    """The record of one network."""
    return _read(_HERE / "models" / f"{name}.json")


@cache
def goldens() -> dict[str, dict[str, Any]]:
    """The goldens by name."""
    files = sorted(_HERE.glob("goldens*.json"))
    return {golden["name"]: golden for file in files for golden in _read(file)["goldens"]}


@cache
def published() -> list[dict[str, Any]]:
    """The language models of published sizes: their parameters, and a digest of the keys and shapes of their weights."""
    found: list[dict[str, Any]] = _read(_HERE / "published_language.json")["models"]
    return found


@cache
def names() -> dict[str, list[Any]]:
    """The names of everything that the reference holds: records, goldens, architectures with their parameters."""
    found: dict[str, list[Any]] = _read(_HERE / "names.json")
    return found


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
