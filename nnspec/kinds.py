"""The kinds of paths that name a model: a spec, the folder of a run, a folder as the Hub has it, an ONNX file."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Literal

Kind = Literal["spec", "run", "hub", "onnx"]
HF = "hf://"  # how the address of a model on the Hub begins
CONFIG = "config.json"
ADAPTER = "adapter_config.json"  # of what changes another model, and is none
RUN, SPEC = "run.json", "spec.nn"  # of a run: its settings, and the spec that it follows


def is_run(path: str | PathLike[str]) -> bool:
    """Whether it is the folder of a run."""
    return (Path(path) / RUN).is_file()


def kind_of(path: str | PathLike[str]) -> Kind:
    """The kind of a path; a folder that is nothing else is taken for that of a run, a name for a spec of the zoo."""
    if str(path).startswith(HF):
        return "hub"
    place = Path(path)
    if place.is_dir():
        return "hub" if not is_run(place) and any((place / each).is_file() for each in (CONFIG, ADAPTER)) else "run"
    return "onnx" if place.suffix.lower() == ".onnx" else "spec"
