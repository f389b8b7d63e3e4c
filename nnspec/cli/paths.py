"""The specs that a command is given as files and folders."""

from __future__ import annotations

from pathlib import Path

from nnspec.kinds import kind_of


def spec_files(path: str) -> list[str]:
    """The specs below a folder, those in hidden ones left out; a path without any, or a model itself, is what it is."""
    if not Path(path).is_dir() or kind_of(path) == "hub":
        return [path]
    found = sorted(Path(path).rglob("*.nn"))
    shown = [each for each in found if not any(part.startswith(".") for part in each.relative_to(path).parts)]
    return [str(each) for each in shown] or [path]  # which is then refused: checking nothing is no success
