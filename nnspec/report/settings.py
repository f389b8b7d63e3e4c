"""The settings of a run as tables: its recipe, its spec, and the versions that trained it and wrote the report."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from nnspec.kinds import SPEC
from nnspec.report.document import folded, table
from nnspec.train.comparison import StoredRun, written
from nnspec.version import __version__

PACKAGES = ("torch", "numpy", "matplotlib", "onnx", "onnxruntime")


def settings(run: StoredRun, folder: Path) -> str:
    """The tables as HTML."""
    told = run.settings
    about = {
        "model": told.model,
        "samples": f"{told.samples:,}" if told.samples else "",
        "SHA-256 of the data": told.data,
        "plug-ins": ", ".join(told.plugins),
        "given in Python": ", ".join(told.given),
        "best by": f"{told.measure}, {'the greatest' if told.rises else 'the least'}" if told.measure else "",
    }
    spec = (folder / SPEC).read_text(encoding="utf-8")
    return (
        table("The run", ("", "value"), ((name, value) for name, value in about.items() if value))
        + table("The recipe", ("key", "value"), _recipe(told.resolved))
        + folded("The spec", f'<pre tabindex="0">{escape(spec)}</pre>')
    )


def _recipe(resolved: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in resolved.items():
        if value is not None and value != []:
            told = written(key, value)
            yield key, told if isinstance(told, str) else json.dumps(told)


def versions(run: StoredRun) -> str:
    """The versions as a table; of runs of nnspec before 1.0 only those of now are known."""
    now = {"nnspec": __version__, "Python": platform.python_version(), **dict(_installed())}
    then = run.settings.versions
    names = dict.fromkeys([*then, *now])
    rows = ((name, then.get(name, "" if then else "not recorded"), now.get(name, "")) for name in names)
    return table("What it ran with", ("", "of the training", "of this report"), rows)


def _installed() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue
